"""What waits for a click is done once, by whoever is first, while it is in time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from bot.proposals import Proposals
from bot.tables import proposals as table

if TYPE_CHECKING:
    from knowledge.database import Database
    from tests.bot.conftest import Clock

HOUR = timedelta(hours=1)
WHO = "slack:T1/U1"


@pytest.fixture
def proposals(database: Database, clock: Clock) -> Proposals:
    """Nothing proposed yet."""
    return Proposals(database, clock)


async def test_one_of_many_takers_gets_it(proposals: Proposals) -> None:
    """Ten clicks at once: one has the payload as it was kept, nine have nothing."""
    kept = await proposals.keep("add", {"title": "Réset", "lines": [1, None]}, WHO, HOUR)
    taken = await asyncio.gather(*(proposals.take(kept, "add") for _ in range(10)))
    assert [payload for payload in taken if payload] == [{"title": "Réset", "lines": [1, None]}]


async def test_what_is_of_another_kind_is_left(proposals: Proposals) -> None:
    """An id on the wrong button takes nothing; peeking leaves it there."""
    kept = await proposals.keep("draft", {"text": "x"}, WHO, HOUR)
    assert await proposals.take(kept, "add") is None
    assert await proposals.peek(kept, "add") is None
    assert await proposals.peek(kept, "draft") == {"text": "x"}
    assert await proposals.take(kept, "draft") == {"text": "x"}
    assert await proposals.peek(kept, "draft") is None


async def test_what_is_over_its_time_is_neither_given_nor_kept(
    proposals: Proposals, clock: Clock, database: Database
) -> None:
    """It is gone at its end, to the second, and its row goes with the next proposal."""
    old = await proposals.keep("add", {}, WHO, HOUR)
    clock.advance(hours=1)
    assert await proposals.peek(old, "add") is None
    await proposals.keep("add", {}, WHO, HOUR)
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(table)) == 1
    assert await proposals.take(old, "add") is None
