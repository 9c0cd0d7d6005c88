"""The re-sync when something fails: a source, the index, another process, this process."""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from knowledge.database import Database
from knowledge.errors import EmbeddingError, PermanentSourceError, StorageError, TransientSourceError
from knowledge.leases import Leases
from knowledge.library import ArticleLibrary
from knowledge.models import ListingComplete, Removed, SyncReport
from knowledge.sync import INDEX_LEASE, ArticleSync
from knowledge.sync_runs import SyncRuns
from tests.knowledge.conftest import make_article
from tests.knowledge.in_memory import ListedSource, RevisionIndex, agree, listing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from knowledge.models import Found
    from knowledge.sync import Progress
    from tests.knowledge.conftest import Clock


async def test_listing_that_fails_at_once(
    sync: ArticleSync, library: ArticleLibrary, index: RevisionIndex, runs: SyncRuns
) -> None:
    """A source that cannot be read changes nothing and is reported with its reason."""
    await sync.run(listing(make_article("a")))
    source = listing(PermanentSourceError("desk: 401, renew the token"))
    assert await sync.run(source) == SyncReport("desk", error="desk: 401, renew the token")
    assert list(await library.known("desk")) == ["a"]
    assert await agree(library, index)
    last = await runs.last("desk")
    assert last is not None
    assert not last.ok
    assert last.report.error == "desk: 401, renew the token"


async def test_listing_that_breaks_off(
    sync: ArticleSync, library: ArticleLibrary, index: RevisionIndex
) -> None:
    """What was found before the break is taken, and nothing is removed for not being listed."""
    await sync.run(listing(make_article("a"), make_article("b"), make_article("c")))
    source = listing(make_article("new"), Removed("a"), TransientSourceError("page 2: 503"))
    report = await sync.run(source)
    assert report == SyncReport("desk", added=1, removed=1, embedded_passages=1, error="page 2: 503")
    assert set(await library.known("desk")) == {"b", "c", "new"}
    assert await agree(library, index)


async def test_source_with_a_bug(sync: ArticleSync, library: ArticleLibrary) -> None:
    """An unexpected error of a source is reported like a failed listing."""
    await sync.run(listing(make_article("a")))
    report = await sync.run(listing(make_article("b"), KeyError("results")))
    assert report.error is not None
    assert "KeyError" in report.error
    assert set(await library.known("desk")) == {"a", "b"}


async def test_empty_listing(sync: ArticleSync, library: ArticleLibrary) -> None:
    """A listing that ends without an article keeps all and says so; accepted, it removes them."""
    await sync.run(listing(make_article("a"), make_article("b")))
    report = await sync.run(listing())
    assert report.error is not None
    assert "holds 2 of it; they were kept" in report.error
    assert await library.count() == 2
    assert await sync.run(listing(), accept_empty=True) == SyncReport("desk", removed=2)
    assert await sync.run(listing()) == SyncReport("desk")


async def test_add_while_the_index_is_busy(
    sync: ArticleSync, library: ArticleLibrary, index: RevisionIndex, leases: Leases
) -> None:
    """An article that could not be indexed is not acknowledged; it is kept, and the next sync indexes it."""
    article = make_article("note", "local")
    async with leases.hold(INDEX_LEASE):
        with pytest.raises(StorageError, match="still indexing"):
            await sync.add(article)
        report = await sync.run(listing(make_article("a")))
    assert report.added == 1
    assert "still indexing" in str(report.error)
    assert index.held == {}
    assert await sync.run(listing(make_article("a"))) == SyncReport("desk", unchanged=1, embedded_passages=2)
    assert await agree(library, index)


async def test_one_indexer_at_a_time(
    library: ArticleLibrary, leases: Leases, runs: SyncRuns, clock: Clock
) -> None:
    """Syncs of different sources that run at once index one after the other."""
    inside = 0
    two_inside = asyncio.Event()

    class SlowIndex(RevisionIndex):
        async def reconcile(self, library: ArticleLibrary, progress: Progress | None = None) -> int:
            nonlocal inside
            inside += 1
            if inside > 1:
                two_inside.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(two_inside.wait(), 0.2)  # time for another to come in
            inside -= 1
            return await super().reconcile(library, progress)

    sync = ArticleSync(library, SlowIndex(), leases, runs, clock, index_wait=timedelta(seconds=60))
    sources = [listing(make_article("a", name), name=name) for name in ("one", "two", "three")]
    reports = await asyncio.gather(*(sync.run(source) for source in sources))
    assert [report.error for report in reports] == [None] * 3
    assert not two_inside.is_set()


