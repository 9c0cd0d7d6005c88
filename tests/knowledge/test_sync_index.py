"""The re-sync with the real passage index: both follow the source, also over a crash between them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from knowledge.index import ArticleIndex
from knowledge.models import Unchanged
from knowledge.sync import ArticleSync
from tests.knowledge.conftest import make_article
from tests.knowledge.in_memory import listing
from tests.knowledge.stores.doubles import HashEmbedding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from knowledge.leases import Leases
    from knowledge.library import ArticleLibrary
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
