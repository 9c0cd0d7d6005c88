"""A Redis that is slow costs one wait; a loop that is busy is no slow Redis."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from knowledge.redis_circuit import RedisCircuit
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio import Redis


@pytest.fixture
def server() -> Iterator[RealValkey]:
    """A real one."""
    with RealValkey() as running:
        yield running


async def told(circuit: RedisCircuit, redis: Redis) -> str:
    """Ask the server something."""
    said = await circuit.call(lambda: redis.eval("return 'here'", 0), b"gone")  # type: ignore[arg-type]
    return said.decode()


async def test_a_busy_loop_is_no_outage(server: RealValkey) -> None:
    """Replies that came while the loop did other work for longer than the timeout are heard, and nothing is skipped."""
    circuit = RedisCircuit("test", seconds=0.1)
    async with server.client() as redis:
        assert await told(circuit, redis) == "here"
        calls = [asyncio.create_task(told(circuit, redis)) for _ in range(20)]
        while not redis._wire._asked or redis._wire._written:  # type: ignore[attr-defined]
            await asyncio.sleep(0)  # until the calls are on the way
        time.sleep(0.3)  # the loop is busy
        assert await asyncio.gather(*calls) == ["here"] * 20
        assert not circuit.is_open


async def test_a_silent_server_is_an_outage(server: RealValkey) -> None:
    """One call waits, the others skip it."""
    circuit = RedisCircuit("test", seconds=0.1)
    async with server.client() as redis:
        assert await told(circuit, redis) == "here"
        with server.hung():
            assert await told(circuit, redis) == "gone"
            assert circuit.is_open
            assert await told(circuit, redis) == "gone"


async def test_one_late_reply_costs_little(server: RealValkey) -> None:
    """Many calls that fail together are one failure: half a second later the server is asked again."""
    circuit = RedisCircuit("test", seconds=0.1)
    loop = asyncio.get_running_loop()
    async with server.client() as redis:
        assert await told(circuit, redis) == "here"
        with server.hung():
            assert set(await asyncio.gather(*(told(circuit, redis) for _ in range(20)))) == {"gone"}
        late = loop.time()
        while circuit.is_open:
            await asyncio.sleep(0.02)
        assert loop.time() - late < 3
        assert await told(circuit, redis) == "here"
