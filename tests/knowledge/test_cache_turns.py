"""One maker at a time: whoever waits gets in when the maker ends, at whatever moment that is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from knowledge.cache_scripts import RENEW
from knowledge.cache_turns import Turns
from knowledge.quick_redis import QuickRedis
from knowledge.redis_circuit import RedisCircuit
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

LEASE = 0.2


class DeafClient(QuickRedis):
    """Renews when it is let, and does not hear that it is cancelled meanwhile: redis-py may miss it in the same way."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.held, self.renewing, self.may_renew = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Do a command."""
        if args[1] == RENEW:
            self.renewing.set()
            try:
                await self.may_renew.wait()
            except asyncio.CancelledError:
                await self.may_renew.wait()
        return await super().execute_command(*args, **options)


@pytest.fixture
def server() -> Iterator[RealValkey]:
    """A real one."""
    with RealValkey() as running:
        yield running


@pytest.fixture
async def redis(server: RealValkey) -> AsyncIterator[DeafClient]:
    """A client of it."""
    async with DeafClient(unix_socket_path=server.socket) as client:
        yield client


def turns_of(redis: QuickRedis) -> Turns:
    """Give the turns of one process."""
    return Turns(redis, RedisCircuit("test", seconds=5), "test", LEASE)


async def make(redis: DeafClient, moment: str) -> None:
    """Have a turn, and end in or beside a renewal of its lease."""
    async with turns_of(redis).hold("k", 5):
        redis.held.set()
        if moment != "before a renewal":
            await redis.renewing.wait()
        asyncio.get_running_loop().call_soon(redis.may_renew.set)
        if moment == "by an error":
            raise ValueError(moment)


@pytest.mark.parametrize("moment", ["before a renewal", "in a renewal", "by an error"])
async def test_the_end_of_a_turn_needs_no_cancellation(
    redis: DeafClient, server: RealValkey, moment: str
) -> None:
    """The turn is over at once, the lock gone, and who waited is in."""
    async with asyncio.timeout(3), server.client() as other:
        making = asyncio.create_task(make(redis, moment))
        await redis.held.wait()
        async with turns_of(other).hold("k", 5):
            pass
        done = await asyncio.gather(making, return_exceptions=True)
    assert [type(error) for error in done] == [ValueError if moment == "by an error" else type(None)]
    assert not await redis.exists("test:lock:k")


async def test_a_maker_that_is_stopped_lets_the_next_one_in(redis: DeafClient, server: RealValkey) -> None:
    """Cancelled in a renewal that does not hear of it: the lock is given back all the same."""

    async def hold() -> None:
        async with turns_of(redis).hold("k", 5):
            await asyncio.Event().wait()

    making = asyncio.create_task(hold())
    await redis.renewing.wait()
    making.cancel()
    asyncio.get_running_loop().call_soon(redis.may_renew.set)
    async with asyncio.timeout(3), server.client() as other:
        with pytest.raises(asyncio.CancelledError):
            await making
        async with turns_of(other).hold("k", 5) as waited:
            assert not waited
