"""What the parity suite asks of a platform: people who ask, click, command and fill in; what they then see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Who = Literal["ana", "admin"]


class LacksError(Exception):
    """The platform has no way to do this; `Driver.lacks` says why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person sees: words, the names of buttons, and the fields of a form when one opened.

    `texts` are all the words in the order in which they came, progress included; `raw` is the driver's own.
    """

    texts: tuple[str, ...] = ()
    buttons: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    raw: Any = None

    @property
    def text(self) -> str:
        """The last words."""
        return self.texts[-1] if self.texts else ""


class Driver(Protocol):
    """A platform with a running bot behind it. `lacks` names the capabilities that it cannot have, and why."""

    name: str
    lacks: Mapping[str, str]

    async def ask(self, text: str, who: Who = "ana") -> Shown:
        """Ask the bot something in a place where it listens."""
        ...

    async def go_on(self, shown: Shown, text: str, who: Who = "ana") -> Shown:
        """Say something more in the conversation that an answer opened."""
        ...

    async def click(self, shown: Shown, button: str, who: Who = "ana") -> Shown:
        """Press the button of this name. Raises LacksError."""
        ...

    async def command(self, name: str, arguments: str = "", who: Who = "admin") -> Shown:
        """Give a command. Raises LacksError."""
        ...

    async def fill(self, shown: Shown, values: Mapping[str, str], who: Who = "admin") -> Shown:
        """Fill in the form that opened and send it. Raises LacksError."""
        ...

    async def share(self, files: Sequence[tuple[str, bytes]], who: Who = "admin") -> Shown:
        """Give files to the bot, to be added. Raises LacksError."""
        ...

    async def overhear(self, text: str) -> Shown:
        """Say something where the bot answers unasked. Raises LacksError."""
        ...
