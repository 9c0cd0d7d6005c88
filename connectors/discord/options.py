"""What a command takes on Discord, read from how the table of commands words its arguments. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.discord.format import length, shortened
from connectors.forms import Choice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Literal

    from connectors.forms import CommandInfo

    Kind = Literal["question", "article", "removed", "source", "persona", "label"]

LINE_LIMIT = 200
CHOICES = 25
CHOICE_LIMIT = 100
"""discord.com/developers/docs/interactions/application-commands#application-command-object"""
WITH_FILES = {"add": 3}
"""How many files a command takes."""

_PLACEHOLDER = re.compile(
    r"(?P<open>\[)?(?:(?P<word>[A-Z][A-Z_-]*)|(?P<choices>[a-z_-]+(?:\|[a-z_-]+)+))(?P<many> ?…)?\]?"
)
_KINDS: Mapping[str, Kind] = {
    "SOURCE": "source",
    "ID": "article",
    "ARTICLE": "article",
    "PERSONA": "persona",
    "LABEL": "label",
    "QUESTION": "question",
}
_OF_COMMAND: Mapping[tuple[str, str], Kind] = {
    ("restore", "ID"): "removed",
    ("restore", "ARTICLE"): "removed",
    ("persona", "NAME"): "persona",
}
_DESCRIPTIONS: Mapping[str, str] = {
    "source": "A source's name, as /helpdesk sources shows it",
    "article": "An article, by its title or its id",
    "removed": "A removed article, by its title or its id",
    "persona": "A persona's name; empty to see who there is",
    "label": "Who may read it, such as internal",
    "question": "A question",
}


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a slash command. `suggests` is what is offered while somebody types; `many`: several words."""

    name: str
    description: str
    required: bool = False
    suggests: Kind | None = None
    choices: tuple[str, ...] = ()
    many: bool = False


def options_of(command: CommandInfo) -> tuple[Option, ...]:
    """Give the options that a command takes, in the order of its arguments.

    `ID`, `[SOURCE …]` and `on|off` are understood; a command whose arguments are told in prose asks by a form, or
    takes them as one text.
    """
    arguments = command.arguments.strip()
    if not arguments or "," in arguments:
        return ()
    found = list(_PLACEHOLDER.finditer(arguments))
    rest = _PLACEHOLDER.sub("", arguments).replace("]", "").strip()
    options = [_option(command.name, placeholder) for placeholder in found]
    if rest or not options or len({option.name for option in options}) < len(options):
        return (Option("arguments", shortened(arguments, CHOICE_LIMIT), not arguments.startswith("[")),)
    return tuple(options)


def arguments_of(options: Iterable[Option], given: Mapping[str, Any]) -> str:
    """Give what was filled in as the rest of a command's line."""
    values = (str(given.get(option.name) or "").strip() for option in options)
    return " ".join(value for value in values if value)


def choices(found: Sequence[Choice], typed: str = "", *, many: bool = False) -> list[Choice]:
    """Give what Discord takes of suggestions: at most 25, none over 100 characters, each value once.

    A value that is too long is left out, for a part of it is not what was meant. With `many`, what was typed
    before the last word stays.
    """
    before, blank, _ = typed.rpartition(" ") if many else ("", "", "")
    offered: dict[str, Choice] = {}
    for choice in found:
        value = f"{before}{blank}{choice.value}"
        label = shortened(f"{before}{blank}{choice.label}", CHOICE_LIMIT) or shortened(value, CHOICE_LIMIT)
        if value.strip() and length(value) <= CHOICE_LIMIT:
            offered.setdefault(value, Choice(label, value))
    return list(offered.values())[:CHOICES]


def _option(command: str, found: re.Match[str]) -> Option:
    required, many = found["open"] is None, bool(found["many"])
    if found["choices"]:
        words = tuple(found["choices"].split("|"))
        return Option("what", " or ".join(words)[:CHOICE_LIMIT], required, None, words)
    word = found["word"]
    kind = _OF_COMMAND.get((command, word)) or _KINDS.get(word)
    name = {"ID": "article"}.get(word, word.casefold().replace("-", "_"))
    description = _DESCRIPTIONS.get(kind or "", name.replace("_", " ").capitalize())
    return Option(name, description, required, kind, (), many)