async def test_failed_indexing_is_made_up_for(
    sync: ArticleSync, library: ArticleLibrary, index: RevisionIndex
) -> None:
    """When the index fails the report says so, and the next run, even of a failing source, heals it."""
    index.error = EmbeddingError("the model's process died")
    report = await sync.run(listing(make_article("a")))
    assert (report.added, report.error) == (1, "the model's process died")
    index.error = None
    report = await sync.run(listing(TransientSourceError("503")))
    assert report == SyncReport("desk", embedded_passages=1, error="503")
    assert await agree(library, index)


async def test_another_runner(
    sync: ArticleSync, leases: Leases, library: ArticleLibrary, runs: SyncRuns
) -> None:
    """While another process syncs a source, this one does nothing and says why; it counts as no run."""
    async with leases.hold("source:desk"):
        report = await sync.run(listing(make_article("a")))
        assert (await sync.run(listing(make_article("a", "wiki"), name="wiki"))).error is None
    assert report == SyncReport("desk", error="another process is syncing desk now")
    assert await library.known("desk") == {}
    assert await runs.last("desk") is None


async def test_taken_over_in_the_middle(
    sync: ArticleSync, leases: Leases, library: ArticleLibrary, clock: Clock
) -> None:
    """A runner that lost its lease while it listed applies nothing."""

    class StalledSource(ListedSource):
        async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:  # noqa: ARG002
            clock.move(timedelta(minutes=1))
            assert await leases.acquire("source:desk") is not None
            yield make_article("stale")
            yield ListingComplete()

    report = await sync.run(StalledSource([]))
    assert "took over" in str(report.error)
    assert report.added == 0
    assert await library.known("desk") == {}


WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from knowledge.database import Database
from knowledge.leases import Leases
from knowledge.library import ArticleLibrary
from knowledge.sync import ArticleSync
from knowledge.sync_runs import SyncRuns
from tests.knowledge.conftest import make_article
from tests.knowledge.in_memory import RevisionIndex, listing

async def main():
    clock = lambda: datetime.now(UTC)
    async with Database(sys.argv[1]) as database:
        library = ArticleLibrary(database, clock)
        sync = ArticleSync(library, RevisionIndex(), Leases(database, clock), SyncRuns(database), clock)
        for n in range(1000):
            articles = [make_article(str(i), body=f"{n} {i}" * 50) for i in range(150)]
            print("syncing", flush=True)
            await sync.run(listing(*articles))
            await sync.add(make_article(str(n), "local"))
            print("acknowledged", n, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_any_moment(seed: int, tmp_path: Path, clock: Clock) -> None:
    """After `kill -9` every acknowledged article is there, and the next run makes index and library agree."""
    url = Database.url_for("", tmp_path)
    async with Database(url) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    acknowledged: set[str] = set()
    try:
        assert writer.stdout is not None
        chance = random.Random(seed)
        for _ in range(chance.randint(1, 6)):
            while (line := (await writer.stdout.readline()).split())[0] not in (b"syncing", b"acknowledged"):
                pass  # the log
            acknowledged.update(number.decode() for number in line[1:])
        await asyncio.sleep(chance.random() / 5)  # the random moment; nothing is waited for
    finally:
        writer.kill()
        rest, _ = await writer.communicate()
    acknowledged.update(
        line.split()[1] for line in rest.decode().splitlines() if line.startswith("acknowledged ")
    )
    assert writer.returncode == -9
    async with Database(url) as database:
        library, index = ArticleLibrary(database, clock), RevisionIndex()
        sync = ArticleSync(library, index, Leases(database, clock), SyncRuns(database), clock)
        report = await sync.run(listing(*(make_article(str(i)) for i in range(150))))
        assert report.error is None
        assert report.added + report.updated == 150
        assert acknowledged <= set(await library.known("local"))
        assert await agree(library, index)
