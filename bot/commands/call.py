"""A command that is being done, and what does commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from connectors.base import Address, Command, Live, Person, Reply
    from connectors.forms import Form


@dataclass(frozen=True, slots=True)
class Call:
    """A command that is being done: what was said, the labels of whoever said it, and where progress shows."""

    command: Command
    audience: frozenset[str] | None
    is_admin: bool
    live: Live | None = None

    @property
    def arguments(self) -> str:
        """What follows the command's name."""
        return self.command.arguments.strip()

    @property
    def fields(self) -> Mapping[str, str]:
        """What was filled in, when it comes of a form."""
        return self.command.fields

    @property
    def address(self) -> Address:
        """Where it was said."""
        return self.command.address

    @property
    def sender(self) -> Person:
        """Who said it."""
        return self.command.sender


Doing = Callable[[Call], Awaitable["Reply"]]
"""Does a command. Raises CommandError, whose message is shown to the sender alone."""
Asking = Callable[[Call], Awaitable["Form | None"]]
"""Gives what is to be filled in before the command is done, None when it can be done. Raises CommandError."""


class CommandGroup(Protocol):
    """Commands that need the same things."""

    def doing(self) -> Mapping[str, Doing]:
        """Give what does each command, by the command's name."""
        ...

    def asking(self) -> Mapping[str, Asking]:
        """Give what asks for more before a command, by the command's name."""
        ...
