"""Passing questions on: real SQL, a real mail server, and a helpdesk that does what the test says."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import select

from bot.access import Access
from bot.commands.handoff import HandoffCommands
from bot.errors import CommandError, NotAllowed
from bot.event_json import load_reply
from bot.handoff.email import EmailDesk
from bot.handoff.service import HandoffService
from bot.handoff.staff_channel import StaffChannel
from bot.handoff.store import Handoffs
from bot.handoff.tickets import (
    AgentReply,
    HandoffError,
    HandoffRefusedError,
    HandoffRequest,
    Ticket,
    TicketState,
)
from bot.outbox import Outbox
from bot.platforms import Platforms
from bot.questions import Questions
from bot.tables import outbox
from config.handoff import HandoffSettings
from config.settings import AccessSettings
from connectors.base import Address, Person, Reply
from knowledge.models import Answer, Citation, Verdict
from tests.bot.conftest import NOW, command

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from knowledge.database import Database
    from tests.bot.conftest import Clock

THREAD = Address("slack", "C1", "10.1", "T1")
ANA, BEN = Person("slack:T1/U1", "Ana"), Person("slack:T1/U2", "Ben")
PUBLIC = frozenset({"public"})
STAFF = "slack:T1/C9"
SETTINGS = HandoffSettings(to="channel", channel=STAFF)


class ScriptedDesk:
    """A helpdesk at the far end: takes tickets by their key, or fails as the test says."""

    name = "scripted"

    def __init__(self) -> None:
        self.tickets: dict[str, str] = {}
        self.failing: Exception | None = None
        self.replies: tuple[AgentReply, ...] = ()
        self.closed = False

    async def open(self, request: HandoffRequest) -> Ticket:
        """Open one ticket for a key, however often it is asked."""
        if self.failing is not None:
            raise self.failing
        ticket = self.tickets.setdefault(request.key, str(len(self.tickets) + 1))
        return Ticket(ticket, f"https://desk.example/{ticket}")

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:
        """Tell what the test says."""
        assert ticket.id in self.tickets.values()
        assert since <= NOW + timedelta(days=1)
        return TicketState(self.closed, self.replies)

    async def check(self) -> str:
        """Be there."""
        return "here"

    async def close(self) -> None:
        """Close nothing."""


@pytest.fixture
def desk() -> ScriptedDesk:
    """A helpdesk that takes what it is given."""
    return ScriptedDesk()


@pytest.fixture
def service(database: Database, clock: Clock, desk: ScriptedDesk) -> HandoffService:
    """The service over that helpdesk."""
    return HandoffService(Handoffs(database, clock), desk, Outbox(database, clock), clock)


@pytest.fixture
async def commands(service: HandoffService, database: Database, clock: Clock) -> HandoffCommands:
    """The commands, and one question that was asked in the thread."""
    questions = Questions(database, clock)
    cited = Citation("docs", "vpn", "Connect to the VPN", None, "1", NOW, "Install it.")
    answer = Answer("a1", "How do I get on the VPN?", "Install it.", Verdict.UNSURE, 0.4, (cited,))
    await questions.record(THREAD, ANA, answer, PUBLIC)
    return HandoffCommands(service, questions, Platforms(), SETTINGS)


def call(name: str, arguments: str = "", person: Person = ANA, address: Address = THREAD) -> Any:
    """Make a call as the runner does."""
    from bot.commands.call import Call  # noqa: PLC0415 - beside its one use

    said = replace(command(name, arguments), address=address, sender=person)
    admin = Access(AccessSettings(admins=frozenset({"slack:T1/U0"}))).is_admin(address, person)
    return Call(said, PUBLIC, admin)


async def said_later(database: Database) -> list[tuple[str, str, Reply]]:
    """Give what waits in the outbox: key, address, reply."""
    async with database.read() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    return [(row.idempotency_key, row.address, load_reply(row.reply)) for row in rows]


async def test_a_click_opens_one_ticket_and_tells_its_link(
    commands: HandoffCommands, desk: ScriptedDesk, service: HandoffService
) -> None:
    """A second click tells of the first one's ticket; the bot gives way in that thread and in no other."""
    first = await commands.human(call("human"))
    assert "[ticket 1](https://desk.example/1)" in first.text
    assert first.private
    again = await commands.human(call("human", "a1", BEN))
    assert "has this already" in again.text
    assert len(desk.tickets) == 1
    assert await service.gives_way(THREAD)
    assert not await service.gives_way(replace(THREAD, thread="99.9"))


