"""The re-sync: what a source lists, compared with what the library holds, applied to library and index."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from knowledge.answering.addressed import told_the_machine
from knowledge.errors import KnowledgeError, SourceError, StorageError
from knowledge.models import SyncReport
from knowledge.short_turns import ShortTurns
from knowledge.sources.base import ResumableSource
from knowledge.sync_index import Index, Progress
from knowledge.sync_plan import plan_sync, refused_as_empty

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection
    from datetime import datetime

    from knowledge.leases import Lease, Leases
    from knowledge.library import ArticleLibrary
    from knowledge.models import Article, ArticleRef, Found, SyncPlan
    from knowledge.sources.base import ArticleSource
    from knowledge.sync_runs import SyncRuns

__all__ = ["INDEX_LEASE", "LOCAL_SOURCE", "ArticleSync", "Index", "Progress", "plan_sync"]

LOCAL_SOURCE = "local"
"""The source of the articles that admins add to the bot itself; no scheduled sync touches it."""

INDEX_LEASE = "index"


class ArticleSync:
    """Runs syncs, and adds or removes single articles the same way. What it returns from is searchable.

    Killed at any moment it leaves a library that the next run's `reconcile` brings the index to.
    """

    def __init__(
        self,
        library: ArticleLibrary,
        index: Index,
        leases: Leases,
        runs: SyncRuns,
        clock: Callable[[], datetime],
        *,
        index_wait: timedelta = timedelta(minutes=10),
    ) -> None:
        self._library = library
        self._index = index
        self._leases = leases
        self._runs = runs
        self._clock = clock
        self._index_wait = index_wait
        self._short_turns = ShortTurns()
        self._log = structlog.get_logger()

    async def run(
        self,
        source: ArticleSource,
        *,
        full: bool = False,
        dry_run: bool = False,
        accept_empty: bool = False,
        accept_removals: bool = False,
        unless_since: datetime | None = None,
        progress: Progress | None = None,
    ) -> SyncReport:
        """Sync one source and report; what an operator can mend is in the report's `error`, not raised.

        `accept_removals` removes what the last run held, if the source still lacks it: an admin saw these ids.
        With `unless_since` nothing is done if a run began at or after it: its report is given instead. That
        is looked up inside the source's lease, so that two schedulers do not run one sync twice.
        """
        started = self._clock()
        name = source.name
        before = SyncReport(name)
        if name == LOCAL_SOURCE:
            return SyncReport(
                name, error=f"“{LOCAL_SOURCE}” is the bot's own source; give this one another name"
            )
        try:
            async with self._leases.hold(f"source:{name}") as lease:
                if lease is None:
                    return SyncReport(name, error=f"another process is syncing {name} now", dry_run=dry_run)
                last = await self._runs.last(name)
                if last is not None and unless_since is not None and last.started_at >= unless_since:
                    return last.report
                before = before if last is None else last.report
                known = await self._library.known(name)
                _resume(source, before)
                found, error = await self._listing(source, known, full=full, progress=progress)
                accepted = frozenset(before.held if accept_removals else ())
                plan = plan_sync(name, known, found, accept_empty=accept_empty, accepted=accepted)
                error = error or refused_as_empty(plan, known, found)
                report = _report_of(plan, error, dry_run=dry_run)
                report = _carried(report, before, source)
                with self._short_turns:
                    report = replace(report, addressed=await asyncio.to_thread(_addressed, plan))
                    if not dry_run:
                        report = await self._apply(plan, lease, report, progress)
                return await self._finish(report, started)
        except KnowledgeError as failure:
            report = SyncReport(
                name, error=str(failure), dry_run=dry_run, held=before.held, cursor=before.cursor
            )
            return await self._finish(report, started)

    async def add(self, article: Article, expected_revision: str | None = None) -> int:
        """Store one article and index it; give the passages embedded.

        Raises RevisionConflict, or another KnowledgeError: then the article may be stored, and the next sync
        indexes it.
        """
        await self._library.put(article, expected_revision)
        return await self._reconcile(None)

    async def remove(self, ref: ArticleRef) -> bool:
        """Remove one article from library and index; False when it was not there."""
        was_there = await self._library.remove(ref)
        await self._reconcile(None)
        return was_there

    async def catch_up(self, progress: Progress | None = None) -> int:
        """Bring the index to what the library holds, waiting for whoever indexes now; give the passages embedded.

        After a change of the library: on return it can be found. Raises KnowledgeError: then the next sync does it.
        """
        return await self._reconcile(progress)

    async def mend(self, progress: Progress | None = None) -> int:
        """Bring an index that a killed process left behind its library up to it; give the passages embedded.

        Does nothing while another process indexes: that one is at it.
        """
        if await self._library.revisions() == self._index.known():
            return 0
        async with self._leases.hold(INDEX_LEASE) as lease:
            return 0 if lease is None else await self._index.reconcile(self._library, progress)

    async def reindex(self, progress: Progress | None = None) -> int:
        """Make the index anew; give the passages embedded. Raises StorageError if another process indexes."""
        async with self._indexing():
            return await self._index.rebuild(self._library, progress)

    async def reindex_some(self, refs: Collection[ArticleRef], progress: Progress | None = None) -> int:
        """Cut and embed these articles anew, the rest of the index stays; give the passages embedded."""
        async with self._indexing():
            return await self._index.reconcile(self._library, progress, refs)

    async def _listing(
        self, source: ArticleSource, known: dict[str, str], *, full: bool, progress: Progress | None
    ) -> tuple[list[Found], str | None]:
        """Give what the source listed and why it did not reach the end, if it did not."""
        found: list[Found] = []
        items = source.articles(dict(known), full=full)
        try:
            async for item in items:
                found.append(item)
                if progress is not None:
                    progress(f"reading {source.name}", len(found), None)
        except SourceError as error:
            return found, str(error)
        except Exception as error:  # noqa: BLE001 - a source may be a third party's: its bug is not the bot's end
            self._log.exception("sync.source_broke", source=source.name)
            return found, f"{source.name} failed unexpectedly ({type(error).__name__}: {error}); see the log"
        finally:
            if isinstance(items, AsyncGenerator):
                await items.aclose()
        return found, None

    async def _apply(
        self, plan: SyncPlan, lease: Lease, report: SyncReport, progress: Progress | None
    ) -> SyncReport:
        """Apply the plan to library and index. What replaces searchable passages is embedded first.

        So a question that is asked meanwhile finds the old passages until the new ones are there; but what
        somebody may no longer read leaves at once.
        """
        urgent, rest = await self._split(plan)
        await self._library.apply(urgent, lease)
        embedded = await self._prepare(rest, progress)
        error: str | None = None
        await self._library.apply(rest, lease, progress)
        await self._library.purge()
        try:
            embedded += await self._reconcile(progress)
        except KnowledgeError as failure:
            error = str(failure)
        both = "; ".join(part for part in (report.error, error) if part)
        return replace(report, embedded_passages=embedded, error=both or None)

    async def _split(self, plan: SyncPlan) -> tuple[SyncPlan, SyncPlan]:
        """Give what takes a right to read away (removals, labels that were lost), and the rest."""
        rows = await self._library.current([article.ref for article in plan.updated])
        narrowed = tuple(a for a in plan.updated if a.ref in rows and not rows[a.ref][1] <= a.audience)
        others = tuple(article for article in plan.updated if article not in narrowed)
        return replace(plan, added=(), updated=narrowed), replace(plan, updated=others, removed=())

    async def _prepare(self, plan: SyncPlan, progress: Progress | None) -> int:
        """Embed what the plan's changes need, unless another process indexes; give how many passages.

        What fails here is left to `reconcile`, which says why.
        """
        if not plan.updated:
            return 0
        try:
            async with self._leases.hold(INDEX_LEASE) as lease:
                return 0 if lease is None else await self._index.prepare(plan.updated, progress)
        except KnowledgeError as error:
            self._log.warning("sync.not_prepared", source=plan.source, error=str(error))
            return 0

    async def _reconcile(self, progress: Progress | None) -> int:
        async with self._indexing():
            return await self._index.reconcile(self._library, progress)

    @asynccontextmanager
    async def _indexing(self) -> AsyncIterator[None]:
        async with self._leases.hold(INDEX_LEASE, wait=self._index_wait) as lease:
            if lease is None:
                raise StorageError(
                    "another process is still indexing; what is stored becomes searchable with the next sync"
                )
            with self._short_turns:
                yield

    async def _finish(self, report: SyncReport, started: datetime) -> SyncReport:
        finished = self._clock()
        report = replace(report, seconds=round((finished - started).total_seconds(), 3))
        if not report.dry_run:
            try:
                await self._runs.record(report, started, finished)
            except StorageError as error:
                self._log.error("sync.not_recorded", source=report.source, error=str(error))
        say = self._log.info if report.error is None else self._log.warning
        say(
            "sync.finished",
            source=report.source,
            added=report.added,
            updated=report.updated,
            removed=report.removed,
            unchanged=report.unchanged,
            failed=len(report.failed),
            held=len(report.held),
            embedded_passages=report.embedded_passages,
            seconds=report.seconds,
            dry_run=report.dry_run,
            addressed=len(report.addressed),
            error=report.error,
        )
        return report


def _addressed(plan: SyncPlan) -> tuple[str, ...]:
    """Give the ids of articles that speak to the bot: operators hear of each when it is new or changed."""
    changed = (*plan.added, *plan.updated)
    return tuple(a.id for a in changed if told_the_machine(a.body, a.title))


def _resume(source: ArticleSource, before: SyncReport) -> None:
    if isinstance(source, ResumableSource):
        source.cursor = before.cursor


def _carried(report: SyncReport, before: SyncReport, source: ArticleSource) -> SyncReport:
    """Note where the next sync goes on: at the beginning while something is held, so that it is seen again."""
    if report.error is not None and not report.held:
        return replace(report, held=before.held, cursor=before.cursor)
    if report.held or not isinstance(source, ResumableSource):
        return report
    return replace(report, cursor=source.cursor)


def _report_of(plan: SyncPlan, error: str | None, *, dry_run: bool) -> SyncReport:
    return SyncReport(
        source=plan.source,
        added=len(plan.added),
        updated=len(plan.updated),
        removed=len(plan.removed),
        unchanged=plan.unchanged,
        failed=plan.failed,
        error=error,
        dry_run=dry_run,
        held=plan.held,
    )
