"""The re-sync with the real passage index: both follow the source, also over a crash between them."""

from __future__ import annotations

import shutil
import sys
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from knowledge.index import ArticleIndex
from knowledge.models import Unchanged
from knowledge.short_turns import SECONDS
from knowledge.sync import ArticleSync
from tests.knowledge.conftest import make_article
from tests.knowledge.in_memory import listing
from tests.knowledge.stores.doubles import HashEmbedding

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
    from pathlib import Path

    from knowledge.leases import Leases
    from knowledge.library import ArticleLibrary
    from knowledge.models import ArticleRef
    from knowledge.stores.filling import Batch
    from knowledge.sync_runs import SyncRuns
    from tests.knowledge.conftest import Clock


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[ArticleIndex]:
    """The index in a folder, as a process that starts opens it."""
    index = ArticleIndex(folder / "index", HashEmbedding())
    await index.open()
    try:
        yield index
    finally:
        await index.close()


async def test_library_and_index_follow_the_source(
    tmp_path: Path, library: ArticleLibrary, leases: Leases, runs: SyncRuns, clock: Clock
) -> None:
    """Adding, changing and removing reach the index; what did not change is not embedded again."""
    async with opened(tmp_path) as index:
        sync = ArticleSync(library, index, leases, runs, clock)
        first = await sync.run(listing(make_article("a"), make_article("b")))
        assert (first.added, first.embedded_passages > 0, first.error) == (2, True, None)
        assert index.known() == await library.revisions()
        unchanged = await sync.run(listing(Unchanged("a"), Unchanged("b")))
        assert (unchanged.unchanged, unchanged.embedded_passages) == (2, 0)
        changed = make_article("b", body="Choose **Export**.")
        second = await sync.run(listing(changed))
        assert (second.updated, second.removed, second.embedded_passages) == (1, 1, 1)
        assert index.known() == {changed.ref: changed.revision}
        assert [passage.text for passage in index.passages_of(changed.ref)] == ["Choose **Export**."]


async def test_turns_are_short_while_articles_are_cut(
    tmp_path: Path, library: ArticleLibrary, leases: Leases, runs: SyncRuns, clock: Clock
) -> None:
    """The event loop gets Python's lock back sooner, and after the sync as usual."""
    usual, seen = sys.getswitchinterval(), {}

    def progress(label: str, _done: int, _total: int | None) -> None:
        seen[label] = sys.getswitchinterval()

    async with opened(tmp_path) as index:
        await ArticleSync(library, index, leases, runs, clock).run(
            listing(make_article("a")), progress=progress
        )
    assert seen["reading articles"] == pytest.approx(SECONDS)
    assert sys.getswitchinterval() == pytest.approx(usual)


async def test_a_crash_between_library_and_index_is_healed(
    tmp_path: Path, library: ArticleLibrary, leases: Leases, runs: SyncRuns, clock: Clock
) -> None:
    """What the library took in before a crash is in the index after the next run."""
    async with opened(tmp_path) as index:
        await ArticleSync(library, index, leases, runs, clock).run(listing(make_article("a")))
    await library.put(make_article("b"))
    await library.remove(make_article("a").ref)
    async with opened(tmp_path) as index:
        assert index.known() != await library.revisions()
        report = await ArticleSync(library, index, leases, runs, clock).run(listing(Unchanged("b")))
        assert report.error is None
        assert report.embedded_passages > 0
        assert index.known() == await library.revisions()


async def test_old_passages_answer_until_the_new_ones_are_embedded(
    tmp_path: Path, library: ArticleLibrary, leases: Leases, runs: SyncRuns, clock: Clock
) -> None:
    """While a change is embedded, the library and the index still agree on the old revision."""
    seen: list[bool] = []

    async with opened(tmp_path) as index:
        sync = ArticleSync(library, index, leases, runs, clock)
        await sync.run(listing(make_article("a"), make_article("b")))
        before = await library.revisions()
        embed = Watching(index, library, before, seen)
        changing = ArticleSync(library, embed.index(tmp_path), leases, runs, clock)
        report = await changing.run(listing(make_article("a", body="Choose **Export**."), make_article("b")))
        assert (report.updated, report.embedded_passages, report.error) == (1, 1, None)
        assert seen == [True]
        assert index.known() == await library.revisions() != before
        await embed.close()


async def test_an_index_that_was_deleted_is_mended(
    tmp_path: Path, library: ArticleLibrary, leases: Leases, runs: SyncRuns, clock: Clock
) -> None:
    """An index without its articles is filled again, and one that agrees is left alone."""
    async with opened(tmp_path) as index:
        sync = ArticleSync(library, index, leases, runs, clock)
        await sync.run(listing(make_article("a")))
        assert await sync.mend() == 0
    shutil.rmtree(tmp_path / "index")
    async with opened(tmp_path) as index:
        assert index.known() == {}
        assert await ArticleSync(library, index, leases, runs, clock).mend() > 0
        assert index.known() == await library.revisions()


async def test_an_index_that_another_process_fills_is_left_to_it(
    tmp_path: Path, library: ArticleLibrary, leases: Leases, runs: SyncRuns, clock: Clock
) -> None:
    """Mending does not wait for a process that is indexing."""
    await library.put(make_article("a"))
    async with opened(tmp_path) as index, leases.hold("index") as lease:
        assert lease is not None
        assert await ArticleSync(library, index, leases, runs, clock).mend() == 0
        assert index.known() == {}


class Watching(HashEmbedding):
    """An embedding that notes whether library and index agreed on the old revisions while it worked."""

    def __init__(
        self, index: ArticleIndex, library: ArticleLibrary, before: dict[ArticleRef, str], seen: list[bool]
    ) -> None:
        super().__init__()
        self._searched, self._library, self._before, self._seen = index, library, before, seen
        self._own: ArticleIndex | None = None

    def index(self, folder: Path) -> ArticleIndex:
        """Give the same index, as a process with this embedding has it open."""
        self._own = ArticleIndex(folder / "index", self)
        return self._own

    async def close(self) -> None:
        """Close what `index` opened."""
        if self._own is not None:
            await self._own.close()

    async def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> AsyncGenerator[Batch, None]:
        """Note, then embed."""
        held = (self._searched.known(), await self._library.revisions())
        self._seen.append(held == (self._before, self._before))
        async with aclosing(super().embed_passages(texts, progress)) as batches:
            async for batch in batches:
                yield batch
