"""The scheduler: syncs each source when it is due.

What is due follows from the config and the last run in the database, so a restart forgets nothing. It is
looked up again inside the source's lease, so two replicas do not run one sync twice. Nothing else is stored.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from random import Random

    from bot.upkeep import Upkeep
    from config.durations import Schedule
    from knowledge.sync_runs import SyncRun, SyncRuns

RETRY = timedelta(minutes=5)
"""How soon a failed sync is tried again, unless its source is due sooner."""
SHORTEST_PAUSE = timedelta(seconds=10)
LONGEST_JITTER = timedelta(minutes=1)
RESUME = timedelta(seconds=30)
"""How soon it is seen that a paused source was resumed, perhaps by another process."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def due_at(schedule: Schedule, last: SyncRun | None, now: datetime, zone: tzinfo | None = None) -> datetime:
    """Give when a source is due: now if it never ran, else after its last run.

    Cron lines mean the time of `zone`, by default the machine's.
    """
    if last is None:
        return now
    started = min(last.started_at, now)  # a clock that was set back must not put the sync off
    if schedule.interval is not None:
        regular = started + schedule.interval
    else:
        trigger = CronTrigger.from_crontab(schedule.cron, timezone=zone)
        # a second later, or a run that began on the dot would be due again at once
        fire = trigger.get_next_fire_time(None, started + timedelta(seconds=1))
        regular = fire if fire is not None else datetime.max.replace(tzinfo=UTC)
    return regular if last.ok else min(regular, started + RETRY)


class Scheduler:
    """Runs until cancelled. Sources are synced one at a time."""

    def __init__(
        self,
        upkeep: Upkeep,
        runs: SyncRuns,
        *,
        clock: Callable[[], datetime],
        random: Random,
        zone: tzinfo | None = None,
    ) -> None:
        self._upkeep = upkeep
        self._runs = runs
        self._clock = clock
        self._random = random
        self._zone = zone
        self._turn = asyncio.Lock()
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Sync every source whenever it is due, for ever."""
        # coalesced and never too late: a run missed while the machine slept is made up for, once
        defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        scheduler.start()
        try:
            async with asyncio.TaskGroup() as group:
                for name in self._upkeep.sources:
                    self._plan(scheduler, group, name, await self.pause(name))
                await asyncio.Event().wait()
        finally:
            scheduler.shutdown(wait=False)

    async def run_if_due(self, name: str) -> bool:
        """Sync the source if it is due now and not paused, here or in another process; tell whether it was."""
        async with self._turn:
            if name in await self._upkeep.paused():
                return False
            last = await self._runs.last(name)
            if self._due(name, last) > self._clock():
                return False
            since = _LONG_AGO if last is None else last.started_at + timedelta(microseconds=1)
            await self._upkeep.sync([name], unless_since=since)
            return True

    async def pause(self, name: str) -> timedelta:
        """Give how long it is until the source is due, some jitter included; nothing if it is due already.

        A paused one is looked at again after a while.
        """
        if name in await self._upkeep.paused():
            return RESUME
        now = self._clock()
        wait = self._due(name, await self._runs.last(name)) - now
        if wait <= timedelta(0):
            return timedelta(0)
        return wait + min(wait / 10, LONGEST_JITTER) * self._random.random()

    def _due(self, name: str, last: SyncRun | None) -> datetime:
        return due_at(self._upkeep.sources[name].schedule, last, self._clock(), self._zone)

    def _plan(
        self, scheduler: AsyncIOScheduler, group: asyncio.TaskGroup, name: str, pause: timedelta
    ) -> None:
        async def fire() -> None:  # the work is a task of the group: it is cancelled and awaited with it
            turn = self._turn_of(scheduler, group, name)
            try:
                group.create_task(turn)
            except RuntimeError:  # the bot is being stopped this very moment
                turn.close()

        when = datetime.now(UTC) + pause
        scheduler.add_job(fire, DateTrigger(when), id=name, replace_existing=True)

    async def _turn_of(self, scheduler: AsyncIOScheduler, group: asyncio.TaskGroup, name: str) -> None:
        try:
            await self.run_if_due(name)
            pause = max(await self.pause(name), SHORTEST_PAUSE)
        except Exception:  # noqa: BLE001 - a database away for a while must not end the schedule
            self._log.warning(
                "sync_not_started", source=name, again_in_s=RETRY.total_seconds(), exc_info=True
            )
            pause = RETRY
        self._plan(scheduler, group, name, pause)
