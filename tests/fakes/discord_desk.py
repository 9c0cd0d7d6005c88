"""The bot's side of the Discord connector, scripted: what a test says it answers, and what it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.base import Action, Command, IncomingMessage, Link, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from connectors.base import Address, Event, Live, Person
    from connectors.forms import Choice, Form, Wanted

ANSWER = Reply(
    "Press **Forgot password**.",
    (Link("Reset your password", "https://help.example.com/reset", "updated 3 weeks ago"),),
    (
        Action("helpful", "👍 Helpful", "a1"),
        Action("not_helpful", "👎 Not helpful", "a1"),
        Action("human", "Talk to a human"),
    ),
)
DONE = Reply("Done.", private=True)


class ScriptedDesk:
    """Implements `connectors.base.DurableHandler` and `Assists`; `steps` is what was called, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.steps: list[str] = []
        self.posts: list[str] = []
        self.answer_with: Reply | None = ANSWER
        self.command_with: Reply | None = DONE
        self.before_answer: Callable[[], Awaitable[None]] | None = None
        self.refuse_to_accept = 0
        self.off = self.auto = False
        self.after_accept: Callable[[], Awaitable[None]] | None = None
        self.before_accept: Callable[[], Awaitable[None]] | None = None
        self.before_form: Callable[[], Awaitable[None]] | None = None
        self.talk: Callable[[Live], Awaitable[None]] | None = None
        self.forms: dict[str, Form] = {}
        self.choices: list[Choice] = []
        self.asked: list[Command] = []
        self.wanted: list[Wanted] = []
        self.gone: list[tuple[Address, str]] = []
        self._known: set[str] = set()

    @property
    def message(self) -> IncomingMessage:
        """The last message that was answered."""
        return next(event for event in reversed(self.events) if isinstance(event, IncomingMessage))

    @property
    def command(self) -> Command:
        """The last command that was done."""
        return next(event for event in reversed(self.events) if isinstance(event, Command))

    async def form(self, command: Command) -> Form | None:
        """Give the form that the test says, for commands without fields; see `connectors.base.Assists`."""
        self.asked.append(command)
        if self.before_form is not None:
            await self.before_form()
        return self.forms.get(command.name)

    async def suggest(self, wanted: Wanted) -> Sequence[Choice]:
        """Give what the test says."""
        self.wanted.append(wanted)
        if self.before_form is not None:
            await self.before_form()
        return self.choices

    async def home(self, address: Address, person: Person) -> Reply:
        """Say hello."""
        return Reply(f"hello {person.id} in {address.channel}")

    async def deleted(self, address: Address, message_id: str) -> None:
        """Note what was deleted."""
        self.gone.append((address, message_id))

    async def accept(self, event: Event) -> bool:
        """Take what is addressed and not known, like the inbox."""
        if self.refuse_to_accept:
            self.refuse_to_accept -= 1
            raise OSError("the database is away")
        if self.before_accept is not None:
            await self.before_accept()
        identity = self.metadata_id(event)
        if self.off or (isinstance(event, IncomingMessage) and not event.addressed and not self.auto):
            return False
        if identity in self._known:
            return False
        self._known.add(identity)
        if self.after_accept is not None:
            await self.after_accept()
        self.steps.append("accept")
        return True

    async def answer(self, event: Event, live: Live | None = None) -> Reply | None:
        """Answer as the test says, after what `talk` shows of it."""
        self.steps.append("answer")
        self.events.append(event)
        if self.before_answer is not None:
            await self.before_answer()
        if self.talk is not None:
            assert live is not None
            await self.talk(live)
        return self.command_with if isinstance(event, Command) else self.answer_with

    async def handle(self, event: Event) -> Reply | None:
        """Apologise: it is called when nothing can be committed."""
        self.steps.append("handle")
        self.events.append(event)
        return Reply("Something failed here (ref 1)")

    async def begun(self, event: Event, platform_id: str) -> None:  # noqa: ARG002 - the protocol
        """Note that a reply grows there."""
        self.steps.append(f"begun {platform_id}")

    async def sent(self, event: Event, platform_id: str = "") -> None:  # noqa: ARG002 - the protocol
        """Note the post."""
        self.steps.append("sent")
        self.posts.append(platform_id)

    async def unsent(self, event: Event) -> None:  # noqa: ARG002 - the protocol
        """Note that it did not get out."""
        self.steps.append("unsent")

    def metadata_id(self, event: Event) -> str:
        """Give the id of the reply, as `bot.delivery` makes it."""
        identity = f"command/{event.command_id}" if isinstance(event, Command) else event.message_id
        return f"reply/discord:{event.address.channel}:{identity}"
