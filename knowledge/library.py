"""The articles themselves, in SQL: the source of truth that the passage index is derived from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects import sqlite

from knowledge.article_rows import (
    article_of,
    chunks,
    current_query,
    has_words,
    is_called,
    is_one_of,
    labels_of,
    portions,
    present,
    row_of,
)
from knowledge.errors import RevisionConflict
from knowledge.models import Article, ArticleRef
from knowledge.tables import articles

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, CursorResult, Row
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
    from sqlalchemy.ext.asyncio import AsyncConnection

    from knowledge.database import Database
    from knowledge.leases import Lease
    from knowledge.models import SyncPlan
    from knowledge.sync import Progress

    Within = Callable[[AsyncConnection], Awaitable[None]]
    """What is written in the transaction of a change, such as the note of who made it: both are there, or neither."""

KEPT_AFTER_REMOVAL: Final = timedelta(days=30)
NEW: Final = ""
"""Expected of an article that must not be there yet."""


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """An article without its body, as lists show it."""

    source: str
    id: str
    title: str
    url: str | None
    revision: str
    updated_at: datetime | None
    audience: frozenset[str]
    language: str | None = None

    @property
    def ref(self) -> ArticleRef:
        """The identity of the article across sources."""
        return ArticleRef(self.source, self.id)


@dataclass(frozen=True, slots=True)
class Removal:
    """An article that was removed, and when."""

    article: Article
    removed_at: datetime


class ArticleLibrary:
    """Every article that the bot holds. What these methods have returned from survives `kill -9`.

    An address that is not http or https, such as `javascript:…`, is not kept: answers link to it.
    A removed article is invisible at once and kept for 30 days; putting it again brings it back.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def known(self, source: str) -> dict[str, str]:
        """Give the revision of each article of one source, by article id."""
        statement = select(articles.c.id, articles.c.revision).where(articles.c.source == source, present())
        return {row.id: row.revision for row in await self._rows(statement)}

    async def revisions(self) -> dict[ArticleRef, str]:
        """Give the revision of every article."""
        statement = select(articles.c.source, articles.c.id, articles.c.revision).where(present())
        return {ArticleRef(row.source, row.id): row.revision for row in await self._rows(statement)}

    async def current(self, refs: Iterable[ArticleRef]) -> dict[ArticleRef, tuple[str, frozenset[str]]]:
        """Give revision and audience of those of `refs` that the library holds, by one cheap query."""
        found: dict[ArticleRef, tuple[str, frozenset[str]]] = {}
        for some in portions(sorted(set(refs))):
            rows = await self._database.fetch(*current_query(some))
            for source, article_id, revision, audience in rows:
                found[ArticleRef(source, article_id)] = revision, labels_of(audience)
        return found

    async def load(self, refs: Iterable[ArticleRef]) -> list[Article]:
        """Give whole articles in the order of `refs`, leaving out what is not there."""
        wanted = list(dict.fromkeys(refs))
        found: dict[ArticleRef, Article] = {}
        for some in portions(wanted):
            statement = select(articles).where(is_one_of(some), present())
            for row in await self._rows(statement):
                found[ArticleRef(row.source, row.id)] = article_of(row)
        return [found[ref] for ref in wanted if ref in found]

    async def find(self, name: str) -> list[Article]:
        """Give the articles called `id` or `source/id`; several when sources share an id."""
        statement = select(articles).where(is_called(name), present())
        ordered = statement.order_by(articles.c.source, articles.c.id)
        return [article_of(row) for row in await self._rows(ordered)]

    async def removed(self, name: str | None = None) -> list[Removal]:
        """List what was removed and can be restored, the newest first; of one `name` as in `find`."""
        statement = select(articles).where(self._restorable()).order_by(articles.c.removed_at.desc())
        if name is not None:
            statement = statement.where(is_called(name))
        return [Removal(article_of(row), row.removed_at) for row in await self._rows(statement)]

    async def summaries(
        self, source: str | None = None, audience: frozenset[str] | None = None, words: str = ""
    ) -> list[ArticleSummary]:
        """List articles by source and id, without bodies; `audience` None sees all.

        With `words`: those that have all of them in title, id or text.
        """
        columns = (articles.c[name] for name in ArticleSummary.__dataclass_fields__)
        statement = select(*columns).where(present()).order_by(articles.c.source, articles.c.id)
        if source is not None:
            statement = statement.where(articles.c.source == source)
        if words.strip():
            statement = statement.where(has_words(words))
        found = [ArticleSummary(**row._mapping) for row in await self._rows(statement)]  # noqa: SLF001 - public
        return [summary for summary in found if audience is None or audience & summary.audience]

    async def count(self) -> int:
        """Give the number of articles."""
        rows = await self._rows(select(func.count().label("number")).select_from(articles).where(present()))
        return int(rows[0].number)

    async def apply(self, plan: SyncPlan, lease: Lease | None, progress: Progress | None = None) -> None:
        """Do what a plan says in short transactions, each fenced by `lease`. Raises LeaseLost, DiskFull.

        Stopped at any moment it leaves whole articles; the next plan has what is missing.
        """
        changed = [*plan.added, *plan.updated]
        total, done = len(changed) + len(plan.removed), 0
        for some in chunks(changed):
            async with self._database.write() as connection:
                if lease is not None:
                    await lease.fence(connection)
                await self._upsert(connection, some)
            done += len(some)
            if progress is not None:
                progress("storing articles", done, total)
        for gone in portions([ArticleRef(plan.source, article_id) for article_id in plan.removed]):
            async with self._database.write() as connection:
                if lease is not None:
                    await lease.fence(connection)
                await self._remove(connection, gone)
            done += len(gone)
            if progress is not None:
                progress("storing articles", done, total)

    async def put(
        self, article: Article, expected_revision: str | None = None, within: Within | None = None
    ) -> None:
        """Store one article; with `expected_revision` raise RevisionConflict unless that is stored now.

        NEW as the expected revision: the article must not be there.
        """
        async with self._database.write() as connection:
            if expected_revision is not None:
                await self._expect(connection, article.ref, expected_revision)
            await self._upsert(connection, [article])
            if within is not None:
                await within(connection)

    async def remove(
        self, ref: ArticleRef, expected_revision: str | None = None, within: Within | None = None
    ) -> bool:
        """Remove one article; False when it was not there. Raises RevisionConflict as `put` does."""
        async with self._database.write() as connection:
            if expected_revision is not None:
                await self._expect(connection, ref, expected_revision)
            gone = await self._remove(connection, [ref]) > 0
            if gone and within is not None:
                await within(connection)
            return gone

    async def restore(self, ref: ArticleRef, within: Within | None = None) -> bool:
        """Bring back an article as it was when it was removed; False when it is there, or forgotten."""
        statement = update(articles).where(is_one_of([ref]), self._restorable()).values(removed_at=None)
        async with self._database.write() as connection:
            back = (await connection.execute(statement)).rowcount > 0
            if back and within is not None:
                await within(connection)
            return back

    async def purge(self) -> int:
        """Forget what was removed more than 30 days ago; give the number of articles forgotten."""
        old = articles.c.removed_at < self._clock() - KEPT_AFTER_REMOVAL
        rows = await self._rows(select(func.count().label("number")).select_from(articles).where(old))
        if not rows[0].number:
            return 0
        async with self._database.write() as connection:
            return (await connection.execute(delete(articles).where(old))).rowcount

    def _restorable(self) -> ColumnElement[bool]:
        return articles.c.removed_at >= self._clock() - KEPT_AFTER_REMOVAL

    async def _expect(self, connection: AsyncConnection, ref: ArticleRef, revision: str) -> None:
        if (
            self._database.dialect == "postgresql"
        ):  # a row that is not there yet has no lock; SQLite has one writer
            await connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"article/{ref}"))))
        statement = select(articles.c.revision).where(is_one_of([ref]), present())
        stored = (await connection.execute(statement.with_for_update())).scalar_one_or_none()
        if (stored or NEW) != revision:
            changed = "removed" if stored is None else "changed" if revision else "added"
            raise RevisionConflict(f"{ref} was {changed} meanwhile; look at it again, then repeat")

    async def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._database.read() as connection:
            result: CursorResult[Any] = await connection.execute(statement)
            return result.all()

    async def _upsert(self, connection: AsyncConnection, some: Sequence[Article]) -> None:
        statement = self._insert()
        others = {
            column.name: statement.excluded[column.name] for column in articles.c if not column.primary_key
        }
        statement = statement.on_conflict_do_update(index_elements=["source", "id"], set_=others)
        now = self._clock()
        await connection.execute(statement, [row_of(article, now) for article in some])

    def _insert(self) -> SqliteInsert | PostgresInsert:
        if self._database.dialect == "sqlite":
            return sqlite.insert(articles)
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 0.1 s, and SQLite does without

        return postgresql.insert(articles)

    async def _remove(self, connection: AsyncConnection, refs: Sequence[ArticleRef]) -> int:
        statement = update(articles).where(is_one_of(refs), present()).values(removed_at=self._clock())
        return (await connection.execute(statement)).rowcount
