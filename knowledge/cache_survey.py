"""What an operator asks of the answer cache as a whole: how much is kept, and to forget it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from redis.asyncio import Redis

_AT_ONCE: Final = 500
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class CacheSurvey:
    """`size` is the bytes of the answers as they are kept; `oldest` is when the oldest was made, to the second."""

    entries: int
    size: int
    oldest: datetime | None


async def survey(
    redis: Redis, used: str, entry: Callable[[str], str], max_age: timedelta, now: datetime
) -> CacheSurvey | None:
    """Look at each entry; None when Redis does not answer. An entry ends `max_age` after it was made."""
    entries = size = 0
    left: int | None = None
    try:
        async with asyncio.timeout(_SECONDS):
            async for keys in _keys(redis, used):
                async with redis.pipeline(transaction=False) as pipe:
                    for key in keys:
                        pipe.hstrlen(entry(key), "v")
                        pipe.pttl(entry(key))
                    rows: list[int] = await pipe.execute()
                for length, pttl in zip(rows[::2], rows[1::2], strict=True):
                    if not length:
                        continue  # it ended, and its key is still counted as used
                    entries, size = entries + 1, size + length
                    left = pttl if left is None else min(left, pttl)
    except (RedisError, OSError, TimeoutError) as error:
        _gone(error)
        return None
    oldest = None if left is None else now - max_age + timedelta(milliseconds=left)
    return CacheSurvey(entries, size, oldest)


async def clear(redis: Redis, used: str, entry: Callable[[str], str]) -> int | None:
    """Forget every entry; None when Redis does not answer. What is made meanwhile may stay, or go."""
    gone = 0
    try:
        async with asyncio.timeout(_SECONDS):
            async for keys in _keys(redis, used):
                async with redis.pipeline(transaction=False) as pipe:
                    for key in keys:
                        pipe.unlink(entry(key))
                    pipe.zrem(used, *keys)
                    rows: list[int] = await pipe.execute()
                gone += sum(rows[:-1])
    except (RedisError, OSError, TimeoutError) as error:
        _gone(error)
        return None
    return gone


async def _keys(redis: Redis, used: str) -> AsyncIterator[list[str]]:
    """Give all keys that count as used, read at once: what changes meanwhile is neither missed nor met twice."""
    keys: list[Any] = await redis.zrange(used, 0, -1)
    names = [key.decode() if isinstance(key, bytes) else key for key in keys]
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]


def _gone(error: Exception) -> None:
    structlog.get_logger().warning(
        "answer_cache.not_surveyed", reason=f"{type(error).__name__}: {error}"[:200]
    )
