"""What connectors keep over restarts, in a real Valkey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from bot import remembered
from bot.remembered import RedisRemembered
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.bot.conftest import Clock


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """A client of a real, empty server."""
    with RealValkey() as server:
        client = server.client()
        yield client
        await client.aclose()


async def test_the_newest_come_first_and_the_oldest_go(
    redis: Redis, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that is kept again is the newest; a set has a bound."""
    monkeypatch.setattr(remembered, "MOST", 3)
    store = RedisRemembered(redis, clock)
    for value in ("1", "2", "3", "1", "4"):
        clock.advance(seconds=1)
        await store.remember("direct", value)
    assert await RedisRemembered(redis, clock).all("direct") == ["4", "1", "3"]
    assert await store.all("other") == []


async def test_without_redis_nothing_is_kept_and_nothing_fails(clock: Clock, tmp_path: Path) -> None:
    """It is a convenience."""
    async with Redis(unix_socket_path=str(tmp_path / "none")) as gone:
        for store in (RedisRemembered(None, clock), RedisRemembered(gone, clock)):
            await store.remember("direct", "1")
            assert list(await store.all("direct")) == []
