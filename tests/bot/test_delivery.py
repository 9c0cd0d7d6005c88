"""The law of delivery: who addresses the bot gets exactly one reply, whatever fails; nobody else gets any."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.delivery import Delivery, metadata_id
from bot.errors import ShuttingDown
from bot.inbox import MAX_ATTEMPTS, Inbox, key_of
from bot.questions import Questions
from bot.router import Router
from bot.tables import inbox
from connectors.base import Command, Reply
from connectors.errors import DeliveryError
from knowledge.errors import KnowledgeError
from tests.bot.conftest import Platform, command, message

if TYPE_CHECKING:
    from bot.access import Access
    from bot.personas import Personas
    from config.persona import Persona
    from knowledge.database import Database
    from tests.bot.conftest import Clock, ScriptedHelpdesk

LEASE = timedelta(seconds=30)


class Echo:
    """Does every command by saying its name."""

    async def run(self, command: Command, audience: frozenset[str] | None) -> Reply:  # noqa: ARG002
        """Say the command's name."""
        return Reply(f"done: {command.name}")


@pytest.fixture
def router(
    helpdesk: ScriptedHelpdesk, access: Access, personas: Personas, database: Database, clock: Clock
) -> Router:
    """A router over the scripted helpdesk."""
    questions = Questions(database, clock)
    return Router(
        helpdesk=helpdesk,
        commands=Echo(),
        access=access,
        personas=personas,
        questions=questions,
        clock=clock,
        timeout_seconds=0.2,
    )


@pytest.fixture
def delivery(database: Database, router: Router, clock: Clock) -> Delivery:
    """A delivery of this process."""
    return Delivery(Inbox(database, clock, LEASE), router, clock)


@pytest.fixture
def other_delivery(database: Database, router: Router, clock: Clock) -> Delivery:
    """A delivery of another process on the same database."""
    return Delivery(Inbox(database, clock, LEASE), router, clock)


async def states(database: Database) -> list[str]:
    """The states of all inbox rows."""
    async with database.read() as connection:
        return [row.state for row in (await connection.execute(select(inbox).order_by(inbox.c.id))).all()]


async def test_a_message_gets_one_reply(delivery: Delivery, database: Database) -> None:
    """An addressed message is answered once, and its row ends as sent with the words gone."""
    reply = await delivery.handle(message("How do I reset my password?"))
    assert reply is not None
    assert "reset my password" in reply.text
    async with database.read() as connection:
        row = (await connection.execute(select(inbox))).one()
    assert (row.state, row.event) == ("sent", "")


async def test_a_message_to_others_gets_none(delivery: Delivery, database: Database) -> None:
    """A message that does not address the bot is neither answered nor kept."""
    event = message(addressed=False)
    assert await delivery.handle(event) is None
    assert await delivery.accept(event) is False
    assert await states(database) == []


async def test_a_redelivery_gets_none(delivery: Delivery, other_delivery: Delivery) -> None:
    """The same message again, from another workspace, to another process, or at the same time: one reply."""
    one = message(message_id="1", workspace="T1")
    same = message(message_id="1", workspace="T2")
    got = await asyncio.gather(
        delivery.handle(one), delivery.handle(same), other_delivery.handle(one), other_delivery.handle(same)
    )
    assert len([reply for reply in got if reply is not None]) == 1
    assert await delivery.handle(one) is None


async def test_a_command_and_a_message_may_share_an_id(delivery: Delivery) -> None:
    """Ids of commands and of messages are different things."""
    asked = command("help", platform="slack")
    assert await delivery.handle(asked) is not None
    assert await delivery.handle(message(message_id=asked.command_id)) is not None


async def test_a_raising_helpdesk_gives_one_apology(
    delivery: Delivery, helpdesk: ScriptedHelpdesk, persona: Persona, capsys: pytest.CaptureFixture[str]
) -> None:
    """The chat sees the apology and a reference, the log the traceback under the same reference."""

    async def fail() -> None:
        raise KnowledgeError("secret detail of the index")

    helpdesk.act = fail
    event = message()
    reply = await delivery.handle(event)
    assert reply is not None
    assert reply.text.startswith(persona.apology)
    assert "secret detail" not in reply.text
    logged = capsys.readouterr()
    assert reply.reference in logged.out + logged.err
    assert "secret detail" in logged.out + logged.err
    assert await delivery.handle(event) is None


