"""Tickets at helpdesks with an HTTP API: one set of rules for all, on stateful fakes at the far end of a real wire."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.check_handoff import check_handoff
from bot.handoff.desks import build_desk
from bot.handoff.tickets import HandoffError, HandoffRefusedError, HandoffRequest, Line
from config.handoff import HandoffSettings
from tests.bot.checking import settings_of
from tests.fakes.helpdesks.base import TOKEN
from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.more_ticket_desks import FakeIntercomTickets, FakeZammadTickets
from tests.fakes.helpdesks.ticket_desks import FakeFreshdeskTickets, FakeZendeskTickets
from tests.fakes.helpdesks.tickets import BOT, OUTSIDER, REQUESTER, FakeTicketDesk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.handoff.tickets import TicketDesk

FAKES = (FakeZendeskTickets, FakeFreshdeskTickets, FakeIntercomTickets, FakeZammadTickets)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
REQUEST = HandoffRequest(
    key="0123456789abcdef0123456789abcdef",
    question="How do I get on the VPN <now> & here?",
    requester="Ana",
    conversation=(Line("asked", "It does not connect."),),
    articles=(("Connect to the VPN", ""),),
    verdict="unsure",
    link="https://chat.example/1",
    person="slack:T1/U1",
)


@pytest.fixture(params=FAKES, ids=lambda fake: str(fake.settings["to"]))
async def fake(request: pytest.FixtureRequest) -> AsyncIterator[FakeTicketDesk]:
    """A helpdesk at the far end."""
    running: FakeTicketDesk = request.param()
    async with running.running():
        yield running


def desk_of(settings: HandoffSettings) -> TicketDesk:
    """Build the desk as the bot does."""
    desk = build_desk(settings)
    assert desk is not None
    return desk


@pytest.fixture
async def desk(fake: FakeTicketDesk) -> AsyncIterator[TicketDesk]:
    """The bot's side of it."""
    built = desk_of(fake.reached_by())
    yield built
    await built.close()


