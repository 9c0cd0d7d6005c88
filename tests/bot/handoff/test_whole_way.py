"""A question's whole way: the service, its store and outbox, and a helpdesk at the far end that fails at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.event_json import load_address, load_reply
from bot.handoff.service import HandoffService
from bot.handoff.store import Handoffs
from bot.outbox import Outbox
from bot.tables import outbox
from connectors.base import Address
from tests.bot.handoff.test_ticket_desks import REQUEST, desk_of
from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.ticket_desks import FakeZendeskTickets

if TYPE_CHECKING:
    from knowledge.database import Database
    from tests.bot.conftest import Clock

THREAD = Address("slack", "C1", "10.1", "T1")
PERSON = Address("slack", "@U1", None, "T1")


async def test_from_the_click_to_the_agents_answer(database: Database, clock: Clock) -> None:
    """Down, then a lost answer, then one ticket; its public answer and its end come to the person, once each."""
    fake = FakeZendeskTickets()
    async with fake.running() as settings:
        fake.wire.faults += [
            Fault(fake.opening, status=503),
            Fault(fake.opening, truncate=True, after=1),
        ]
        desk = desk_of(settings)
        service = HandoffService(Handoffs(database, clock), desk, Outbox(database, clock), clock)
        told = await service.pass_on(THREAD, PERSON, "slack:T1/U1", REQUEST)
        assert "cannot be reached just now" in told.text
        for _ in range(3):
            clock.advance(minutes=11)
            await service.round()
        assert str(fake.only.body["external_id"]) == REQUEST.key
        assert await service.gives_way(THREAD)
        fake.say("secret note", public=False)
        fake.say("Use the new client.")
        fake.say("")
        fake.only.is_done = True
        for _ in range(2):
            clock.advance(minutes=2)
            await service.round()
        assert not await service.gives_way(THREAD)
        await desk.close()
    async with database.read() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    texts = [load_reply(row.reply).text for row in rows]
    assert {load_address(row.address) for row in rows} == {PERSON}
    opened, answer, picture, closed = texts
    assert f"[ticket {fake.only.id}]({fake.url}/agent/tickets/{fake.only.id})" in opened
    assert answer.startswith("**Ben Agent**")
    assert "Use the new client." in answer
    assert "an answer without words" in picture
    assert "is closed" in closed
