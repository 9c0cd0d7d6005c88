"""Every command, in the order of `help`. Slack, Discord, the terminal and the docs are made from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.errors import CommandError
from config.nearest import is_likely, nearest

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
    CommandSpec(
        "mute", "[30m | forever]", "be silent in this thread; in a channel it takes an admin", spoken="anyone"
    ),
    CommandSpec("unmute", "", "speak here again", spoken="alone"),
    CommandSpec("forget_me", "", "forget what you asked and said", spoken="alone", counts=False),
    CommandSpec(
        "persona", "[NAME]", "in whose voice I speak here; to change it takes an admin", spoken="word"
    ),
    CommandSpec(
        "channel",
        "[mention|auto|shadow|off] [persona=…] [confidence=0.7] [audience=…] [sources=…] [staff=…]",
        "how I behave in this channel",
        admin=True,
        spoken="words",
    ),
    CommandSpec("list", "[SOURCE or words]", "the articles that you may read", spoken="alone"),
    CommandSpec("status", "", "what works and what does not", spoken="alone"),
    CommandSpec("sync", "[SOURCE …]", "read the sources again now", admin=True, spoken="word"),
    CommandSpec("reindex", "[ID or SOURCE]", "make the search index anew", admin=True, spoken="word"),
    CommandSpec("pause", "SOURCE", "stop syncing a source for now", admin=True, spoken="word"),
    CommandSpec("resume", "SOURCE", "sync a paused source again", admin=True, spoken="word"),
    CommandSpec("confirm", "SOURCE", "let a removal happen that waits for it", admin=True, spoken="word"),
    CommandSpec("discard", "NUMBER", "leave undone what waits", admin=True, hidden=True),
    CommandSpec(
        "add", "TITLE, then the text below; or a URL, or files", "add an article", admin=True, spoken="lines"
    ),
    CommandSpec("edit", "ID, then the new text below", "edit an article", admin=True, spoken="lines"),
    CommandSpec("remove", "ID", "remove an article; it can be restored", admin=True, spoken="word"),
    CommandSpec("restore", "[ID]", "bring a removed article back", admin=True, spoken="word"),
    CommandSpec("show", "ID", "an article with its history", admin=True, spoken="word"),
    CommandSpec("preview", "ID", "how an article is cut into passages", admin=True, spoken="word"),
    CommandSpec(
        "try", "QUESTION, then a draft below", "ask a draft that is not published", admin=True, spoken="lines"
    ),
    CommandSpec("gaps", "", "what people ask and no article answers", admin=True, spoken="alone"),
    CommandSpec("draft", "NUMBER", "write the article that a gap lacks", admin=True, spoken="word"),
    CommandSpec("audit", "[ID or SOURCE]", "who changed what", admin=True, spoken="word"),
    CommandSpec("share", "ANSWER", "answer afresh for everyone in the channel", hidden=True, counts=True),
    CommandSpec("wish", "ANSWER", "tell you when there is an answer", hidden=True),
    CommandSpec("draft_send", "DRAFT", "post a draft", hidden=True),
    CommandSpec("draft_edit", "DRAFT", "change a draft and post it", hidden=True),
    CommandSpec("draft_discard", "DRAFT", "do not post a draft", hidden=True),
    CommandSpec("helpful", "[ANSWER]", "rate an answer, or the last one here", hidden=True, spoken="alone"),
    CommandSpec("not_helpful", "[ANSWER] [REASON]", "rate an answer", hidden=True),
    CommandSpec("human", "[ANSWER]", "pass your question on to a person", spoken="alone"),
    CommandSpec("close", "", "end the talk with a person: I answer here again", spoken="alone"),
)
"""The whole table."""

_BY_NAME = {spec.name: spec for spec in COMMANDS}


def find_command(name: str) -> CommandSpec:
    """Give the command of this name. Raises CommandError that names the nearest one."""
    found = _BY_NAME.get(name.casefold().replace("-", "_")) or _BY_NAME.get(name.casefold())
    if found is None:
        guess = nearest(name, [spec.name for spec in COMMANDS if not spec.hidden])
        meant = f"did you mean {guess}? " if guess and is_likely(name, guess) else ""
        raise CommandError(f'there is no command "{name}"; {meant}`help` shows them all')
    return found
