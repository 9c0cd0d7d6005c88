"""Upkeep of the articles: what the CLI, the commands and the scheduler do with sources, library and index."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.errors import CommandError
from config.nearest import did_you_mean
from knowledge.errors import KnowledgeError
from knowledge.models import Article, ArticleRef, SyncReport, revision_of
from knowledge.sync import LOCAL_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from config.settings import SourceSettings
    from knowledge.library import ArticleLibrary, ArticleSummary
    from knowledge.sources.base import ArticleSource
    from knowledge.sync import ArticleSync, Progress
    from knowledge.sync_runs import SyncRun, SyncRuns

_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")
_LONGEST_ID = 80


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """Where a source stands: how many of its articles the asker may read, and its last sync."""

    name: str
    every: str
    articles: int
    last: SyncRun | None


class Upkeep:
    """Syncs sources, and adds and removes single articles."""

    def __init__(
        self,
        sources: Iterable[SourceSettings],
        *,
        library: ArticleLibrary,
        sync: ArticleSync,
        runs: SyncRuns,
        build_source: Callable[[SourceSettings], ArticleSource],
        clock: Callable[[], datetime],
    ) -> None:
        self.sources = {source.name: source for source in sources}
        self._library = library
        self._sync = sync
        self._runs = runs
        self._build_source = build_source
        self._clock = clock
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
        unless_since: datetime | None = None,
        progress: Progress | None = None,
    ) -> list[SyncReport]:
        """Sync these sources one after the other, all for none; what failed is in the reports.

        Raises CommandError for an unknown name, and then nothing was synced.
        """
        return [
            await self._sync_one(
                self.sources[name], full=full, dry_run=dry_run, unless_since=unless_since, progress=progress
            )
            for name in self.named(names)
        ]

    async def reindex(self, progress: Progress | None = None) -> int:
        """Make the index anew from the library; give the passages embedded. Raises KnowledgeError."""
        return await self._sync.reindex(progress)

    async def add(self, article: Article) -> int:
        """Store and index an article; on return it can be found. Raises KnowledgeError."""
        return await self._sync.add(article)

    async def remove(self, name: str) -> ArticleRef:
        """Remove the article called `id` or `source/id`. Raises CommandError when it is none, or several."""
        found = await self._library.find(name)
        if not found:
            raise CommandError(f'there is no article "{name}"; `list` shows the ids')
        if len(found) > 1:
            names = ", ".join(str(article.ref) for article in found)
            raise CommandError(f'"{name}" is the id of several articles; say which one: {names}')
        await self._sync.remove(found[0].ref)
        return found[0].ref

    async def articles(self, source: str | None, audience: frozenset[str] | None) -> list[ArticleSummary]:
        """List what `audience` may read, of one source or of all."""
        return await self._library.summaries(source, audience)

    async def status(self, audience: frozenset[str] | None) -> list[SourceStatus]:
        """Tell of each source that is configured or has an article for `audience`, the bot's own too."""
        counts: dict[str, int] = {}
        for summary in await self._library.summaries(None, audience):
            counts[summary.source] = counts.get(summary.source, 0) + 1
        runs = await self._runs.last_of_each()
        every = {name: source.every for name, source in self.sources.items()}
        names = dict.fromkeys([*every, *sorted(counts)])
        return [
            SourceStatus(name, every.get(name, ""), counts.get(name, 0), runs.get(name)) for name in names
        ]

    async def _sync_one(
        self,
        settings: SourceSettings,
        *,
        full: bool,
        dry_run: bool,
        unless_since: datetime | None,
        progress: Progress | None,
    ) -> SyncReport:
        try:
            source = self._build_source(settings)
        except KnowledgeError as error:
            return await self._not_built(SyncReport(settings.name, error=str(error), dry_run=dry_run))
        try:
            return await self._sync.run(
                source, full=full, dry_run=dry_run, unless_since=unless_since, progress=progress
            )
        finally:
            await source.close()

    async def _not_built(self, report: SyncReport) -> SyncReport:
        self._log.warning("source_not_built", source=report.source, error=report.error)
        if not report.dry_run:
            await self._runs.record(report, self._clock(), self._clock())
        return report


def local_article(
    title: str,
    body: str,
    *,
    audience: frozenset[str],
    now: datetime,
    url: str | None = None,
) -> Article:
    """Make an article of the bot's own source; the same title is the same article. Raises CommandError."""
    title, body = " ".join(title.split()), body.strip()
    if not title or not body:
        raise CommandError("an article needs a title and a text")
    return Article(
        source=LOCAL_SOURCE,
        id=id_of(title),
        title=title,
        body=body,
        revision=revision_of(title, body, audience, url, now),
        audience=audience,
        url=url,
        updated_at=now,
    )


def id_of(title: str) -> str:
    """Make an id of a title: `Reset a password` is `reset-a-password`.

    Where the slug leaves something out, as of `C++`, a digest follows: two titles are two articles.
    """
    folded = " ".join(title.casefold().split())
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    slug = _NOT_IN_IDS.sub("-", plain).strip("-")[:_LONGEST_ID].rstrip("-")
    return slug if slug == folded.replace(" ", "-") else f"{slug}-{revision_of(folded)[:8]}".strip("-")
