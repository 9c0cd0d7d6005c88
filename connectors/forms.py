"""What people fill in and choose from, whatever the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from connectors.base import Address, Person


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values: `label` is shown, `value` is what comes back."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. A `text` has many lines and any length: a connector cuts it up where it must."""

    name: str
    label: str
    value: str = ""
    kind: Literal["line", "text", "choice"] = "line"
    options: tuple[Choice, ...] = ()
    required: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What to fill in before a command is done: it comes back as `Command(command, arguments, fields=…)`."""

    command: str
    title: str
    fields: tuple[Field, ...]
    arguments: str = ""
    submit: str = "Save"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is choosing: `kind` of thing, and what they typed so far."""

    kind: Literal["question", "article", "removed", "source", "persona", "label"]
    address: Address
    person: Person
    typed: str = ""
    limit: int = 25
    outsiders: bool = False


@dataclass(frozen=True, slots=True)
class CommandInfo:
    """A command that people can give; `arguments` in words, such as `[SOURCE …]`. Buttons send the hidden ones."""

    name: str
    arguments: str
    help: str
    admin: bool = False
    hidden: bool = False
