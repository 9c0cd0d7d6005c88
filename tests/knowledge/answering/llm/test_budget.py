"""What a model may cost a day."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from config.llm import LlmSettings
from knowledge.answering.llm.budget import LlmBudget, MemoryCounter, RedisCounter
from knowledge.answering.llm.sql_counter import SqlCounter
from knowledge.answering.llm.usage import Usage
from knowledge.database import Database
from tests.fakes.llm_server import Turn
from tests.knowledge.answering.llm.conftest import GOOD
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from pathlib import Path

    from tests.knowledge.answering.llm.conftest import Scripted

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LIMITED = LlmSettings(model="m", price_in=1.0, price_out=1.0, daily_cost=0.001)
A_THIRD = Usage(300, 50, 0.00035)


async def test_what_an_answer_took_is_in_its_trace(scripted: Scripted) -> None:
    """Tokens as the endpoint told them, and their price."""
    scripted.settings = {"price_in": 2.0, "price_out": 10.0}
    trace = (await scripted.ask(Turn(GOOD, piece=len(GOOD)))).trace["llm"]
    assert (trace["tokens_read"], trace["tokens_written"]) == (1000, 1)
    assert trace["cost"] == pytest.approx((1000 * 2 + 10) / 1e6)
    assert not trace["estimated"]
    guessed = (await scripted.ask(Turn(GOOD, usage=False))).trace["llm"]
    assert guessed["estimated"]
    assert guessed["tokens_read"] > 100


async def test_past_the_daily_limit_answers_are_extracts_and_admins_are_told_once(scripted: Scripted) -> None:
    """No request goes out any more."""
    scripted.settings = {"daily_tokens": 3000}
    assert (await scripted.ask(GOOD)).trace["llm"]["outcome"] == "whole"
    assert len(scripted.server.requests) == 1
    for _ in range(3):
        answer = await scripted.ask(GOOD)
        if answer.trace["llm"]["outcome"] == "over_budget":
            break
    assert answer.trace["extract_instead_of"] == "over_budget"
    assert answer.trace["passing"]
    asked = len(scripted.server.requests)
    await scripted.ask(GOOD)
    assert len(scripted.server.requests) == asked
    assert len(scripted.told) == 1
    assert "daily_tokens = 3000" in scripted.told[0]


async def test_many_at_once_do_not_pass_the_limit_together() -> None:
    """The most that a request can take is set aside before it starts."""
    budget = LlmBudget(LIMITED, MemoryCounter(), lambda: NOON)
    granted = await asyncio.gather(*(budget.reserve(A_THIRD) for _ in range(10)))
    assert sum(granted) == 2
    await budget.settle(A_THIRD, Usage())
    assert await budget.reserve(A_THIRD)


async def test_a_new_day_begins_at_zero() -> None:
    """Days are those of UTC."""
    now = [NOON]
    budget = LlmBudget(LIMITED, MemoryCounter(), lambda: now[0])
    assert [await budget.reserve(A_THIRD) for _ in range(3)] == [True, True, False]
    now[0] = NOON.replace(day=5)
    assert await budget.reserve(A_THIRD)


async def test_processes_count_together_in_redis_and_in_sql(tmp_path: Path) -> None:
    """Two budgets over one counter share the limit; SQL does it where there is no Redis."""
    with RealValkey() as valkey:
        client = valkey.client()
        pair = [LlmBudget(LIMITED, RedisCounter(client), lambda: NOON) for _ in range(2)]
        assert [await budget.reserve(A_THIRD) for budget in [*pair, *pair]] == [True, True, False, False]
        valkey.kill()
        assert await pair[0].reserve(A_THIRD)  # Redis is gone: this process counts what it spent itself
        assert not await pair[0].reserve(Usage(0, 900, 0.0009))
        await client.aclose()
    async with Database(Database.url_for("", tmp_path)) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
        pair = [LlmBudget(LIMITED, SqlCounter(database), lambda: NOON) for _ in range(2)]
        assert [await budget.reserve(A_THIRD) for budget in [*pair, *pair]] == [True, True, False, False]
        assert (await pair[1].spent())[1] == 700
