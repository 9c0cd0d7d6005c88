"""Small facts that connectors keep over restarts, in Redis; see `connectors.remembering`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from redis.asyncio import Redis

MOST = 1_000
PREFIX = "helpdesk:remembered:"
"""A sorted set each: the value, by when it was kept last, in seconds since the epoch."""


class RedisRemembered:
    """Implements `connectors.remembering.Remembered`; without Redis nothing is kept."""

    def __init__(self, redis: Redis | None, clock: Callable[[], datetime]) -> None:
        self._redis = redis
        self._clock = clock
        self._log = structlog.get_logger()

    async def remember(self, name: str, value: str) -> None:
        """Keep a value in the set of this name, or keep it as the newest."""
        if self._redis is None:
            return
        key = PREFIX + name
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zadd(key, {value: self._clock().timestamp()})
                pipe.zremrangebyrank(key, 0, -MOST - 1)
                await pipe.execute()
        except (RedisError, OSError) as error:
            self._log.info("not_remembered", name=name, reason=str(error))

    async def all(self, name: str) -> Sequence[str]:
        """Give the values of a set, the newest first; nothing when they cannot be read."""
        if self._redis is None:
            return ()
        try:
            found = await self._redis.zrevrange(PREFIX + name, 0, MOST - 1)
        except (RedisError, OSError) as error:
            self._log.info("nothing_remembered", name=name, reason=str(error))
            return ()
        return [value.decode() if isinstance(value, bytes) else str(value) for value in found]
