"""What a chat platform and the bot say to each other. Knows nothing of articles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from starlette.routing import BaseRoute

    from connectors.forms import Choice, Form, Wanted


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message stands or goes: `platform` such as "slack", its channel, and the thread in it if any.

    For `ChatConnector.send`, a channel of "@" and the platform's id of a person is a direct message to that person.
    """

    platform: str
    channel: str
    thread: str | None = None
    workspace: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote. `id` is what `[access]` in the config names, such as `slack:T01/U02`.

    `groups` are the person's user groups or roles, as `[access] groups` names them; `guest` is somebody from outside
    the workspace or with limited access, who holds `public` only, and the `labels` that the platform vouches for.
    """

    id: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    guest: bool = False
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that came with a message or a command. `key` is what the platform's connector fetches it by."""

    name: str
    size: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A line of the thread in which the bot is spoken to, said by whoever asks, the bot, or somebody else."""

    speaker: Literal["asker", "bot", "other"]
    text: str


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that a platform delivered.

    `message_id` is unique within (platform, channel). `addressed` says whether it speaks to the bot: a mention,
    a direct message, a line in the terminal. `text` has the mention of the bot taken out; `files` are what
    came with it. `starts_thread`: it stands at the top of its channel, and the address already
    names the thread that its reply opens. `outsiders`: guests or people of another workspace read there.
    `continues`: it names nobody and stands in a thread, and only `AnswersEvents.look_up` tells whether it goes on
    with what the bot said there. `earlier` is what was said in its thread before, the newest last; a connector that
    can read threads fills it in `look_up`. `asked_in` is the channel in which a question was asked that is answered
    in private (`/ask`): there its answer may be shared.
    """

    message_id: str
    address: Address
    sender: Person
    text: str
    received_at: datetime
    addressed: bool = True
    direct: bool = False
    files: tuple[SharedFile, ...] = ()
    starts_thread: bool = False
    outsiders: bool = False
    continues: bool = False
    earlier: tuple[Said, ...] = ()
    asked_in: Address | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command such as `/helpdesk reindex`; `arguments` is the rest of the line.

    `fields` are what was filled in, when it comes of a `Form`; `files` came with it. `origin` is the platform's id
    of the message that a clicked button stands under. `outsiders` is as in `IncomingMessage`.
    """

    command_id: str
    address: Address
    sender: Person
    name: str
    arguments: str
    received_at: datetime
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    files: tuple[SharedFile, ...] = ()
    origin: str = ""
    outsiders: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A source under a reply; `note` is short, such as "updated 3 weeks ago"."""

    title: str
    url: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button under a reply: a click is the command `name` with `value` as its arguments."""

    name: str
    label: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a connector can show. `text` is CommonMark; `private` means for the sender's eyes only.

    `id` is the same when the reply is made again after a crash: a platform that can keep it with a post lets us
    find the post, and say it once. `replaces`: it takes the place of the message under which the button was
    clicked, where the platform can do that. `heading` stands over the links where they are plain text, in the language
    of the reply; empty: the text leads to them.
    """

    text: str
    links: tuple[Link, ...] = ()
    actions: tuple[Action, ...] = ()
    private: bool = False
    reference: str = ""
    id: str = ""
    replaces: bool = False
    heading: str = "Sources"


Event = IncomingMessage | Command


@runtime_checkable
class Handler(Protocol):
    """The one thing a connector calls; it never raises for what an event says, and gives None for silence."""

    async def handle(self, event: Event) -> Reply | None:
        """Answer an event."""
        ...


class Live(Protocol):
    """Shows a reply while it is made. Neither method raises: what cannot be shown now comes with the whole reply.

    Nothing is shown of what is for the sender alone where others would read it.
    """

    async def say(self, text: str) -> None:
        """Show a further piece of the answer, CommonMark. What was said stays: the reply's text begins with it."""
        ...

    async def progress(self, text: str) -> None:
        """Tell how far the work is, in place of what was told of it before."""
        ...


@runtime_checkable
class DurableHandler(Handler, Protocol):
    """A handler for platforms that redeliver what was not acknowledged: `accept`, ack, `answer`, post, `sent`."""

    async def accept(self, event: Event) -> bool:
        """Commit the event; False: it needs nothing more. Raises when it is not committed: then no ack."""
        ...

    async def answer(self, event: Event, live: Live | None = None) -> Reply | None:
        """Give the reply to an accepted event; None when nothing is to be posted, and then it is finished.

        `live` shows it while it is made, if it takes long enough or comes in parts; it may stay unused.
        """
        ...

    async def begun(self, event: Event, platform_id: str) -> None:
        """Keep the platform's id of a post in which the reply to this event is growing; `sent` ends it."""
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

    async def reply(self, event: Event, reply: Reply, begun: str = "") -> str:
        """Show the reply where the event asks for it; gives the platform's id of it, raises DeliveryError.

        `begun` is the id of a post that a process left half made: it becomes the reply, if it still stands.
        """
        ...


@runtime_checkable
class Assists(Protocol):
    """A handler that helps people to ask. It is quick, keeps nothing, and never raises for what it is asked."""

    async def form(self, command: Command) -> Form | None:
        """Give what is to be filled in before the command can be done; None when it can be done as it is.

        Call it for each command, click and shortcut before it is accepted; there is no form for who may not.
        """
        ...

    async def suggest(self, wanted: Wanted) -> Sequence[Choice]:
        """Give what could be meant, the best first; nothing that the person may not read."""
        ...

    async def home(self, address: Address, person: Person) -> Reply:
        """Give a person's own page: how to ask, what they asked, and for admins how things stand."""
        ...

    async def deleted(self, address: Address, message_id: str) -> None:
        """Forget a message that its author deleted: it is not answered any more, nor remembered in its thread."""
        ...


@runtime_checkable
class FetchesFiles(Protocol):
    """A connector that can read what people share."""

    async def fetch(self, file: SharedFile, address: Address, most_bytes: int) -> bytes:
        """Give the file's bytes. Raises DeliveryError when it is larger or cannot be had, and says why."""
        ...


@runtime_checkable
class LinksBack(Protocol):
    """A connector whose places can be opened by a URL."""

    def link_to(self, address: Address) -> str | None:
        """Give a URL that opens the thread or channel in the platform's own client; None for none."""
        ...


@runtime_checkable
class ServesHttp(Protocol):
    """A connector whose platform calls the bot over HTTP or a WebSocket."""

    def http_routes(self) -> Sequence[BaseRoute]:
        """Give the routes that the bot's web server is to serve."""
        ...
