"""Removals of much of a source wait for an admin, and a source goes on where it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.errors import TransientSourceError
from knowledge.models import Removed
from tests.knowledge.conftest import make_article
from tests.knowledge.in_memory import ListedSource, listing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from knowledge.library import ArticleLibrary
    from knowledge.models import Found
    from knowledge.sync import ArticleSync
    from knowledge.sync_runs import SyncRuns

TEN = [make_article(str(number)) for number in range(10)]


@dataclass
class CountingSource(ListedSource):
    """A source whose cursor counts the listings that ended."""

    cursor: str | None = "none: the sync sets it before the listing"

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """List, then count."""
        async for item in super().articles(known, full=full):
            yield item
        self.cursor = str(int(self.cursor or "0") + 1)


async def test_a_fifth_goes_and_more_waits(sync: ArticleSync, library: ArticleLibrary) -> None:
    """Two of ten articles are removed at once; of three none is, and the report names them."""
    await sync.run(listing(*TEN))
    assert (await sync.run(listing(*TEN[2:]))).removed == 2
    await sync.run(listing(*TEN))
    report = await sync.run(listing(*TEN[3:]))
    assert (report.removed, report.held, report.error) == (0, ("0", "1", "2"), None)
    assert await library.count() == 10


async def test_tombstones_wait_too(sync: ArticleSync, library: ArticleLibrary) -> None:
    """Positive evidence for many articles at once is still much to lose."""
    await sync.run(listing(*TEN))
    report = await sync.run(ListedSource([Removed("1"), Removed("2"), Removed("3")]))
    assert report.held == ("1", "2", "3")
    assert await library.count() == 10


async def test_confirmed(sync: ArticleSync, library: ArticleLibrary, runs: SyncRuns) -> None:
    """What an admin confirms is what the last run held; it is removed if the source still lacks it."""
    await sync.run(listing(*TEN))
    await sync.run(listing(*TEN[4:]))
    last = await runs.last("desk")
    assert last is not None
    assert last.report.held == ("0", "1", "2", "3")
    report = await sync.run(listing(*TEN[3:]), accept_removals=True)
    assert (report.removed, report.held) == (3, ())
    assert await library.count() == 7


async def test_confirmation_covers_what_was_seen_only(sync: ArticleSync, library: ArticleLibrary) -> None:
    """What went missing after the admin looked is held in its turn."""
    await sync.run(listing(*TEN))
    await sync.run(listing(*TEN[4:]))
    report = await sync.run(listing(*TEN[8:]), accept_removals=True)
    assert (report.removed, report.held) == (4, ("4", "5", "6", "7"))
    assert await library.count() == 6


async def test_held_survives_a_failed_run(sync: ArticleSync, library: ArticleLibrary) -> None:
    """A run that fails in between neither loses nor carries out what is held; articles that return end it."""
    await sync.run(listing(*TEN))
    await sync.run(listing(*TEN[5:]))
    failed = await sync.run(ListedSource([TransientSourceError("503")]))
    assert failed.held == ("0", "1", "2", "3", "4")
    assert (await sync.run(listing(*TEN))).held == ()
    assert await library.count() == 10


async def test_cursor_moves_with_good_runs_only(sync: ArticleSync) -> None:
    """The cursor of a run is what the next one begins with, unless the run failed or holds something back."""
    whole = listing(*TEN).items
    assert (await sync.run(CountingSource(whole))).cursor == "1"
    assert (await sync.run(CountingSource(whole))).cursor == "2"
    assert (await sync.run(CountingSource([TransientSourceError("503")]))).cursor == "2"
    assert (await sync.run(CountingSource(whole), dry_run=True)).cursor == "3"
    held = await sync.run(CountingSource(listing(*TEN[5:]).items))
    assert (len(held.held), held.cursor) == (5, None)
