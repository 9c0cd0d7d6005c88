"""What is to be said unasked is said once, sooner or later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.outbox import MAX_ATTEMPTS, Outbox, OutboxRunner, backoff
from bot.tables import outbox
from connectors.base import Action, Address, Link, Reply
from connectors.errors import DeliveryError
from tests.bot.conftest import NOW, Platform

if TYPE_CHECKING:
    from knowledge.database import Database
    from tests.bot.conftest import Clock

ADDRESS = Address("slack", "C1", "12.3", "T1")
REPLY = Reply(
    "Your question is answered now.",
    (Link("Reset", None, "today"),),
    (Action("human", "Human"),),
    private=True,
)


@pytest.fixture
def box(database: Database, clock: Clock) -> Outbox:
    """An empty outbox."""
    return Outbox(database, clock)


async def test_what_is_put_arrives_as_it_was(box: Outbox) -> None:
    """Address and reply come through the database unchanged, once, under an id by which the post is known again."""
    platform = Platform()
    runner = OutboxRunner(box, {"slack": platform})
    assert await box.put("k1", ADDRESS, REPLY)
    assert await runner.run_once() == 1
    assert await runner.run_once() == 0
    assert platform.posts == [(ADDRESS, replace(REPLY, id="outbox/k1"))]


async def test_one_key_is_said_once(box: Outbox) -> None:
    """The same key put again, before or after it was said, changes nothing."""
    platform = Platform()
    runner = OutboxRunner(box, {"slack": platform})
    assert await box.put("k1", ADDRESS, REPLY)
    assert not await box.put("k1", ADDRESS, Reply("again"))
    await runner.run_once()
    assert not await box.put("k1", ADDRESS, REPLY)
    assert await runner.run_once() == 0
    assert len(platform.posts) == 1


async def test_two_runners_say_it_once(box: Outbox) -> None:
    """What one runner has claimed the other leaves alone."""
    await box.put("k1", ADDRESS, REPLY)
    assert len(await box.claim(["slack"])) == 1
    assert await box.claim(["slack"]) == []


async def test_nothing_is_said_before_its_time(box: Outbox, clock: Clock) -> None:
    """`not_before` holds; a platform that does not run here is left to others."""
    platform = Platform()
    await box.put("k1", ADDRESS, REPLY, NOW + timedelta(hours=1))
    assert await OutboxRunner(box, {"slack": platform}).run_once() == 0
    clock.advance(hours=1)
    assert await OutboxRunner(box, {"discord": platform}).run_once() == 0
    assert await OutboxRunner(box, {"slack": platform}).run_once() == 1


async def test_a_failure_is_tried_again_later_and_not_for_ever(
    box: Outbox, database: Database, clock: Clock
) -> None:
    """Each failure doubles the pause; after the last attempt the row says why it was given up."""
    platform = Platform()
    platform.refuse = DeliveryError("channel_not_found")
    runner = OutboxRunner(box, {"slack": platform})
    await box.put("k1", ADDRESS, REPLY)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        await runner.run_once()
        clock.now += backoff(attempt) - timedelta(seconds=1)
        assert await box.claim(["slack"]) == []
        clock.advance(seconds=1)
    async with database.read() as connection:
        row = (await connection.execute(select(outbox))).one()
    assert (row.state, row.attempts, row.note) == ("failed", MAX_ATTEMPTS, "DeliveryError: channel_not_found")


async def test_a_platform_that_comes_back_gets_it(box: Outbox, clock: Clock) -> None:
    """A failed attempt loses nothing."""
    platform = Platform()
    platform.refuse = TimeoutError()
    runner = OutboxRunner(box, {"slack": platform})
    await box.put("k1", ADDRESS, REPLY)
    assert await runner.run_once() == 0
    platform.refuse = None
    clock.now += backoff(1)
    assert await runner.run_once() == 1
    assert platform.posts == [(ADDRESS, replace(REPLY, id="outbox/k1"))]


async def test_news_wakes_the_runner(box: Outbox) -> None:
    """What is put in this process is not left until the next poll."""
    await box.put("k1", ADDRESS, REPLY)
    await box.wait_for_news(60)
