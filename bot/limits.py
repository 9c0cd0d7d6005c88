"""Limits: how much a person, and all people of a channel together, may ask in a while."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from knowledge.redis_circuit import RedisCircuit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from redis.asyncio import Redis

    from config.desk import LimitSettings
    from connectors.base import Address, Person

_PREFIX = "{helpdesk-bot:limits}"
_MOST_COUNTED = 10_000
_COUNT = """
-- KEYS counters; ARGV milliseconds
local numbers = {}
for i, key in ipairs(KEYS) do
  numbers[i] = redis.call('INCR', key)
  if numbers[i] == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
end
return numbers
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
        self._seconds = int(settings.length.total_seconds())
        self._redis = redis
        self._now = now
        self._circuit = RedisCircuit("rate limits")
        self._counted: dict[str, tuple[float, int]] = {}

    @property
    def seconds(self) -> int:
        """How long a window is."""
        return self._seconds

    async def take(self, address: Address, person: Person) -> Allowed:
        """Count one question; tell whether it is within the limits of its person and its channel."""
        place = f"channel:{address.platform}:{address.workspace}:{address.channel}"
        most = {f"person:{person.id}": self._settings.per_person, place: self._settings.per_channel}
        counted = [what for what, limit in most.items() if limit]
        numbers = dict(zip(counted, await self._count(counted), strict=True))
        over = [what for what, number in numbers.items() if number > most[what]]
        verdicts = [await self._told(what, person.id if what == place else "") for what in over]
        return next(iter(verdicts), Allowed.YES)

    async def _told(self, what: str, told_to: str) -> Allowed:
        """Tell each person once: in a channel's window, the one who comes too late as well."""
        (number,) = await self._count([f"told:{what}:{told_to}"])
        return Allowed.TOLD if number == 1 else Allowed.SILENT

    async def _count(self, what: Sequence[str]) -> list[int]:
        redis, keys = self._redis, [f"{_PREFIX}:{one}" for one in what]
        milliseconds = self.seconds * 1000

        async def count() -> list[int]:
            return list(await cast("Awaitable[Any]", redis.eval(_COUNT, len(keys), *keys, milliseconds)))  # type: ignore[union-attr]

        nothing: list[int] = []
        numbers = nothing if redis is None or not keys else await self._circuit.call(count, nothing)
        return numbers or [self._count_here(key) for key in keys]

    def _count_here(self, key: str) -> int:
        now = self._now()
        if len(self._counted) >= _MOST_COUNTED:
            self._counted = {name: held for name, held in self._counted.items() if held[0] > now}
        ends, number = self._counted.get(key, (0.0, 0))
        if ends <= now:
            ends, number = now + self.seconds, 0
        self._counted[key] = ends, number + 1
        return number + 1
