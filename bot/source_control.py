"""What admins do to sources: sync, make anew, pause, resume, and let a removal happen that waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.audit import Change
from bot.errors import CommandError
from bot.replies import sync_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.audit import Actor, AuditLog
    from bot.pauses import Pauses
    from bot.upkeep import Upkeep
    from knowledge.library import ArticleLibrary, ArticleSummary
    from knowledge.models import ArticleRef, SyncReport
    from knowledge.sync import Progress


@dataclass(frozen=True, slots=True)
class Held:
    """Articles of a source that it has no more, and whose removal waits for an admin."""

    source: str
    ids: tuple[str, ...]
    articles: tuple[ArticleSummary, ...]


class SourceControl:
    """Does it and notes it in the audit log."""

    def __init__(self, upkeep: Upkeep, pauses: Pauses, audit: AuditLog, library: ArticleLibrary) -> None:
        self._upkeep = upkeep
        self._pauses = pauses
        self._audit = audit
        self._library = library

    async def sync(
        self, names: Sequence[str], by: Actor, progress: Progress | None = None
    ) -> list[SyncReport]:
        """Sync these sources, for none all that are not paused. Raises CommandError for an unknown name."""
        reports = await self._upkeep.sync(names, progress=progress)
        for report in reports:
            note = report.error or sync_counts(report)
            await self._audit.add(by, Change("sync", report.source, note=note))
        return reports

    async def reindex(self, name: str, by: Actor, progress: Progress | None = None) -> tuple[str, int]:
        """Make the index anew: all of it, a source's articles, or one article; give what, and the passages embedded.

        Raises CommandError for a name that is neither, KnowledgeError.
        """
        if not name:
            passages = await self._upkeep.reindex(progress)
            what = "the index"
        else:
            what, refs = await self._named(name)
            passages = await self._upkeep.reindex_some(refs, progress)
        await self._audit.add(by, Change("reindex", name and what, note=f"{passages} passages embedded"))
        return what, passages

    async def pause(self, name: str, by: Actor) -> bool:
        """Keep a source from being synced by schedule or webhook; False when it is paused already."""
        (source,) = self._one(name, "pause")
        return await self._pauses.pause(source, by.person, self._audit.within(by, Change("pause", source)))

    async def resume(self, name: str, by: Actor) -> bool:
        """Let a source be synced again; False when it is not paused."""
        (source,) = self._one(name, "resume")
        return await self._pauses.resume(source, self._audit.within(by, Change("resume", source)))

    async def held(self, name: str) -> Held:
        """Give what waits of a source. Raises CommandError for an unknown one."""
        (source,) = self._one(name, "confirm")
        (ids,) = [status.held for status in await self._upkeep.status(None) if status.name == source]
        articles = await self._library.summaries(source)
        waiting = frozenset(ids)
        return Held(source, ids, tuple(article for article in articles if article.id in waiting))

    async def confirm(self, name: str, seen: Sequence[str], by: Actor) -> SyncReport | None:
        """Sync with what was held let go, if it is still what an admin has seen; None when it is not."""
        held = await self.held(name)
        if not held.ids or set(held.ids) != set(seen):
            return None
        (report,) = await self._upkeep.sync([held.source], accept_removals=True)
        note = report.error or sync_counts(report)
        await self._audit.add(by, Change("confirm", held.source, note=f"a held removal: {note}"))
        return report

    def _one(self, name: str, command: str) -> list[str]:
        if not name:
            known = ", ".join(self._upkeep.sources) or "the config has no [[sources]]"
            raise CommandError(f"say which source: `{command} SOURCE`; {known}")
        return self._upkeep.named([name])

    async def _named(self, name: str) -> tuple[str, list[ArticleRef]]:
        summaries = await self._library.summaries()
        of_source = [summary.ref for summary in summaries if summary.source == name]
        if of_source:
            return name, of_source
        found = [summary.ref for summary in summaries if name in {summary.id, str(summary.ref)}]
        if len(found) > 1:
            names = ", ".join(map(str, found))
            raise CommandError(f'"{name}" is the id of several articles; say which one: {names}')
        if not found:
            raise CommandError(f'there is no article and no source "{name}"; `list` shows the ids')
        return str(found[0]), found
