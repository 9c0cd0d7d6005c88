"""What an operator asks of the answer cache as a whole: how much is kept, and to forget it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.exceptions import RedisError

from knowledge.cache_entry import Head

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from redis.asyncio import Redis

_AT_ONCE: Final = 500
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class CacheSurvey:
    """`size` is the bytes of the answers as they are kept, `negative` how many say that no article answers.

    `oldest` is when the oldest was made.
    """

    entries: int
    size: int
    oldest: datetime | None
    negative: int = 0


async def survey(redis: Redis, used: str, entry: Callable[[str], str]) -> CacheSurvey | None:
    """Look at each entry; None when Redis does not answer. What cannot be read is not counted."""
    entries = size = negative = 0
    made: list[int] = []
    try:
        async with asyncio.timeout(_SECONDS):
            async for keys in _keys(redis, used):
                async with redis.pipeline(transaction=False) as pipe:
                    for key in keys:
                        pipe.strlen(entry(key))
                        pipe.getrange(entry(key), 0, 511)
                    rows: list[Any] = await pipe.execute(raise_on_error=False)
                for length, line in zip(rows[::2], rows[1::2], strict=True):
                    with contextlib.suppress(ValueError, TypeError):  # it ended, and still counts as used
                        head = Head.read(bytes(line))
                        made.append(head.made)
                        entries, size = entries + 1, size + length
                        negative += head.kind == "n"
    except (RedisError, OSError, TimeoutError) as error:
        _gone(error)
        return None
    oldest = datetime.fromtimestamp(min(made) / 1000, UTC) if made else None
    return CacheSurvey(entries, size, oldest, negative)


async def clear(redis: Redis, sets: Sequence[str], entry: Callable[[str], str]) -> int | None:
    """Forget every entry; None when Redis does not answer. What is made meanwhile may stay, or go.

    `sets` are the sorted sets that hold the keys; the first one holds all.
    """
    gone = 0
    try:
        async with asyncio.timeout(_SECONDS):
            async for keys in _keys(redis, sets[0]):
                async with redis.pipeline(transaction=False) as pipe:
                    for key in keys:
                        pipe.unlink(entry(key))
                    for each in sets:
                        pipe.zrem(each, *keys)
                    rows: list[int] = await pipe.execute()
                gone += sum(rows[: len(keys)])
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
