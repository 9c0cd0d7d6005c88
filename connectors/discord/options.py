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

_GROUP = re.compile(r"\[(?P<optional>[^\]]*)\]|(?P<required>\S+)")
_WORD = re.compile(r"(?P<word>[A-Z][A-Z_-]*)(?P<many> ?…)?")
_CHOICES = re.compile(r"[a-z_-]+(?: ?\| ?[a-z_-]+)+")
_SETTING = re.compile(r"(?P<name>[a-z_]+)=.*")
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
_OF_SETTING: Mapping[str, Kind] = {"persona": "persona", "sources": "source", "audience": "label"}
_OF_BUTTONS = frozenset({"ANSWER"})
"""What nobody types: the button under an answer, or its menu, knows it."""
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
    """An option of a slash command. `suggests` are the kinds of things that are offered while somebody types.

    `many`: several words; `prefix` comes before the value in the command's line.
    """

    name: str
    description: str
    required: bool = False
    suggests: tuple[Kind, ...] = ()
    choices: tuple[str, ...] = ()
    many: bool = False
    prefix: str = ""


_OWN: Mapping[str, tuple[Option, ...]] = {
    "add": (Option("url", "The address of a page to add; empty for a form, or give files"),),
    "mute": (Option("how_long", "Such as 30m or 2h, or forever"),),
}
"""Of commands whose arguments say less than Discord can show."""


def options_of(command: CommandInfo) -> tuple[Option, ...]:
    """Give the options that a command takes, in the order of its arguments.

    `ID`, `[SOURCE …]`, `[on|off]`, `[SOURCE or words]` and `[persona=…]` are understood. What is told in prose after
    a comma is asked by a form. What is not understood is one text.
    """
    if command.name in _OWN:
        return _OWN[command.name]
    arguments, comma, _ = command.arguments.partition(",")
    groups = list(_GROUP.finditer(arguments))
    read = [
        _option(command.name, group["optional"] or group["required"], group["optional"] is None)
        for group in groups
    ]
    options = [option for option in read if option is not None and option.name]
    if comma:
        return tuple(option for option in options if option.suggests)
    if None in read or len({option.name for option in options}) < len(options):
        described = shortened(arguments, CHOICE_LIMIT)
        return (Option("arguments", described, required=not arguments.startswith("[")),)
    return tuple(options)


def arguments_of(options: Iterable[Option], given: Mapping[str, Any]) -> str:
    """Give what was filled in as the rest of a command's line."""
    values = ((option.prefix, str(given.get(option.name) or "").strip()) for option in options)
    return " ".join(f"{prefix}{value}" for prefix, value in values if value)


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


def _option(command: str, words: str, required: bool) -> Option | None:  # noqa: FBT001 - read from the words
    """Read one group of arguments; None when it is not understood, an option without a name when it is left out."""
    if _CHOICES.fullmatch(words):
        several = tuple(word.strip() for word in words.split("|"))
        return Option("mode", shortened(" or ".join(several), CHOICE_LIMIT), required, (), several)
    setting = _SETTING.fullmatch(words)
    if setting is not None:
        name = setting["name"]
        kind = _OF_SETTING.get(name)
        return Option(name, name.capitalize(), required, (kind,) if kind else (), prefix=f"{name}=")
    parts = words.split(" or ")
    found = [_WORD.fullmatch(part) for part in parts]
    if found[0] is None:
        return None
    names = [match["word"] for match in found if match is not None]
    if names[0] in _OF_BUTTONS:
        return Option("", "")
    kinds = [_OF_COMMAND.get((command, name)) or _KINDS.get(name) for name in names]
    known = tuple(kind for kind in kinds if kind is not None)
    name = "_or_".join({"ID": "article"}.get(part, part.casefold()) for part in parts).replace("-", "_")
    name = re.sub(r"\W", "", name)
    described = ", or ".join(_DESCRIPTIONS[kind] for kind in known) or name.replace("_", " ").capitalize()
    return Option(
        name, shortened(described, CHOICE_LIMIT), required, known, (), any(m and m["many"] for m in found)
    )
