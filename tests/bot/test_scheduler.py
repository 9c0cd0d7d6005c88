"""What is due follows from the config and the last run, and runs once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from bot.audit import Actor, AuditLog, Change
from bot.pauses import Pauses
from bot.scheduler import RESUME, RETRY, Scheduler, due_at
from bot.upkeep import Upkeep
from config.durations import Schedule
from config.settings import SourceSettings
from knowledge.errors import PermanentSourceError
from knowledge.leases import Leases
from knowledge.library import ArticleLibrary
from knowledge.models import Article, ListingComplete, SyncReport
from knowledge.sync import ArticleSync
from knowledge.sync_runs import SyncRun, SyncRuns
from tests.bot.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from knowledge.database import Database
    from knowledge.models import Found
    from tests.bot.conftest import Clock


class NoIndex:
    """Stands where the passage index would: these tests are about when, not what."""

    async def reconcile(self, library: object, progress: object = None, again: object = ()) -> int:  # noqa: ARG002
        """Do nothing."""
        return 0

    async def rebuild(self, library: object, progress: object = None) -> int:  # noqa: ARG002
        """Do nothing."""
        return 0


class Shelf:
    """A source of one article that counts its listings."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.listed = 0
        self.closed = 0
        self.news = asyncio.Event()

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:  # noqa: ARG002
        """List the article."""
        self.listed += 1
        self.news.set()
        yield Article(self.name, "a", "A", "Text.", "r1", frozenset({"public"}))
        yield ListingComplete()

    async def check(self) -> str:
        """Be well."""
        return "1 article"

    async def close(self) -> None:
        """Count."""
        self.closed += 1


@pytest.fixture
def shelf() -> Shelf:
    """A source called docs."""
    return Shelf("docs")


@pytest.fixture
def runs(database: Database) -> SyncRuns:
    """The record of runs."""
    return SyncRuns(database)


def make_scheduler(
    database: Database, runs: SyncRuns, shelf: Shelf, clock: Clock, every: str = "1h"
) -> Scheduler:
    """A scheduler of one process, over the real library, leases and runs."""
    library = ArticleLibrary(database, clock)
    sync = ArticleSync(library, NoIndex(), Leases(database, clock), runs, clock)
    settings = SourceSettings(name="docs", type="shelf", every=every, audience=frozenset({"public"}))

    def build(_settings: SourceSettings) -> Shelf:
        return shelf

    upkeep = Upkeep(
        [settings],
        library=library,
        sync=sync,
        runs=runs,
        build_source=build,
        clock=clock,
        pauses=Pauses(database, clock),
    )
    return Scheduler(upkeep, runs, clock=clock, random=Random(1), zone=UTC)


def run_of(started: datetime, *, ok: bool = True) -> SyncRun:
    """A run that began then."""
    return SyncRun("docs", started, started, ok, SyncReport("docs"))


@pytest.mark.parametrize(
    ("every", "last", "due"),
    [
        ("1h", None, NOW),
        ("0 3 * * *", None, NOW),
        ("1h", run_of(NOW - timedelta(minutes=20)), NOW + timedelta(minutes=40)),
        ("1h", run_of(NOW - timedelta(days=3)), NOW - timedelta(days=3) + timedelta(hours=1)),
        ("0 3 * * *", run_of(NOW), datetime(2030, 6, 16, 3, tzinfo=UTC)),
        ("0 12 * * *", run_of(NOW), datetime(2030, 6, 16, 12, tzinfo=UTC)),
        ("0 12 * * *", run_of(NOW - timedelta(days=1)), NOW),
        ("30 9 * * mon", run_of(NOW), datetime(2030, 6, 17, 9, 30, tzinfo=UTC)),
        ("1h", run_of(NOW, ok=False), NOW + RETRY),
        ("90s", run_of(NOW, ok=False), NOW + timedelta(seconds=90)),
        ("1h", run_of(NOW + timedelta(days=400)), NOW + timedelta(hours=1)),
    ],
)
def test_when_a_source_is_due(every: str, last: SyncRun | None, due: datetime) -> None:
    """Never synced: now. Else an interval after the last run, or when the cron line says; failures sooner."""
    assert due_at(Schedule.parse(every), last, NOW, UTC) == due


