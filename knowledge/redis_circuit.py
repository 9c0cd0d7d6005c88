"""Keeps a Redis that is gone, slow or full from costing more than one short wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import structlog
from redis.exceptions import OutOfMemoryError, RedisError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_Result = TypeVar("_Result")

_FIRST_SECONDS = 1.0
_FIRST_PAUSE = 0.25
"""Doubled with each failure: one late reply on a busy machine must not cost five seconds of what is kept."""


class RedisCircuit:
    """Runs calls to Redis with a timeout; after a failure none is made for half a second, at last for `pause` seconds.

    One warning an outage and one line when it is over. A Redis that is full refuses writes only: that is
    warned of once and does not stop reads.
    """

    def __init__(self, what: str, seconds: float = 0.25, pause: float = 5.0) -> None:
        self._what = what
        self._seconds = seconds
        self._pause = pause
        self._closed_until = 0.0
        self._down = False
        self._failed = 0
        self._full = False
        self._connected = False
        self._log = structlog.get_logger()

    @property
    def is_open(self) -> bool:
        """Whether calls are being skipped now."""
        return self._down and asyncio.get_running_loop().time() < self._closed_until

    async def call(self, work: Callable[[], Awaitable[_Result]], otherwise: _Result) -> _Result:
        """Give the result of `work`, or `otherwise` when Redis does not answer in time or refuses."""
        if self.is_open:
            return otherwise
        loop = asyncio.get_running_loop()
        tries = self._down
        if tries:
            self._closed_until = loop.time() + self._pause  # only this call tries; the others still skip
        try:
            result = await self._in_time(work)
        except OutOfMemoryError as error:
            if not self._full:
                self._full = True
                self._log.warning(
                    "redis.full", used_for=self._what, error=str(error), remedy="raise its maxmemory"
                )
            return otherwise
        except (RedisError, OSError, TimeoutError) as error:
            if tries or not self._down:  # of calls that failed together the first counts
                self._failed += 1
                self._closed_until = loop.time() + min(self._pause, _FIRST_PAUSE * 2 ** min(self._failed, 8))
            if not self._down:
                self._down = True
                self._log.warning(
                    "redis.gone", used_for=self._what, error=f"{type(error).__name__}: {error}"[:200]
                )
            return otherwise
        if self._down:
            self._log.info("redis.back", used_for=self._what)
        self._down, self._connected, self._failed = False, True, 0
        return result

    async def _in_time(self, work: Callable[[], Awaitable[_Result]]) -> _Result:
        """Give the result as `asyncio.timeout` would, unless it came while the loop was busy.

        When its time is over, it has one more turn of the loop: of a reply that was read in the same turn as the clock
        it hears first. Otherwise every call under way in a busy moment would count as an outage.
        """
        seconds = self._seconds if self._connected else _FIRST_SECONDS
        async with asyncio.timeout(None) as limit:
            over = asyncio.get_running_loop().call_later(seconds, limit.reschedule, 0.0)
            try:
                return await work()
            finally:
                over.cancel()
