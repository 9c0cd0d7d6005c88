"""What a chat platform and the bot say to each other. Knows nothing of articles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message stands or goes: `platform` such as "slack", its channel, and the thread in it if any."""

    platform: str
    channel: str
    thread: str | None = None
    workspace: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote. `id` is what `[access]` in the config names, such as `slack:T01/U02`."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that a platform delivered.

    `message_id` is unique within (platform, channel). `addressed` says whether it speaks to the bot: a mention,
    a direct message, a line in the terminal. `text` has the mention of the bot taken out.
    """

    message_id: str
    address: Address
    sender: Person
    text: str
    received_at: datetime
    addressed: bool = True
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A command such as `/helpdesk reindex`; `arguments` is the rest of the line."""

    command_id: str
    address: Address
    sender: Person
    name: str
    arguments: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A source under a reply; `note` is short, such as "updated 3 weeks ago"."""

    title: str
    url: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button under a reply: `name` is one of the bot's actions (helpful, not_helpful, human, sources)."""

    name: str
    label: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a connector can show. `text` is CommonMark; `private` means for the sender's eyes only."""

    text: str
    links: tuple[Link, ...] = ()
    actions: tuple[Action, ...] = ()
    private: bool = False
    reference: str = ""


Event = IncomingMessage | Command


@runtime_checkable
class Handler(Protocol):
    """The one thing a connector calls; it never raises for what an event says, and gives None for silence."""

    async def handle(self, event: Event) -> Reply | None:
        """Answer an event."""
        ...


@runtime_checkable
class ChatConnector(Protocol):
    """A platform. `run` returns when the platform closes (end of file) and is cancelled at shutdown."""

    name: str

    async def run(self, handler: Handler) -> None:
        """Deliver events to the handler and show its replies until the platform ends or the task is cancelled."""
        ...

    async def send(self, address: Address, reply: Reply) -> None:
        """Say something unasked. Raises DeliveryError when it did not arrive."""
        ...