async def test_a_slow_helpdesk_gives_one_apology(
    delivery: Delivery, helpdesk: ScriptedHelpdesk, persona: Persona, database: Database
) -> None:
    """After the budget the apology goes out, and the question counts as answered."""
    helpdesk.act = asyncio.Event().wait  # type: ignore[assignment]
    reply = await delivery.handle(message())
    assert reply is not None
    assert reply.text.startswith(persona.apology)
    assert await states(database) == ["sent"]


async def test_a_database_that_is_gone_gives_one_apology(
    delivery: Delivery, database: Database, persona: Persona
) -> None:
    """Whoever asks without redelivery is told; a platform with an ack gets none, and delivers again."""
    await database.close()
    reply = await delivery.handle(message())
    assert reply is not None
    assert reply.text.startswith(persona.apology)
    with pytest.raises(RuntimeError):
        await delivery.accept(message())


async def test_a_database_that_goes_meanwhile_costs_no_reply(
    delivery: Delivery, helpdesk: ScriptedHelpdesk, database: Database, clock: Clock
) -> None:
    """The reply goes out once; when the database is back the sweeper only records it."""
    helpdesk.act = database.close
    event = message()
    reply = await delivery.handle(event)
    assert reply is not None
    assert "The answer" in reply.text
    await database.open()
    helpdesk.act = None
    clock.advance(minutes=10)
    platform = Platform()
    assert await delivery.sweep({"slack": platform}) == 0
    await delivery.tend()
    assert await states(database) == ["sent"]
    assert platform.posts == []
    assert await delivery.handle(event) is None


async def test_the_next_process_answers_what_a_killed_one_left(
    delivery: Delivery, other_delivery: Delivery, clock: Clock, database: Database
) -> None:
    """Accepted and not answered: untouched while the lease holds, then answered where it was asked, once."""
    event = message()
    assert await other_delivery.accept(event)
    platform = Platform()
    assert await delivery.sweep({"slack": platform}) == 0
    clock.advance(seconds=31)
    assert await delivery.sweep({"discord": Platform()}) == 0
    assert await delivery.sweep({"slack": platform}) == 1
    assert [address for address, _ in platform.posts] == [event.address]
    clock.advance(seconds=31)
    assert await delivery.sweep({"slack": platform}) == 0
    assert await states(database) == ["sent"]


async def test_a_process_that_lost_its_lease_posts_nothing(
    delivery: Delivery, other_delivery: Delivery, clock: Clock
) -> None:
    """Whoever was away past its lease finds the event taken, and stays silent."""
    event = message()
    assert await delivery.accept(event)
    clock.advance(seconds=31)
    platform = Platform()
    assert await other_delivery.sweep({"slack": platform}) == 1
    assert await delivery.answer(event) is None
    assert len(platform.posts) == 1


async def test_a_working_process_keeps_its_lease(
    delivery: Delivery, other_delivery: Delivery, clock: Clock
) -> None:
    """A long command is not taken up by another process while its own tends it."""
    assert await delivery.accept(command("sync", platform="slack"))
    for _ in range(5):
        clock.advance(seconds=20)
        await delivery.tend()
        assert await other_delivery.sweep({"slack": Platform()}) == 0


async def test_a_post_that_got_through_is_not_repeated(
    delivery: Delivery, other_delivery: Delivery, clock: Clock, database: Database
) -> None:
    """Killed between the post and its record: the post is found by our id and only recorded."""
    event = message()
    assert await other_delivery.accept(event)
    assert await other_delivery.answer(event) is not None
    clock.advance(seconds=31)
    platform = Platform()
    platform.found[metadata_id(event)] = "1718.42"
    assert await delivery.sweep({"slack": platform}) == 1
    assert platform.posts == []
    async with database.read() as connection:
        row = (await connection.execute(select(inbox))).one()
    assert (row.state, row.platform_id) == ("sent", "1718.42")


async def test_a_post_is_looked_for_though_its_note_was_lost(
    delivery: Delivery, other_delivery: Delivery, clock: Clock, database: Database
) -> None:
    """Killed after the post, before even the note of it was committed: found all the same, and not repeated."""
    event = message()
    assert await other_delivery.accept(event)
    clock.advance(seconds=31)
    platform = Platform()
    platform.found[metadata_id(event)] = "1718.43"
    assert await delivery.sweep({"slack": platform}) == 1
    assert platform.posts == []
    assert await states(database) == ["sent"]


