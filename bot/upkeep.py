"""Upkeep of the articles: what the CLI, the commands and the scheduler do with sources, library and index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.errors import CommandError
from bot.nearest_articles import nearest_articles
from config.nearest import did_you_mean
from knowledge.errors import KnowledgeError
from knowledge.models import ArticleRef, SyncReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from bot.pauses import Pauses
    from config.settings import SourceSettings
    from knowledge.library import ArticleLibrary, ArticleSummary, Removal
    from knowledge.sources.base import ArticleSource
    from knowledge.sync import ArticleSync, Progress
    from knowledge.sync_runs import SyncRun, SyncRuns


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Where a source stands: how many of its articles the asker may read, and its last sync."""

    name: str
    every: str
    articles: int
    last: SyncRun | None
    paused: bool = False

    @property
    def held(self) -> tuple[str, ...]:
        """The ids of articles whose removal waits for an admin."""
        return () if self.last is None else self.last.report.held


class Upkeep:
    """Syncs sources, and tells of them and of the articles."""

    def __init__(
        self,
        sources: Iterable[SourceSettings],
        *,
        library: ArticleLibrary,
        sync: ArticleSync,
        runs: SyncRuns,
        build_source: Callable[[SourceSettings], ArticleSource],
        clock: Callable[[], datetime],
        pauses: Pauses | None = None,
    ) -> None:
        self.sources = {source.name: source for source in sources}
        self._library = library
        self._sync = sync
        self._runs = runs
        self._build_source = build_source
        self._clock = clock
        self._pauses = pauses
        self._log = structlog.get_logger()

    def named(self, names: Sequence[str]) -> list[str]:
        """Give the sources of these names, all of them for none. Raises CommandError for an unknown name."""
        for name in names:
            if name not in self.sources:
                known = did_you_mean(name, self.sources) if self.sources else "the config has no [[sources]]"
                raise CommandError(f'there is no source "{name}"; {known}')
        return list(dict.fromkeys(names)) or list(self.sources)

    async def sync(
        self,
        names: Sequence[str] = (),
        *,
        full: bool = False,
        dry_run: bool = False,
        accept_removals: bool = False,
        unless_since: datetime | None = None,
        progress: Progress | None = None,
    ) -> list[SyncReport]:
        """Sync these sources one after the other; for none all but those that are paused. Failures are in the reports.

        `accept_removals`: an admin saw what the last sync held, and it may go. Raises CommandError for an unknown
        name, and then nothing was synced.
        """
        wanted = self.named(names)
        if not names:
            paused = await self.paused()
            wanted = [name for name in wanted if name not in paused]
        return [
            await self._sync_one(
                self.sources[name],
                full=full,
                dry_run=dry_run,
                accept_removals=accept_removals,
                unless_since=unless_since,
                progress=progress,
            )
            for name in wanted
        ]

    async def paused(self) -> frozenset[str]:
        """Give the sources that are paused now: neither schedule nor webhook is to sync them."""
        return frozenset() if self._pauses is None else await self._pauses.names()

    async def reindex(self, progress: Progress | None = None) -> int:
        """Make the index anew from the library; give the passages embedded. Raises KnowledgeError."""
        return await self._sync.reindex(progress)

    async def reindex_some(self, refs: Sequence[ArticleRef], progress: Progress | None = None) -> int:
        """Cut and embed these articles anew; give the passages embedded. Raises KnowledgeError."""
        return await self._sync.reindex_some(refs, progress)

    async def articles(
        self, source: str | None, audience: frozenset[str] | None, words: str = ""
    ) -> list[ArticleSummary]:
        """List what `audience` may read, of one source or of all, with all of `words` if there are some."""
        return await self._library.summaries(source, audience, words)

    async def removed(self, audience: frozenset[str] | None) -> list[Removal]:
        """List what can be restored and `audience` may read, the newest first."""
        removals = await self._library.removed()
        return [found for found in removals if audience is None or audience & found.article.audience]

    async def suggest_articles(
        self, typed: str, audience: frozenset[str] | None, limit: int
    ) -> list[ArticleSummary]:
        """Give the articles that `audience` may read and that are like what was typed, the likest first."""
        return nearest_articles(typed, await self._library.summaries(None, audience), limit)

    async def suggest_sources(self, typed: str, audience: frozenset[str] | None, limit: int) -> list[str]:
        """Give the sources of which `audience` may read an article and whose name holds what was typed."""
        names = {summary.source for summary in await self._library.summaries(None, audience)}
        if audience is None:
            names |= set(self.sources)
        wanted = typed.strip().casefold()
        fitting = [name for name in names if wanted in name.casefold()]
        return sorted(fitting, key=lambda name: (not name.casefold().startswith(wanted), name))[:limit]

    async def status(self, audience: frozenset[str] | None) -> list[SourceStatus]:
        """Tell of each source that is configured or has an article for `audience`, the bot's own too."""
        counts: dict[str, int] = {}
        for summary in await self._library.summaries(None, audience):
            counts[summary.source] = counts.get(summary.source, 0) + 1
        runs = await self._runs.last_of_each()
        every = {name: source.every for name, source in self.sources.items()}
        names = dict.fromkeys([*every, *sorted(counts)])
        paused = await self.paused()
        return [
            SourceStatus(name, every.get(name, ""), counts.get(name, 0), runs.get(name), name in paused)
            for name in names
        ]

    async def _sync_one(
        self,
        settings: SourceSettings,
        *,
        full: bool,
        dry_run: bool,
        accept_removals: bool,
        unless_since: datetime | None,
        progress: Progress | None,
    ) -> SyncReport:
        try:
            source = self._build_source(settings)
        except KnowledgeError as error:
            return await self._not_built(SyncReport(settings.name, error=str(error), dry_run=dry_run))
        try:
            return await self._sync.run(
                source,
                full=full,
                dry_run=dry_run,
                accept_removals=accept_removals,
                unless_since=unless_since,
                progress=progress,
            )
        finally:
            await source.close()

    async def _not_built(self, report: SyncReport) -> SyncReport:
        self._log.warning("source_not_built", source=report.source, error=report.error)
        if not report.dry_run:
            await self._runs.record(report, self._clock(), self._clock())
        return report
