"""Conversation: the last questions of each thread, in Redis."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.access import CONSOLE
from connectors.base import IncomingMessage
from knowledge.redis_circuit import RedisCircuit

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any

    from redis.asyncio import Redis

    from connectors.base import Event

TURNS = 6
AGE = timedelta(hours=24)
"""How long a thread is remembered after its last question."""
LONGEST = 500
"""Characters of a question that are kept."""
_PREFIX = "helpdesk-bot:thread"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked and as it was searched. Answers are not kept: nothing private can leak from them."""

    asked: str
    searched: str


class Conversation:
    """The last six questions of a thread, by audience: what was asked in private is not seen in public.

    Without Redis, or with one that is gone, nothing is remembered; that is warned of once and never raises.
    """

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._circuit = RedisCircuit("thread memory")
        self._log = structlog.get_logger()

    async def turns(self, event: Event, audience: frozenset[str] | None) -> list[Turn]:
        """Give the thread's questions, oldest first; none outside of a thread, where many talk of many things."""
        redis, key = self._redis, thread_key(event, audience)
        if redis is None or key is None:
            return []

        async def read() -> list[bytes | str]:
            work: Awaitable[list[Any]] = redis.lrange(key, -TURNS, -1)
            return await work

        rows: list[bytes | str] = await self._circuit.call(read, [])
        try:
            return [Turn(**json.loads(row)) for row in rows]
        except (ValueError, TypeError):
            self._log.warning("thread_memory.unreadable", key=key)
            return []

    async def add(self, event: Event, audience: frozenset[str] | None, turn: Turn) -> None:
        """Remember a question; the oldest goes, and what is too long is cut."""
        redis, key = self._redis, thread_key(event, audience)
        if redis is None or key is None:
            return
        kept = json.dumps(asdict(Turn(turn.asked[:LONGEST], turn.searched[:LONGEST])))

        async def write() -> None:
            async with redis.pipeline(transaction=True) as pipeline:
                pipeline.rpush(key, kept)
                pipeline.ltrim(key, -TURNS, -1)
                pipeline.expire(key, AGE)
                await pipeline.execute()

        await self._circuit.call(write, None)


def thread_key(event: Event, audience: frozenset[str] | None) -> str | None:
    """Give the key of the event's thread for an audience; None where there is no thread.

    A direct message and the terminal are a thread each.
    """
    place = event.address
    alone = place.platform == CONSOLE or (isinstance(event, IncomingMessage) and event.direct)
    if place.thread is None and not alone:
        return None
    labels = None if audience is None else sorted(audience)
    parts = [place.platform, place.workspace, place.channel, place.thread, labels]
    return f"{_PREFIX}:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]}"