async def test_a_request_opens_one_ticket(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """It holds the question, what was said and found, and the way back; asked again, the same ticket is given."""
    ticket = await desk.open(REQUEST)
    assert ticket.id == str(fake.only.id)
    assert bool(ticket.url) == fake.has_links
    assert fake.url in ticket.url or not ticket.url
    for words in (REQUEST.question, "It does not connect.", "Connect to the VPN", "https://chat.example/1"):
        assert words in fake.only.said[0].text
    assert await desk.open(REQUEST) == ticket
    other = await desk.open(replace(REQUEST, key="f" * 32))
    assert other != ticket
    assert len(fake.tickets) == 2


async def test_a_lost_answer_opens_no_second_ticket(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """The helpdesk made the ticket and the answer broke off: the next try finds it, also after two hours."""
    fake.wire.faults.append(Fault(fake.opening, truncate=True, after=fake.looking))
    with pytest.raises(HandoffError, match="broke off"):
        await desk.open(REQUEST)
    if isinstance(fake, FakeZendeskTickets):
        fake.remembers = False
    ticket = await desk.open(REQUEST)
    assert ticket.id == str(fake.only.id)


async def test_only_public_answers_of_agents_come_back(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """Not the request, no note, nothing of the requester or an outsider; in order, with the agent's name."""
    ticket = await desk.open(REQUEST)
    state = await desk.state(ticket, SINCE)
    assert state is not None
    assert (state.closed, state.replies) == (False, ())
    fake.say("secret note", public=False)
    fake.say("I am waiting", by=REQUESTER)
    fake.say("me too", by=OUTSIDER)
    fake.say("Use 2 < 3 & retry.")
    fake.say("Better now?")
    fake.only.is_done = True
    state = await desk.state(ticket, SINCE)
    assert state is not None
    assert state.closed
    assert [reply.author for reply in state.replies] == ["Ben Agent", "Ben Agent"]
    assert [reply.text.replace("\\", "") for reply in state.replies] == ["Use 2 < 3 & retry.", "Better now?"]
    assert len({reply.id for reply in state.replies}) == 2
    assert await desk.state(ticket, SINCE) == state


async def test_a_deleted_ticket_is_closed(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """Else the bot kept silent in the thread for ever."""
    ticket = await desk.open(REQUEST)
    fake.tickets.clear()
    state = await desk.state(ticket, SINCE)
    assert state is not None
    assert state.closed


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_trouble_that_may_pass_is_tried_again(
    fake: FakeTicketDesk, desk: TicketDesk, status: int
) -> None:
    """It is no refusal; nothing of the answer stands in the message; the next try opens one ticket."""
    fake.wire.faults.append(Fault("/", status=status, retry_after="3600"))
    with pytest.raises(HandoffError, match=f"answered {status}") as caught:
        await desk.open(REQUEST)
    assert not isinstance(caught.value, HandoffRefusedError)
    assert TOKEN not in str(caught.value)
    await desk.open(REQUEST)
    assert fake.only


async def test_a_short_wait_is_kept(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """A 429 that asks for a moment's patience is answered with it: whoever clicked need not come back."""
    fake.wire.faults.append(Fault(fake.opening, status=429, retry_after="0"))
    assert (await desk.open(REQUEST)).id == str(fake.only.id)


async def test_a_refused_token_needs_a_person(fake: FakeTicketDesk) -> None:
    """The message names the setting and holds no secret; so does the check's."""
    desk = desk_of(fake.reached_by(token="wr0ng"))
    for doing in (desk.open(REQUEST), desk.check()):
        with pytest.raises(HandoffRefusedError, match=r"answered 401; renew \[handoff\] token") as caught:
            await doing
        assert "wr0ng" not in str(caught.value)
    await desk.close()


async def test_garbage_is_an_error(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """A login page in place of JSON, and JSON that lacks what was promised."""
    ticket = await desk.open(REQUEST)
    fake.wire.faults += [Fault("/", garbage=True), Fault("/", change=lambda _: {"surprise": 1})]
    with pytest.raises(HandoffError, match="is no JSON"):
        await desk.state(ticket, SINCE)
    with pytest.raises(HandoffError, match="lacks what its documentation promises"):
        await desk.state(ticket, SINCE)


async def test_a_dead_helpdesk_is_an_error(fake: FakeTicketDesk) -> None:
    """The message says where it was looked for."""
    desk = desk_of(fake.reached_by(url="http://127.0.0.1:1"))
    with pytest.raises(HandoffError, match=r"cannot be reached; is \[handoff\] url right"):
        await desk.open(REQUEST)
    await desk.close()


async def test_check_names_what_was_reached(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """It opens nothing."""
    assert "at 127.0.0.1" in await desk.check()
    assert not fake.tickets


async def test_the_operator_sees_it_in_check(fake: FakeTicketDesk, tmp_path: Path) -> None:
    """A row of `helpdesk-bot check` tells what was reached, or what to mend."""
    settings = settings_of(tmp_path, handoff=fake.reached_by().model_dump())
    good = await check_handoff(settings.handoff)
    assert good.ok
    assert good.detail.startswith(f"{fake.settings['to']}: ")
    bad = await check_handoff(fake.reached_by(token="wr0ng"))
    assert not bad.ok
    assert "401" in bad.detail
    assert "wr0ng" not in repr(bad)


async def test_an_address_is_passed_on(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """Where the requester's e-mail address is known, the ticket is theirs."""
    await desk.open(replace(REQUEST, email="ana@acme.example"))
    assert "ana@acme.example" in str(fake.only.body) + str(getattr(fake, "contacts", ""))


async def test_the_bots_own_account_may_answer_by_hand() -> None:
    """What the token's owner says is an agent's answer where the ticket is somebody else's; Zendesk has both roles."""
    fake = FakeZendeskTickets()
    async with fake.running() as settings:
        desk = desk_of(settings)
        ticket = await desk.open(REQUEST)
        fake.say("my own", by=BOT)
        own = await desk.state(ticket, SINCE)
        fake.tickets.clear()
        ticket = await desk.open(replace(REQUEST, key="d" * 32, email="ana@acme.example"))
        fake.say("by hand", by=BOT)
        others = await desk.state(ticket, SINCE)
        await desk.close()
    assert own is not None
    assert own.replies == ()
    assert others is not None
    assert [reply.text for reply in others.replies] == ["by hand"]


async def test_nothing_may_be_null(fake: FakeTicketDesk, desk: TicketDesk) -> None:
    """Where there is no text an API may give null: that answer is empty, and the state is told."""
    ticket = await desk.open(REQUEST)
    fake.say("only a picture")
    fake.only.is_done = True
    texts = {"body", "plain_body", "body_text"}

    def bare(value: Any) -> Any:
        if isinstance(value, list):
            return [bare(each) for each in value]
        if isinstance(value, dict):
            return {key: None if key in texts else bare(each) for key, each in value.items()}
        return value

    fake.wire.faults.append(Fault("/", change=bare, times=3))
    state = await desk.state(ticket, SINCE)
    assert state is not None
    assert state.closed
    assert [reply.text for reply in state.replies] == [""]


async def test_many_comments_are_read_page_by_page() -> None:
    """Zendesk's cursor is followed."""
    fake = FakeZendeskTickets()
    fake.page_size = 2
    async with fake.running() as settings:
        desk = desk_of(settings)
        ticket = await desk.open(REQUEST)
        for number in range(7):
            fake.say(f"answer {number}")
        state = await desk.state(ticket, SINCE)
        await desk.close()
    assert state is not None
    assert [reply.text for reply in state.replies] == [f"answer {number}" for number in range(7)]


@pytest.mark.parametrize("fake_type", FAKES)
async def test_a_wrong_queue_is_named(fake_type: type[FakeTicketDesk]) -> None:
    """A queue that is not there is a refusal that names the setting."""
    fake = fake_type()
    async with fake.running():
        desk = desk_of(fake.reached_by(queue="Nope"))
        with pytest.raises(HandoffRefusedError, match=r"\[handoff\].*queue"):
            await desk.open(REQUEST)
        await desk.close()
    assert not fake.tickets


def test_a_token_is_not_sent_in_the_clear() -> None:
    """Plain http takes a setting that says so, but on this machine."""
    with pytest.raises(ValueError, match="not encrypted"):
        HandoffSettings.model_validate({"to": "zammad", "url": "http://desk.acme.example", "token": "t"})
    HandoffSettings.model_validate(
        {"to": "zammad", "url": "http://desk.acme.example", "token": "t", "allow_http": True}
    )
    HandoffSettings.model_validate({"to": "zammad", "url": "http://localhost:3000", "token": "t"})
