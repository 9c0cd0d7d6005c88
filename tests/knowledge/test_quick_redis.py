"""One connection for many calls: nobody gets another's reply, and one that is lost or silent is replaced."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from redis import exceptions

from knowledge.quick_redis import QuickRedis
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ECHO = "return ARGV[1]"


@pytest.fixture
def server() -> Iterator[RealValkey]:
    """A real one."""
    with RealValkey() as running:
        yield running


@pytest.fixture
async def redis(server: RealValkey) -> AsyncIterator[QuickRedis]:
    """A client of it."""
    client = QuickRedis(unix_socket_path=server.socket, socket_timeout=0.3)
    yield client
    await client.aclose()


async def echo(redis: QuickRedis, text: str) -> Any:
    """Say something, and give what comes back."""
    return await redis.eval(ECHO, 0, text)  # type: ignore[misc]


async def test_everybody_gets_their_own_reply(redis: QuickRedis) -> None:
    """Many at once, some of whom leave before the reply: each of the others hears what they said."""
    calls = [asyncio.create_task(echo(redis, f"t{number}")) for number in range(300)]
    await asyncio.sleep(0)
    for leaving in calls[::3]:
        leaving.cancel()
    got = await asyncio.gather(*calls, return_exceptions=True)
    for number, said in enumerate(got):
        assert isinstance(said, asyncio.CancelledError) if number % 3 == 0 else said == f"t{number}".encode()
    assert await redis.info("clients") is not None
    assert (await redis.info("clients"))["connected_clients"] <= 2


async def test_replies_are_those_of_redis_py(redis: QuickRedis) -> None:
    """Numbers, nothing, lists, bytes of any kind, and its errors."""
    value = bytes(range(256)) * 2000
    await redis.set("k", value)
    assert await redis.get("k") == value
    assert await redis.get("none") is None
    await redis.rpush("l", "a", "b")  # type: ignore[misc]
    assert await redis.lrange("l", 0, -1) == [b"a", b"b"]  # type: ignore[misc]
    assert await redis.eval("return {1, false, 'x'}", 0) == [1, None, b"x"]  # type: ignore[misc]
    with pytest.raises(exceptions.ResponseError):
        await redis.get("l")
    await redis.config_set("maxmemory", "1")
    with pytest.raises(exceptions.OutOfMemoryError):
        await redis.eval("return redis.call('SET', KEYS[1], 'x')", 1, "full")  # type: ignore[misc]


async def test_a_server_that_came_back_is_found(redis: QuickRedis, server: RealValkey) -> None:
    """While it is gone each call says so at once; afterwards they work again, without a word."""
    assert await echo(redis, "before") == b"before"
    server.kill()
    for _ in range(2):
        with pytest.raises(exceptions.ConnectionError):
            await echo(redis, "gone")
    server.restart()
    assert await echo(redis, "after") == b"after"


async def test_a_silent_server_keeps_nobody(redis: QuickRedis, server: RealValkey) -> None:
    """A call ends with its time, whoever left before it; when the server speaks again a new connection is used."""
    assert await echo(redis, "before") == b"before"
    with server.hung():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await echo(redis, "impatient")
        with pytest.raises(exceptions.TimeoutError):
            await echo(redis, "patient")
    assert await echo(redis, "after") == b"after"


async def test_a_password_and_a_database_hold(server: RealValkey) -> None:
    """What the URL names is what the quick connection uses."""
    async with QuickRedis(unix_socket_path=server.socket) as admin:
        await admin.config_set("requirepass", "secret")
        await admin.execute_command("AUTH", "secret")
    url = f"unix://:secret@{server.socket}?db=3"
    async with QuickRedis.from_url(url) as redis:
        await redis.set("k", "three")
        assert await redis.get("k") == b"three"
        assert await redis.eval("return redis.call('GET', KEYS[1])", 1, "k") == b"three"
    wrong = f"unix://:wrong@{server.socket}"
    async with QuickRedis.from_url(wrong) as redis:
        with pytest.raises(exceptions.AuthenticationError):
            await redis.get("k")


async def test_decoded_replies_go_the_usual_way(server: RealValkey) -> None:
    """A client that wants text gets text."""
    async with QuickRedis(unix_socket_path=server.socket, decode_responses=True) as redis:
        await redis.set("k", "text")
        assert await redis.get("k") == "text"
