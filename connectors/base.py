"""What a chat platform and the bot say to each other. Knows nothing of articles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
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
    """Who wrote. `id` is what `[access]` in the config names, such as `slack:T01/U02`.

    `groups` are the person's user groups or roles, as `[access] groups` names them; `guest` is somebody from outside
    the workspace or with limited access, who holds `public` only.
    """

    id: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    guest: bool = False


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that a platform delivered.

    `message_id` is unique within (platform, channel). `addressed` says whether it speaks to the bot: a mention,
    a direct message, a line in the terminal. `text` has the mention of the bot taken out; `files` counts what
    came with it and is not read. `starts_thread`: it stands at the top of its channel, and the address already
    names the thread that its reply opens. `outsiders`: guests or people of another workspace read there.
    `continues`: it names nobody and stands in a thread, and only `AnswersEvents.look_up` tells whether it goes on
    with what the bot said there.
    """

    message_id: str
    address: Address
    sender: Person
    text: str
    received_at: datetime
    addressed: bool = True
    direct: bool = False
    files: int = 0
    starts_thread: bool = False
    outsiders: bool = False
    continues: bool = False


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
    """What a connector can show. `text` is CommonMark; `private` means for the sender's eyes only.

    `id` is the same when the reply is made again after a crash: a platform that can keep it with a post lets us
    find the post, and say it once.
    """

    text: str
    links: tuple[Link, ...] = ()
    actions: tuple[Action, ...] = ()
    private: bool = False
    reference: str = ""
    id: str = ""


Event = IncomingMessage | Command


@runtime_checkable
class Handler(Protocol):
    """The one thing a connector calls; it never raises for what an event says, and gives None for silence."""

    async def handle(self, event: Event) -> Reply | None:
        """Answer an event."""
        ...


@runtime_checkable
class DurableHandler(Handler, Protocol):
    """A handler for platforms that redeliver what was not acknowledged: `accept`, ack, `answer`, post, `sent`."""

    async def accept(self, event: Event) -> bool:
        """Commit the event; False: it needs nothing more. Raises when it is not committed: then no ack."""
        ...

    async def answer(self, event: Event) -> Reply | None:
        """Give the reply to an accepted event; None when nothing is to be posted, and then it is finished."""
        ...

    async def sent(self, event: Event, platform_id: str = "") -> None:
        """Note that the reply is out, under the platform's id of it."""
        ...

    async def unsent(self, event: Event) -> None:
        """Note that the reply did not get out; it is tried again later, a bounded number of times."""
        ...

    def metadata_id(self, event: Event) -> str:
        """Give our id of the reply to this event: the same after a restart, unlike that of any other."""
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


@runtime_checkable
class AnswersEvents(Protocol):
    """A connector that can take up an event which a process left behind when it died."""

    async def look_up(self, event: Event) -> Event:
        """Give the event with what is not known before the ack, such as who reads there; raises when it cannot."""
        ...

    async def reply(self, event: Event, reply: Reply) -> str:
        """Show the reply where the event asks for it; gives the platform's id of it, raises DeliveryError."""
        ...


@runtime_checkable
class ServesHttp(Protocol):
    """A connector whose platform calls the bot over HTTP."""

    def http_routes(self) -> Mapping[str, Callable[[Any], Awaitable[Any]]]:
        """Give the Starlette endpoints, for POST, that the web server is to serve, by path."""
        ...
