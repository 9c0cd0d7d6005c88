"""One maker at a time for each answer, across processes."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from knowledge.cache_scripts import RELEASE, RENEW, TAKE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from redis.asyncio import Redis

    from knowledge.redis_circuit import RedisCircuit

_POLL_SECONDS: Final = 0.05
LEASE_SECONDS: Final = 2.0
"""So long a maker that was killed keeps the next one out; one that lives says so four times as often."""


class Turns:
    """Locks in Redis, each held by a token that its holder renews."""

    def __init__(
        self, redis: Redis | None, circuit: RedisCircuit, prefix: str, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._redis = redis
        self._circuit = circuit
        self._prefix = prefix
        self._lease = lease_seconds

    @asynccontextmanager
    async def hold(self, key: str, seconds: float) -> AsyncIterator[bool]:
        """Let one holder in for each key; the value says whether others were waited for.

        After `seconds` a waiter goes in beside the holder: an answer twice is better than none. Without Redis
        everyone goes in at once.
        """
        redis = self._redis
        if redis is None:
            yield False
            return
        token = secrets.token_hex(8)
        taken, waited = await self._take(redis, key, token, seconds)
        if not taken:
            yield waited
            return
        over, renewing = asyncio.Event(), list[asyncio.Task[None]]()

        def renew() -> None:  # most are done before the first renewal, and need no task for it
            renewing.append(asyncio.create_task(self._renew(redis, key, token, over)))

        first = asyncio.get_running_loop().call_later(self._lease / 4, renew)
        try:
            yield waited
        finally:
            first.cancel()
            over.set()  # a client that is just done with a call may swallow a cancellation
            for task in renewing:
                await task
            await self._circuit.call(lambda: redis.eval(RELEASE, 1, self._lock(key), token), None)

    async def _take(self, redis: Redis, key: str, token: str, seconds: float) -> tuple[bool, bool]:
        """Give whether the lock is ours, and whether somebody was waited for."""
        loop = asyncio.get_running_loop()
        until, waited = loop.time() + seconds, False

        async def take() -> bool | None:
            work: Awaitable[Any] = redis.eval(TAKE, 1, self._lock(key), token, int(self._lease * 1000))
            return bool(await work)

        while True:
            taken = await self._circuit.call(take, None)
            if (
                taken or taken is None or loop.time() >= until
            ):  # None: Redis is gone, nobody can be waited for
                return bool(taken), waited or taken is False
            waited = True
            await asyncio.sleep(_POLL_SECONDS)

    async def _renew(self, redis: Redis, key: str, token: str, over: asyncio.Event) -> None:
        lease = int(self._lease * 1000)
        while not over.is_set():
            await self._circuit.call(lambda: redis.eval(RENEW, 1, self._lock(key), token, lease), None)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lease / 4):
                    await over.wait()

    def _lock(self, key: str) -> str:
        return f"{self._prefix}:lock:{key}"
