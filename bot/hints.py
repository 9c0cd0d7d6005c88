"""Syncs a source soon after it was hinted that it changed; the schedule makes up for a hint that was lost."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from redis.asyncio import Redis

    from bot.upkeep import Upkeep
    from knowledge.models import SyncReport
    from knowledge.sync_runs import SyncRuns

SETTLE_SECONDS: Final = 20.0
"""A helpdesk may announce a change before its listing shows it, or a deletion, which no list of changes shows.

So where a sync found nothing, everything is listed, so much later.
"""
WHOLE_EVERY: Final = timedelta(minutes=10)
"""How often everything is listed for that reason, at most; in between, changes are looked for again."""
BUSY_SECONDS: Final = 0.5
PATIENCE: Final = timedelta(minutes=10)
"""How long another process's sync of the source is waited for."""
KEPT: Final = timedelta(days=2)
_MOST_KEYS: Final = 10_000
_PREFIX: Final = "{helpdesk-bot:seen}"  # the braces keep all keys in one slot of a Redis Cluster


class SyncHints:
    """Runs one sync at a time for each source; hints that come meanwhile make one more."""

    def __init__(
        self,
        names: Iterable[str],
        *,
        upkeep: Upkeep,
        runs: SyncRuns,
        clock: Callable[[], datetime],
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._upkeep = upkeep
        self._runs = runs
        self._clock = clock
        self._settle = settle_seconds
        self._hinted = {name: asyncio.Event() for name in names}
        self._since: dict[str, datetime] = {}
        self._whole: dict[str, datetime] = {}
        self._log = structlog.get_logger()

    def hint(self, name: str) -> None:
        """Note that the source changed; returns at once."""
        self._since[name] = self._clock()
        self._hinted[name].set()

    async def run(self) -> None:
        """Sync what was hinted, for ever."""
        async with asyncio.TaskGroup() as group:
            for name in self._hinted:
                group.create_task(self._serve(name), name=f"hints of {name}")
            await asyncio.Event().wait()  # also where no source has a webhook

    async def _serve(self, name: str) -> None:
        hinted = self._hinted[name]
        while True:
            await hinted.wait()
            hinted.clear()
            try:
                if await self._synced(name) or await self._quiet(hinted):
                    continue
                self._since[name] = self._clock()
                await self._synced(name, full=self._may_list_all(name))
            except Exception:  # noqa: BLE001 - a database away for a while must not end this
                self._log.warning("hinted_sync_failed", source=name, exc_info=True)

    def _may_list_all(self, name: str) -> bool:
        now, last = self._clock(), self._whole.get(name)
        if last is not None and now - last < WHOLE_EVERY:
            return False
        self._whole[name] = now
        return True

    async def _quiet(self, hinted: asyncio.Event) -> bool:
        """Wait a while for the change to show; True when another hint came first."""
        try:
            async with asyncio.timeout(self._settle):
                await hinted.wait()
        except TimeoutError:
            return False
        return True

    async def _synced(self, name: str, *, full: bool = False) -> bool:
        """Sync the source, unless a sync began since the hint; False when that found no change."""
        since = self._since[name]
        until = self._clock() + PATIENCE
        while name not in await self._upkeep.paused():
            [report] = await self._upkeep.sync([name], full=full, unless_since=since)
            last = await self._runs.last(name)
            if report.error is None or (last is not None and last.started_at >= since):
                self._log.info("hinted_sync", source=name, changed=_changed(report), error=report.error)
                return _changed(report) > 0
            if self._clock() > until:
                self._log.warning("hinted_sync_gave_up", source=name, error=report.error)
                return True
            await asyncio.sleep(
                BUSY_SECONDS
            )  # another process is at it, and may have listed before the change
        return True


def _changed(report: SyncReport) -> int:
    return report.added + report.updated + report.removed


class SeenKeys:
    """Remembers keys for two days: in Redis where it is there, so that replicas share them, else in this process."""

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._log = structlog.get_logger()

    async def is_new(self, key: str) -> bool:
        """Remember a key; tells whether it was not there."""
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _MOST_KEYS:
            self._seen.popitem(last=False)
        if self._redis is None:
            return True
        try:
            return bool(await self._redis.set(f"{_PREFIX}:{key}", "1", nx=True, ex=KEPT))
        except RedisError as error:
            self._log.warning("seen_keys_not_shared", reason=type(error).__name__)
            return True