async def test_a_note_is_waited_for_where_the_lease_is_nearly_over(database: Database, clock: Clock) -> None:
    """With most of a lease left the note comes with the next commit; else it is there, and the lease anew, before."""
    box, event = Inbox(database, clock, LEASE), message()
    assert await box.accept(event)

    async def noted() -> tuple[str, float]:
        query = "SELECT state, lease_until FROM inbox"
        return (await database.fetch(query, ()))[0]

    assert await box.sending(key_of(event), "reply/1", pytest.fail)
    assert (await noted())[0] == "received"
    assert await states(database) == ["sending"]
    clock.advance(seconds=25)
    before = (await noted())[1]
    assert await box.sending(key_of(event), "reply/1", pytest.fail)
    assert await noted() == ("sending", before + 25)


async def test_a_message_taken_back_meanwhile_gets_no_reply(
    delivery: Delivery, helpdesk: ScriptedHelpdesk, database: Database
) -> None:
    """Its author deleted it while it was answered."""
    event = message()

    async def delete() -> None:
        await delivery.deleted(event.address, event.message_id)

    helpdesk.act = delete
    assert await delivery.accept(event)
    assert await delivery.answer(event) is None
    assert await states(database) == ["ignored"]


async def test_a_platform_that_refuses_is_tried_a_bounded_number_of_times(
    delivery: Delivery, other_delivery: Delivery, clock: Clock, database: Database
) -> None:
    """An event that nobody can answer ends as failed, with its words kept for whoever looks into it."""
    assert await other_delivery.accept(message())
    platform = Platform()
    platform.refuse = DeliveryError("channel_not_found")
    tries = 0
    for _ in range(MAX_ATTEMPTS + 3):
        clock.advance(seconds=31)
        tries += await delivery.sweep({"slack": platform})
    assert tries == MAX_ATTEMPTS - 1
    assert await states(database) == ["failed"]


async def test_stopping_waits_for_the_replies_in_flight(
    delivery: Delivery, helpdesk: ScriptedHelpdesk
) -> None:
    """Draining takes nothing new, and is over when the last reply is out."""
    started, go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        started.set()
        await go.wait()

    helpdesk.act = hold
    reply = asyncio.create_task(delivery.handle(message()))
    await started.wait()
    drained = asyncio.create_task(delivery.drain(5))
    await asyncio.sleep(0)
    with pytest.raises(ShuttingDown):
        await delivery.accept(message())
    assert not drained.done()
    go.set()
    assert await drained
    assert (await reply) is not None


async def test_stopping_leaves_the_rest_to_the_next_start(
    delivery: Delivery, other_delivery: Delivery, clock: Clock
) -> None:
    """What is not out in time is released: the next process answers it without waiting for a lease."""
    event = message()
    assert await delivery.accept(event)
    assert await delivery.drain(0.01) is False
    clock.advance(seconds=1)
    platform = Platform()
    assert await other_delivery.sweep({"slack": platform}) == 1
    assert len(platform.posts) == 1


async def test_old_events_are_forgotten(delivery: Delivery, clock: Clock, database: Database) -> None:
    """After a week the row of an answered event is gone."""
    assert await delivery.handle(message()) is not None
    clock.advance(days=8)
    await delivery.tend()
    assert await states(database) == []


async def test_an_event_survives_storage_unchanged(
    delivery: Delivery, database: Database, clock: Clock
) -> None:
    """Whatever a client sends, the stored event reads back equal: lone surrogates and NUL too."""
    box = Inbox(database, clock, LEASE)
    events = [message("\ud800 \x00 🦊", thread="1.2"), command("add", "A title\nText", platform="slack")]
    for event in events:
        assert await box.accept(event)
    clock.advance(minutes=1)
    taken = await Inbox(database, clock, LEASE).take_expired(["slack"])
    assert [pending.event for pending in taken] == events
    assert [pending.key for pending in taken] == [key_of(event) for event in events]


async def test_many_at_once_are_received_once_each(database: Database, clock: Clock) -> None:
    """What is committed together, by two processes at the same time and with doubles, is new to one caller each."""
    one, two = Inbox(database, clock, LEASE), Inbox(database, clock, LEASE)
    events = [message(message_id=f"at-once-{number}") for number in range(30)]
    got = await asyncio.gather(*(box.accept(event) for event in events * 2 for box in (one, two)))
    assert sum(got) == len(events)
    assert await states(database) == ["received"] * len(events)
