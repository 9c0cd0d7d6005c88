"""What the language model may cost a day: counted before each request, so that the limit is a hard one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from knowledge.answering.llm.usage import Spent, Usage
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from redis.asyncio import Redis

    from config.llm import LlmSettings

_PREFIX = "{helpdesk-bot:llm}"
_KEPT_SECONDS = 3 * 24 * 3600
_MICRO = 1_000_000
_TOLD = "told"


class DayCounter(Protocol):
    """Counts whole numbers by day and name, for all processes."""

    async def add(self, day: str, name: str, amount: int) -> int:
        """Add, and give the new sum."""
        ...


class RedisCounter:
    """Counts in Redis; a day's counts are kept for three."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def add(self, day: str, name: str, amount: int) -> int:
        """Add, and give the new sum. Raises RedisError."""
        key = f"{_PREFIX}:{day}"
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(key, name, amount)
            pipe.expire(key, _KEPT_SECONDS)
            total, _ = await pipe.execute()
        return int(total)


class MemoryCounter:
    """Counts in this process: what remains where neither Redis nor the database counts."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    async def add(self, day: str, name: str, amount: int) -> int:
        """Add, and give the new sum; other days are forgotten."""
        self._counts = {key: count for key, count in self._counts.items() if key[0] == day}
        self._counts[day, name] = self._counts.get((day, name), 0) + amount
        return self._counts[day, name]


class LlmBudget:
    """The daily limits, in money and in tokens; days are those of UTC.

    `tell` is awaited once a day, by one process, when a limit is first met: with a sentence for the admins. A request
    reserves the most that it can take and settles afterwards, so concurrent ones cannot pass the limit together. While
    the counter cannot be reached, this process counts alone.
    """

    def __init__(
        self,
        settings: LlmSettings,
        counter: DayCounter,
        clock: Callable[[], datetime],
        tell: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._settings = settings
        self._counter = counter
        self._spare = MemoryCounter()
        self._clock = clock
        self.tell = tell
        self.spent_here = Spent()
        self._log = structlog.get_logger()

    async def reserve(self, most: Usage) -> bool:
        """Set aside the most that a request can take; False, and nothing set aside, where a limit would be passed."""
        cost, tokens = await self._add(most)
        over = self._over(cost, tokens)
        if over:
            await self._add(Usage(-most.read, -most.written, -most.cost))
            await self._tell_once(over)
        return not over

    async def settle(self, reserved: Usage, used: Usage) -> None:
        """Replace what was set aside by what was used."""
        self.spent_here.requests += 1
        self.spent_here.usage += used
        await self._add(
            Usage(used.read - reserved.read, used.written - reserved.written, used.cost - reserved.cost)
        )

    async def spent(self) -> tuple[float, int]:
        """Give what today took so far: cost and tokens."""
        cost, tokens = await self._add(Usage())
        return cost / _MICRO, tokens

    def _over(self, cost: int, tokens: int) -> str:
        settings = self._settings
        if settings.daily_cost and cost > round(settings.daily_cost * _MICRO):
            return f"daily_cost = {settings.daily_cost:g}"
        if settings.daily_tokens and tokens > settings.daily_tokens:
            return f"daily_tokens = {settings.daily_tokens}"
        return ""

    async def _add(self, usage: Usage) -> tuple[int, int]:
        cost = await self._count("cost", round(usage.cost * _MICRO))
        return cost, await self._count("tokens", usage.tokens)

    async def _count(self, name: str, amount: int) -> int:
        day = self._clock().strftime("%Y-%m-%d")
        own = await self._spare.add(day, name, amount)
        try:
            return await self._counter.add(day, name, amount)
        except (RedisError, SQLAlchemyError, OSError, KnowledgeError) as error:
            self._log.warning("llm_spending_counted_in_this_process_only", reason=type(error).__name__)
            return own

    async def _tell_once(self, limit: str) -> None:
        if await self._count(_TOLD, 1) > 1:
            return
        words = (
            f"The language model has reached its limit for today ([llm] {limit}). "
            "Until midnight UTC answers are the articles' own words."
        )
        self._log.warning("llm_daily_limit_reached", limit=limit)
        if self.tell:
            try:
                await self.tell(words)
            except Exception:  # noqa: BLE001 - telling admins must not cost the person an answer
                self._log.warning("admins_not_told_of_the_llm_limit", exc_info=True)