async def test_a_due_source_is_synced_and_then_not_due(
    database: Database, runs: SyncRuns, shelf: Shelf, clock: Clock
) -> None:
    """A run makes the source due an interval later, with jitter, in every process and after a restart."""
    assert await make_scheduler(database, runs, shelf, clock).run_if_due("docs")
    restarted = make_scheduler(database, runs, shelf, clock)
    assert not await restarted.run_if_due("docs")
    assert timedelta(hours=1) <= await restarted.pause("docs") <= timedelta(minutes=61)
    clock.advance(minutes=61)
    assert await restarted.pause("docs") == timedelta(0)
    assert await restarted.run_if_due("docs")
    assert (shelf.listed, shelf.closed) == (2, 2)


async def test_two_schedulers_at_once_sync_once(
    database: Database, runs: SyncRuns, shelf: Shelf, clock: Clock
) -> None:
    """Both find the source due at the same moment; one listing is made."""
    first = make_scheduler(database, runs, shelf, clock)
    second = make_scheduler(database, runs, shelf, clock)
    await asyncio.gather(first.run_if_due("docs"), second.run_if_due("docs"))
    assert shelf.listed == 1


async def test_a_source_that_cannot_be_built_is_retried_and_reported(
    database: Database, runs: SyncRuns, clock: Clock
) -> None:
    """The failure is logged and recorded, so `sources` shows it, and the next attempt comes after a pause."""

    def refuse(_settings: SourceSettings) -> Shelf:
        raise PermanentSourceError("source docs: path is missing; add it")

    settings = SourceSettings(name="docs", type="shelf", every="1h", audience=frozenset({"public"}))
    library = ArticleLibrary(database, clock)
    sync = ArticleSync(library, NoIndex(), Leases(database, clock), runs, clock)
    upkeep = Upkeep([settings], library=library, sync=sync, runs=runs, build_source=refuse, clock=clock)
    scheduler = Scheduler(upkeep, runs, clock=clock, random=Random(1))
    with capture_logs() as logs:
        assert await scheduler.run_if_due("docs")
    assert {
        "event": "source_not_built",
        "log_level": "warning",
        "source": "docs",
        "error": "source docs: path is missing; add it",
    } in logs
    last = await runs.last("docs")
    assert last is not None
    assert last.report.error == "source docs: path is missing; add it"
    assert timedelta(0) < await scheduler.pause("docs") <= RETRY + timedelta(minutes=1)


async def test_a_running_scheduler_syncs_what_was_never_synced(
    database: Database, runs: SyncRuns, shelf: Shelf, clock: Clock
) -> None:
    """The loop itself, by the real clock of APScheduler: a new source is synced at once."""
    running = asyncio.create_task(make_scheduler(database, runs, shelf, clock).run())
    try:
        async with asyncio.timeout(30):
            await shelf.news.wait()
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert shelf.listed == 1


async def test_a_paused_source_waits_until_it_is_resumed(
    database: Database, runs: SyncRuns, shelf: Shelf, clock: Clock
) -> None:
    """Due or not, it is left alone; resumed, perhaps by another process, it is synced at the next look."""
    scheduler = make_scheduler(database, runs, shelf, clock)
    pauses = Pauses(database, clock)
    note = AuditLog(database, clock).within(Actor("cli:root", "terminal"), Change("pause", "docs"))
    await pauses.pause("docs", "cli:root", note)
    assert not await scheduler.run_if_due("docs")
    assert await scheduler.pause("docs") == RESUME
    assert shelf.listed == 0
    await pauses.resume("docs", note)
    assert await scheduler.run_if_due("docs")
    assert shelf.listed == 1