async def test_two_clicks_at_once_open_one_ticket(commands: HandoffCommands, desk: ScriptedDesk) -> None:
    """Whoever is second waits for nobody and opens nothing."""
    await asyncio.gather(*(commands.human(call("human")) for _ in range(5)))
    assert len(desk.tickets) == 1


async def test_without_a_question_nothing_is_passed_on(commands: HandoffCommands) -> None:
    """There is nothing yet that a person could answer."""
    with pytest.raises(CommandError, match="Ask your question first"):
        await commands.human(call("human", address=replace(THREAD, thread="5.5")))


async def test_a_helpdesk_that_is_away_gets_it_later(
    commands: HandoffCommands, desk: ScriptedDesk, service: HandoffService, clock: Clock, database: Database
) -> None:
    """The person is told at once that it waits, and later, once, that it is open."""
    desk.failing = HandoffError("the helpdesk is away")
    assert "cannot be reached just now" in (await commands.human(call("human"))).text
    desk.failing = None
    await service.round()
    assert not desk.tickets  # not before its pause is over
    clock.advance(minutes=2)
    await service.round()
    await service.round()
    assert len(desk.tickets) == 1
    ((_, address, told),) = await said_later(database)
    assert "ticket 1" in told.text
    assert '"@U1"' in address  # to Ana alone


async def test_a_helpdesk_that_refuses_is_told_of_and_not_asked_again(
    commands: HandoffCommands, desk: ScriptedDesk, service: HandoffService, clock: Clock
) -> None:
    """The person knows that nobody has it, and the bot speaks on."""
    desk.failing = HandoffRefusedError("the token is refused")
    assert "could not pass" in (await commands.human(call("human"))).text
    assert not await service.gives_way(THREAD)
    desk.failing = None
    clock.advance(hours=1)
    await service.round()
    assert not desk.tickets


async def test_an_agents_answer_comes_back_once(
    commands: HandoffCommands, desk: ScriptedDesk, service: HandoffService, clock: Clock, database: Database
) -> None:
    """To whoever asked, however often the ticket is looked at; when it is closed, the bot speaks again."""
    await commands.human(call("human"))
    desk.replies = (AgentReply("7", "Cleo", "Use the new client."),)
    for _ in range(3):
        clock.advance(minutes=2)
        await service.round()
    ((key, address, told),) = await said_later(database)
    assert (key, '"@U1"' in address) == ("handoff/1/reply/7", True)
    assert told.text.startswith("**Cleo** about “How do I get on the VPN?”")
    desk.closed = True
    clock.advance(minutes=2)
    await service.round()
    assert [key for key, _, _ in await said_later(database)] == ["handoff/1/reply/7", "handoff/1/closed"]
    assert not await service.gives_way(THREAD)


async def test_what_agents_answered_is_kept_until_the_person_is_forgotten(
    commands: HandoffCommands, desk: ScriptedDesk, service: HandoffService, clock: Clock, database: Database
) -> None:
    """An article may begin with it; `forget me` takes it away once the ticket is closed, and an open one ends first."""
    await commands.human(call("human"))
    desk.replies = (AgentReply("7", "Cleo", "Use the new client."), AgentReply("8", "Cleo", "And restart."))
    clock.advance(minutes=2)
    await service.round()
    store = Handoffs(database, clock)
    assert await store.answer_to("how do I get on the VPN?") == "Use the new client.\n\nAnd restart."
    assert await store.answer_to("How do I get off the VPN?") == ""
    assert await store.forget_person(ANA.id) == 0
    desk.closed = True
    clock.advance(minutes=2)
    await service.round()
    assert await store.forget_person(BEN.id) == 0
    assert await store.forget_person(ANA.id) == 1
    assert await store.answer_to("how do I get on the VPN?") == ""


