"""Limits: how much a person, and all people of a channel together, may ask in a while."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from knowledge.redis_circuit import RedisCircuit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from config.desk import LimitSettings
    from connectors.base import Address, Person

_PREFIX = "{helpdesk-bot:limits}"
_MOST_COUNTED = 10_000
_COUNT = """
-- KEYS counter; ARGV milliseconds
local number = redis.call('INCR', KEYS[1])
if number == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return number
"""


class Allowed(StrEnum):
    """What becomes of one more question."""

    YES = "yes"
    TOLD = "told"  # the first one too many: whoever asked is told
    SILENT = "silent"


class Limits:
    """Counts in windows, across processes in Redis; without it each process counts for itself.

    A person is counted wherever they ask, a channel with all its threads.
    """

    def __init__(
        self,
        settings: LimitSettings,
        redis: Redis | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._redis = redis
        self._now = now
        self._circuit = RedisCircuit("rate limits")
        self._counted: dict[str, tuple[float, int]] = {}

    @property
    def seconds(self) -> int:
        """How long a window is."""
        return int(self._settings.length.total_seconds())

    async def take(self, address: Address, person: Person) -> Allowed:
        """Count one question; tell whether it is within the limits of its person and its channel."""
        place = f"{address.platform}:{address.workspace}:{address.channel}"
        verdicts = [
            await self._one(f"person:{person.id}", self._settings.per_person),
            await self._one(f"channel:{place}", self._settings.per_channel, told_to=person.id),
        ]
        return next((one for one in verdicts if one is not Allowed.YES), Allowed.YES)

    async def _one(self, what: str, most: int, told_to: str = "") -> Allowed:
        """Tell each person once: in a channel's window, the one who comes too late as well."""
        if not most or await self._count(what) <= most:
            return Allowed.YES
        first = await self._count(f"told:{what}:{told_to}") == 1
        return Allowed.TOLD if first else Allowed.SILENT

    async def _count(self, what: str) -> int:
        redis, key = self._redis, f"{_PREFIX}:{what}"
        milliseconds = self.seconds * 1000

        async def count() -> int:
            return int(await cast("Awaitable[Any]", redis.eval(_COUNT, 1, key, milliseconds)))  # type: ignore[union-attr]

        number = 0 if redis is None else await self._circuit.call(count, 0)
        return number or self._count_here(key)

    def _count_here(self, key: str) -> int:
        now = self._now()
        if len(self._counted) >= _MOST_COUNTED:
            self._counted = {name: held for name, held in self._counted.items() if held[0] > now}
        ends, number = self._counted.get(key, (0.0, 0))
        if ends <= now:
            ends, number = now + self.seconds, 0
        self._counted[key] = ends, number + 1
        return number + 1
