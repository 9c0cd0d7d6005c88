"""Every command, in the order of `help`. Slack, Discord, the terminal and the docs are made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.errors import CommandError
from config.nearest import did_you_mean

Spoken = Literal["no", "alone", "anyone", "word", "words", "lines"]
"""How a command may be said in a message, such as `@desk why`: not at all, alone, with one word, with several, or
with lines below.

More words than that begin a question. What takes words is a command in an admin's mouth only, but for `anyone`:
that takes one word of anybody.
"""


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """One command. `hidden` ones are what buttons send; `admin` ones take an admin.

    `counts`: it counts as a question does; where nothing is said, what is not hidden does.
    """

    name: str
    arguments: str
    help: str
    admin: bool = False
    hidden: bool = False
    spoken: Spoken = "no"
    counts: bool | None = None


COMMANDS: tuple[CommandSpec, ...] = (
    CommandSpec("help", "", "what I can do", spoken="alone"),
    CommandSpec(
        "sources", "[ANSWER]", "where my articles come from, or what an answer stands on", spoken="alone"
    ),
    CommandSpec("why", "[ANSWER]", "how my last answer here came about", spoken="alone"),
    CommandSpec("persona", "[NAME]", "in whose voice I speak here", admin=True, spoken="word"),
    CommandSpec("list", "[SOURCE]", "the articles that you may read", spoken="alone"),
    CommandSpec("status", "", "what works and what does not", admin=True, spoken="alone"),
    CommandSpec("sync", "[SOURCE …]", "read the sources again now", admin=True, spoken="word"),
    CommandSpec("reindex", "", "make the search index anew", admin=True, spoken="alone"),
    CommandSpec("add", "TITLE, then the text below", "add an article", admin=True, spoken="lines"),
    CommandSpec("remove", "ID", "remove an article", admin=True, spoken="word"),
    CommandSpec("helpful", "ANSWER", "rate an answer", hidden=True),
    CommandSpec("not_helpful", "ANSWER [REASON]", "rate an answer", hidden=True),
    CommandSpec("human", "", "reach a person", hidden=True),
)
"""The whole table."""

_BY_NAME = {spec.name: spec for spec in COMMANDS}


def find_command(name: str) -> CommandSpec:
    """Give the command of this name. Raises CommandError that names the nearest one."""
    found = _BY_NAME.get(name.casefold().replace("-", "_")) or _BY_NAME.get(name.casefold())
    if found is None:
        known = [spec.name for spec in COMMANDS if not spec.hidden]
        raise CommandError(f'there is no command "{name}"; {did_you_mean(name, known)} Try `help`.')
    return found
