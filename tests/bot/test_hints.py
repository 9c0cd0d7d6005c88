"""Hints that a source changed: real SQL and leases, and a helpdesk at the far end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.hints import SeenKeys, SyncHints
from bot.pauses import Pauses
from bot.upkeep import Upkeep
from bot.valkey import EmbeddedValkey
from config.settings import SourceSettings
from knowledge.leases import Leases
from knowledge.library import ArticleLibrary
from knowledge.sources.base import build_source
from knowledge.sync import ArticleSync
from knowledge.sync_runs import SyncRuns
from tests.bot.conftest import Clock
from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.zendesk import EMAIL, TOKEN, FakeZendesk
from tests.knowledge.in_memory import RevisionIndex

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncConnection

    from knowledge.database import Database

SETTLE = 0.05


class Ticking(Clock):
    """A clock that moves on whenever it is read."""

    def __call__(self) -> datetime:
        """Give the time, a millisecond later than before."""
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Syncs begin one after the other."""
    return Ticking()


class Watched:
    """A helpdesk, the bot's library of it, and the hints."""

    def __init__(self, zendesk: FakeZendesk, database: Database, clock: Clock, url: str) -> None:
        self.zendesk = zendesk
        self.clock = clock
        self.library = ArticleLibrary(database, clock)
        self.leases = Leases(database, clock)
        self.runs = SyncRuns(database)
        self.pauses = Pauses(database, clock)
        sync = ArticleSync(self.library, RevisionIndex(), self.leases, self.runs, clock)
        table = {"name": "desk", "type": "zendesk", "url": url, "email": EMAIL, "token_env": "HINTED_TOKEN"}
        source = SourceSettings.model_validate({**table, "audience": ["public"], "retry_pause": 0})
        self.upkeep = Upkeep(
            [source],
            library=self.library,
            sync=sync,
            runs=self.runs,
            build_source=build_source,
            clock=clock,
            pauses=self.pauses,
        )
        self.hints = SyncHints(
            ["desk"], upkeep=self.upkeep, runs=self.runs, clock=clock, settle_seconds=SETTLE
        )

    def hint(self) -> None:
        """Tell of a change."""
        self.hints.hint("desk")

    async def until_held(self, *ids: str) -> None:
        """Wait until the library holds exactly these articles."""
        wanted = {f"{number}:en-us" for number in ids}
        async with asyncio.timeout(20):
            while set(await self.library.known("desk")) != wanted:
                await asyncio.sleep(0.01)


@pytest.fixture
async def watched(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Watched]:
    """A Zendesk with an article, hinted at once, and the hints running."""
    monkeypatch.setenv("HINTED_TOKEN", TOKEN)
    zendesk = FakeZendesk()
    zendesk.desk.categories[1] = {"name": "Help"}
    zendesk.desk.sections[10] = {"name": "Plans", "category_id": 1, "parent_section_id": None}
    zendesk.desk.put(1, "Gold plan", "<p>It costs 10 euros.</p>", section_id=10)
    async with zendesk.running() as url, _running(Watched(zendesk, database, clock, url)) as ready:
        ready.hint()
        await ready.until_held("1")
        yield ready


@asynccontextmanager
async def _running(watched: Watched) -> AsyncIterator[Watched]:
    task = asyncio.create_task(watched.hints.run())
    try:
        yield watched
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_change_is_read_at_once(watched: Watched) -> None:
    """A new article comes by the list of changes; many hints make few syncs."""
    watched.zendesk.desk.put(2, "Silver plan", "<p>It costs 5 euros.</p>", section_id=10)
    watched.zendesk.wire.log.clear()
    for _ in range(50):
        watched.hint()
    await watched.until_held("1", "2")
    assert len(watched.zendesk.wire.paths("incremental")) <= 2


async def test_a_deletion_shows_by_listing_everything(watched: Watched) -> None:
    """Zendesk's list of changes is silent on what was archived: where it shows nothing, all is listed, once a while."""
    watched.zendesk.desk.put(2, "Silver plan", "<p>It costs 5 euros.</p>", section_id=10)
    watched.hint()
    await watched.until_held("1", "2")
    watched.zendesk.desk.delete(2)
    watched.hint()
    await watched.until_held("1")
    listings = len(watched.zendesk.wire.paths("en-us/articles?"))
    changes = len(watched.zendesk.wire.paths("incremental"))
    watched.hint()
    async with asyncio.timeout(20):
        while len(watched.zendesk.wire.paths("incremental")) < changes + 2:
            await asyncio.sleep(0.01)
    assert len(watched.zendesk.wire.paths("en-us/articles?")) == listings


async def test_another_process_is_waited_for(watched: Watched) -> None:
    """It may have listed before the change: after it, the source is listed again."""
    watched.zendesk.desk.put(2, "Silver plan", "<p>It costs 5 euros.</p>", section_id=10)
    while (lease := await watched.leases.acquire("source:desk")) is None:
        await asyncio.sleep(0.01)  # the first sync still holds it
    before = len(watched.zendesk.wire.log)
    watched.hint()
    await asyncio.sleep(0.7)
    assert len(watched.zendesk.wire.log) == before
    await lease.release()
    await watched.until_held("1", "2")


async def test_a_paused_source_stays_paused(watched: Watched) -> None:
    """An admin's pause holds against webhooks too."""

    async def nothing_else(_connection: AsyncConnection) -> None:
        return None

    await watched.pauses.pause("desk", "Ana", nothing_else)
    before = len(watched.zendesk.wire.log)
    watched.hint()
    await asyncio.sleep(0.3)
    assert len(watched.zendesk.wire.log) == before


async def test_a_failure_ends_nothing(watched: Watched) -> None:
    """A helpdesk that refuses now is read at the next hint."""
    watched.zendesk.desk.put(2, "Silver plan", "<p>It costs 5 euros.</p>", section_id=10)
    watched.zendesk.wire.faults.append(Fault("help_center", status=401))
    watched.hint()
    async with asyncio.timeout(20):
        while watched.zendesk.wire.faults[0].times:
            await asyncio.sleep(0.01)
    watched.hint()
    await watched.until_held("1", "2")


async def test_replicas_share_what_they_saw(tmp_path: Path) -> None:
    """A webhook that is played again to another replica, or after a restart, is known by Redis."""
    async with EmbeddedValkey(tmp_path) as server:
        redis = server.client()
        assert await SeenKeys(redis).is_new("webhook/desk/1")
        other = SeenKeys(redis)
        assert not await other.is_new("webhook/desk/1")
        assert await other.is_new("webhook/desk/2")
        await redis.aclose()


async def test_without_redis_it_remembers_for_itself() -> None:
    """Within bounds."""
    seen = SeenKeys(None)
    assert [await seen.is_new(key) for key in ("1", "1", "2")] == [True, False, True]
    for number in range(10_001):
        await seen.is_new(f"more/{number}")
    assert await seen.is_new("1")