async def test_only_some_may_end_it(commands: HandoffCommands, service: HandoffService) -> None:
    """Whoever asked for a person, the staff in their channel, and admins; not anybody in the thread."""
    await commands.human(call("human"))
    with pytest.raises(NotAllowed):
        await commands.close(call("close", person=BEN))
    assert "done" in (await commands.close(call("close"))).text
    assert not await service.gives_way(THREAD)


async def test_the_staff_gets_it_once_and_ends_it_by_a_button(database: Database, clock: Clock) -> None:
    """The post tells question and articles; the button takes the place of the post by who did it."""
    store, later = Handoffs(database, clock), Outbox(database, clock)
    staff = StaffChannel(later, STAFF)
    service = HandoffService(store, staff, later, clock)
    request = HandoffRequest("k1", "How do I get on the VPN?", "Ana", articles=(("Connect to the VPN", ""),))
    await service.pass_on(THREAD, THREAD, ANA.id, request)
    await staff.open(request)
    ((_, address, post),) = await said_later(database)
    assert '"C9"' in address
    assert "Connect to the VPN" in post.text
    (button,) = post.actions
    commands = HandoffCommands(service, Questions(database, clock), Platforms(), SETTINGS)
    in_staff = Address("slack", "C9", None, "T1")
    done = await commands.close(call("close", button.value, BEN, in_staff))
    assert done.replaces
    assert "says Ben" in done.text
    assert not await service.gives_way(THREAD)


class Mailbox:
    """Keeps what a mail server was given."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a message."""
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@pytest.fixture
async def mailbox() -> AsyncIterator[tuple[Mailbox, int]]:
    """A mail server on a free port."""
    box = Mailbox()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    async with server:
        yield box, server.sockets[0].getsockname()[1]


async def test_a_mail_tells_all_and_names_itself(mailbox: tuple[Mailbox, int]) -> None:
    """The same request is the same Message-ID, and a question cannot add headers."""
    box, port = mailbox
    settings = HandoffSettings(
        to="email",
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_tls="none",
        sender="bot@example.com",
        recipient="desk@example.com",
    )
    request = HandoffRequest("k1", "How?\r\nBcc: all@example.com", "Ana", link="https://chat.example/1")
    desk = EmailDesk(settings)
    assert "desk@example.com" in await desk.check()
    await desk.open(request)
    await desk.open(request)
    assert [mail["message-id"] for mail in box.messages] == ["<k1@example.com>"] * 2
    assert box.messages[0]["bcc"] is None
    assert "https://chat.example/1" in box.messages[0].get_content()


async def test_a_mail_server_that_is_away_is_named() -> None:
    """The error says which server and which settings, and holds no password."""
    settings = HandoffSettings(
        to="email",
        smtp_host="127.0.0.1",
        smtp_port=9,
        smtp_user="bot",
        smtp_password="hunter2",
        sender="bot@example.com",
        recipient="desk@example.com",
    )
    with pytest.raises(HandoffError, match=r"127\.0\.0\.1:9") as failed:
        await EmailDesk(settings).open(HandoffRequest("k1", "How?", "Ana"))
    assert "hunter2" not in str(failed.value)


def test_a_desk_without_what_it_needs_is_a_config_error() -> None:
    """All that is missing is named at once."""
    with pytest.raises(ValueError, match="smtp_host, sender, recipient"):
        HandoffSettings(to="email")
