"""Changes of single articles by admins: compared, noted in the audit log, and searchable on return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.audit import Change
from bot.errors import CommandError
from bot.local_articles import INTERNAL, id_of
from bot.nearest_articles import nearest_articles
from knowledge.library import KEPT_AFTER_REMOVAL, NEW
from knowledge.models import ArticleRef, revision_of
from knowledge.sync import LOCAL_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from bot.audit import Actor, AuditEntry, AuditLog
    from knowledge.library import ArticleLibrary, Removal
    from knowledge.models import Article
    from knowledge.sync import ArticleSync

RESTORABLE_DAYS = KEPT_AFTER_REMOVAL.days


@dataclass(frozen=True, slots=True)
class Restored:
    """An article that is back; `copy_of` when it came back as the bot's own, since its source has it no more."""

    article: Article
    copy_of: ArticleRef | None = None


class ArticleChanges:
    """Adds, edits, removes and restores articles. `sources` are the synced ones: theirs are edited where they live.

    What `store` returned from is durable; what `publish` returned from is searchable. Two admins lose nothing:
    a change says which revision it was made of, and is refused (RevisionConflict) when that is not the present one.
    """

    def __init__(
        self,
        library: ArticleLibrary,
        sync: ArticleSync,
        audit: AuditLog,
        sources: Collection[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._library = library
        self._sync = sync
        self._audit = audit
        self._sources = frozenset(sources)
        self._clock = clock

    async def find(self, name: str, audience: frozenset[str] | None) -> Article:
        """Give the one article called `id` or `source/id` that `audience` may read. Raises CommandError."""
        found = await self._named(name, audience)
        if audience is not None and not audience & found.audience:
            raise CommandError(
                f"`{found.ref}` is for {_listed(found.audience)}, which you do not hold; "
                "`[access] people` in the config gives labels"
            )
        return found

    async def editable(self, name: str, audience: frozenset[str] | None) -> Article:
        """Give the article as `find` does, if it may be edited here. Raises CommandError that says where else."""
        article = await self.find(name, audience)
        if article.source in self._sources:
            where = f"edit it there: {article.url}" if article.url else "edit it there"
            raise CommandError(
                f"`{article.ref}` comes from the source {article.source}, and a sync would undo a change made here; "
                f"{where}. Then `sync {article.source}`"
            )
        return article

    async def held(self, refs: Collection[ArticleRef]) -> dict[ArticleRef, Article]:
        """Give those of the articles that are there."""
        return {article.ref: article for article in await self._library.load(refs)}

    async def store(self, article: Article, by: Actor, expected: str | None = None) -> Article | None:
        """Store an article and note who did; give the one that it replaced. Raises RevisionConflict, StorageError.

        `expected` is the revision that it was made of, NEW for none, None for whatever is there.
        """
        was = (await self.held([article.ref])).get(article.ref)
        if expected == NEW:
            was = None
        change = Change(
            "add" if was is None else "edit",
            str(article.ref),
            article.title,
            None if was is None else was.revision,
            article.revision,
            f"readers: {_listed(article.audience)}",
        )
        await self._library.put(article, expected, self._audit.within(by, change))
        return was

    async def publish(self) -> None:
        """Make what was stored searchable. Raises KnowledgeError: then the next sync does it."""
        await self._sync.catch_up()

    async def remove(self, name: str, by: Actor) -> Article:
        """Remove the article called so. Raises CommandError when it is none, or several; RevisionConflict."""
        if not await self._library.find(name) and (gone := await self._library.removed(name)):
            ref = gone[0].article.ref
            raise CommandError(f"`{ref}` is removed already; `restore {ref}` brings it back")
        article = await self._named(name, None)
        change = Change("remove", str(article.ref), article.title, article.revision)
        if not await self._library.remove(article.ref, article.revision, self._audit.within(by, change)):
            raise CommandError(f"`{article.ref}` is removed already")
        await self.publish()
        return article

    async def restore(self, name: str, by: Actor) -> Restored:
        """Bring back what was removed in the last 30 days. Raises CommandError.

        What a sync removed because its source no longer has it comes back as an internal article of the bot's own:
        in its place the next sync would remove it again.
        """
        removal = await self._removal(name)
        if await self._gone_from_source(removal.article.ref):
            restored = await self._restore_copy(removal.article, by)
        else:
            article = removal.article
            change = Change("restore", str(article.ref), article.title, None, article.revision)
            if not await self._library.restore(article.ref, self._audit.within(by, change)):
                raise CommandError(f"`{article.ref}` is there already")
            restored = Restored(article)
        await self.publish()
        return restored

    async def history(self, ref: ArticleRef, limit: int = 20) -> Sequence[AuditEntry]:
        """Give what admins did to an article, the newest first."""
        return await self._audit.entries(str(ref), limit)

    async def _named(self, name: str, audience: frozenset[str] | None) -> Article:
        found = await self._library.find(name)
        if len(found) > 1:
            names = ", ".join(str(article.ref) for article in found)
            raise CommandError(f'"{name}" is the id of several articles; say which one: {names}')
        if not found:
            near = nearest_articles(name, await self._library.summaries(None, audience), 3)
            meant = f"did you mean {', '.join(str(article.ref) for article in near)}?" if near else ""
            raise CommandError(f'there is no article "{name}"; {meant or "`list` shows the ids"}')
        return found[0]

    async def _removal(self, name: str) -> Removal:
        found = await self._library.removed(name)
        if len(found) > 1:
            names = ", ".join(str(removal.article.ref) for removal in found)
            raise CommandError(f'"{name}" is the id of several removed articles; say which one: {names}')
        if not found:
            there = await self._library.find(name)
            raise CommandError(
                f"`{there[0].ref}` is there, nothing is to be restored"
                if there
                else f'no article "{name}" was removed in the last {RESTORABLE_DAYS} days; '
                "`restore` alone lists those that were"
            )
        return found[0]

    async def _gone_from_source(self, ref: ArticleRef) -> bool:
        if ref.source not in self._sources:
            return False
        last = await self._audit.entries(str(ref), 1)
        return not last or last[0].action != "remove"

    async def _restore_copy(self, article: Article, by: Actor) -> Restored:
        audience = INTERNAL
        copy = replace(
            article,
            source=LOCAL_SOURCE,
            id=id_of(article.title),
            audience=audience,
            url=None,
            revision=revision_of(article.ref, article.revision, self._clock()),
        )
        if copy.ref in await self.held([copy.ref]):
            raise CommandError(f"`{copy.ref}` has its title already; edit or remove that one first")
        change = Change(
            "restore",
            str(copy.ref),
            copy.title,
            None,
            copy.revision,
            f"a copy of {article.ref}, for internal",
        )
        await self._library.put(copy, NEW, self._audit.within(by, change))
        return Restored(copy, article.ref)


def _listed(labels: Collection[str]) -> str:
    return ", ".join(sorted(labels))
