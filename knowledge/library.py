"""The articles themselves, in SQL: the source of truth that the passage index is derived from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from knowledge.errors import RevisionConflict
from knowledge.models import Article, ArticleRef
from knowledge.sources.text import web_address
from knowledge.tables import articles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, CursorResult, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from knowledge.database import Database
    from knowledge.leases import Lease
    from knowledge.models import SyncPlan
    from knowledge.sync import Progress

KEPT_AFTER_REMOVAL = timedelta(days=30)
_CHUNK_ARTICLES = 100
_CHUNK_CHARACTERS = 1_000_000
_REFS_A_QUERY = 500


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
        statement = select(articles.c.id, articles.c.revision).where(articles.c.source == source, _present())
        return {row.id: row.revision for row in await self._rows(statement)}

    async def revisions(self) -> dict[ArticleRef, str]:
        """Give the revision of every article."""
        statement = select(articles.c.source, articles.c.id, articles.c.revision).where(_present())
        return {ArticleRef(row.source, row.id): row.revision for row in await self._rows(statement)}

    async def current(self, refs: Iterable[ArticleRef]) -> dict[ArticleRef, tuple[str, frozenset[str]]]:
        """Give revision and audience of those of `refs` that the library holds, by one cheap query."""
        found: dict[ArticleRef, tuple[str, frozenset[str]]] = {}
        for some in _portions(sorted(set(refs))):
            rows = await self._database.fetch(*_current_query(some))
            for source, article_id, revision, audience in rows:
                found[ArticleRef(source, article_id)] = revision, _labels_of(audience)
        return found

    async def load(self, refs: Iterable[ArticleRef]) -> list[Article]:
        """Give whole articles in the order of `refs`, leaving out what is not there."""
        wanted = list(dict.fromkeys(refs))
        found: dict[ArticleRef, Article] = {}
        for some in _portions(wanted):
            statement = select(articles).where(_is_one_of(some), _present())
            for row in await self._rows(statement):
                found[ArticleRef(row.source, row.id)] = _article_of(row)
        return [found[ref] for ref in wanted if ref in found]

    async def find(self, name: str) -> list[Article]:
        """Give the articles called `id` or `source/id`; several when sources share an id."""
        named: list[ColumnElement[bool]] = [articles.c.id == name]
        source, slash, article_id = name.partition("/")
        if slash:
            named.append(and_(articles.c.source == source, articles.c.id == article_id))
        statement = select(articles).where(or_(*named), _present()).order_by(articles.c.source, articles.c.id)
        return [_article_of(row) for row in await self._rows(statement)]

    async def summaries(
        self, source: str | None = None, audience: frozenset[str] | None = None
    ) -> list[ArticleSummary]:
        """List articles by source and id, without bodies; `audience` None sees all."""
        columns = (articles.c[name] for name in ArticleSummary.__dataclass_fields__)
        statement = select(*columns).where(_present()).order_by(articles.c.source, articles.c.id)
        if source is not None:
            statement = statement.where(articles.c.source == source)
        found = [ArticleSummary(**row._mapping) for row in await self._rows(statement)]  # noqa: SLF001 - public
        return [summary for summary in found if audience is None or audience & summary.audience]

    async def count(self) -> int:
        """Give the number of articles."""
        rows = await self._rows(select(func.count().label("number")).select_from(articles).where(_present()))
        return int(rows[0].number)

    async def apply(self, plan: SyncPlan, lease: Lease | None, progress: Progress | None = None) -> None:
        """Do what a plan says in short transactions, each fenced by `lease`. Raises LeaseLost, DiskFull.

        Stopped at any moment it leaves whole articles; the next plan has what is missing.
        """
        changed = [*plan.added, *plan.updated]
        total, done = len(changed) + len(plan.removed), 0
        for some in _chunks(changed):
            async with self._database.write() as connection:
                if lease is not None:
                    await lease.fence(connection)
                await self._upsert(connection, some)
            done += len(some)
            if progress is not None:
                progress("storing articles", done, total)
        for gone in _portions([ArticleRef(plan.source, article_id) for article_id in plan.removed]):
            async with self._database.write() as connection:
                if lease is not None:
                    await lease.fence(connection)
                await self._remove(connection, gone)
            done += len(gone)
            if progress is not None:
                progress("storing articles", done, total)

    async def put(self, article: Article, expected_revision: str | None = None) -> None:
        """Store one article; with `expected_revision` raise RevisionConflict unless that is stored now."""
        async with self._database.write() as connection:
            if expected_revision is not None:
                statement = select(articles.c.revision).where(_is_one_of([article.ref]), _present())
                stored = (await connection.execute(statement.with_for_update())).scalar_one_or_none()
                if stored != expected_revision:
                    changed = "removed" if stored is None else "changed"
                    raise RevisionConflict(
                        f"{article.ref} was {changed} meanwhile; look at it again, then repeat"
                    )
            await self._upsert(connection, [article])

    async def remove(self, ref: ArticleRef) -> bool:
        """Remove one article; False when it was not there."""
        async with self._database.write() as connection:
            return await self._remove(connection, [ref]) > 0

    async def purge(self) -> int:
        """Forget what was removed more than 30 days ago; give the number of articles forgotten."""
        old = articles.c.removed_at < self._clock() - KEPT_AFTER_REMOVAL
        rows = await self._rows(select(func.count().label("number")).select_from(articles).where(old))
        if not rows[0].number:
            return 0
        async with self._database.write() as connection:
            return (await connection.execute(delete(articles).where(old))).rowcount

    async def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        async with self._database.read() as connection:
            result: CursorResult[Any] = await connection.execute(statement)
            return result.all()

    async def _upsert(self, connection: AsyncConnection, some: Sequence[Article]) -> None:
        insert = sqlite.insert if self._database.dialect == "sqlite" else postgresql.insert
        statement = insert(articles)
        others = {
            column.name: statement.excluded[column.name] for column in articles.c if not column.primary_key
        }
        statement = statement.on_conflict_do_update(index_elements=["source", "id"], set_=others)
        now = self._clock()
        await connection.execute(statement, [_row_of(article, now) for article in some])

    async def _remove(self, connection: AsyncConnection, refs: Sequence[ArticleRef]) -> int:
        statement = update(articles).where(_is_one_of(refs), _present()).values(removed_at=self._clock())
        return (await connection.execute(statement)).rowcount


def _present() -> ColumnElement[bool]:
    return articles.c.removed_at.is_(None)


def _by_source(refs: Iterable[ArticleRef]) -> Mapping[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for ref in refs:
        ids.setdefault(ref.source, []).append(ref.id)
    return ids


def _is_one_of(refs: Iterable[ArticleRef]) -> ColumnElement[bool]:
    # `(source, id) IN (…)` would scan the whole index in SQLite.
    parts = [
        and_(articles.c.source == name, articles.c.id.in_(ids)) for name, ids in _by_source(refs).items()
    ]
    return or_(*parts)


def _current_query(refs: Iterable[ArticleRef]) -> tuple[str, list[str]]:
    conditions, parameters = [], []
    for source, ids in _by_source(refs).items():
        conditions.append(f"source = ? AND id IN ({', '.join('?' * len(ids))})")
        parameters += [source, *ids]
    found = " OR ".join(conditions)
    columns = "SELECT source, id, revision, audience FROM articles"
    return f"{columns} WHERE ({found}) AND removed_at IS NULL", parameters


@lru_cache(maxsize=1024)
def _labels_of(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def _portions(refs: Sequence[ArticleRef]) -> Iterator[Sequence[ArticleRef]]:
    for start in range(0, len(refs), _REFS_A_QUERY):
        yield refs[start : start + _REFS_A_QUERY]


def _chunks(changed: Sequence[Article]) -> Iterator[list[Article]]:
    """Cut into transactions that stay short on a slow disk."""
    chunk: list[Article] = []
    characters = 0
    for article in changed:
        if chunk and (len(chunk) == _CHUNK_ARTICLES or characters + len(article.body) > _CHUNK_CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(article)
        characters += len(article.body)
    if chunk:
        yield chunk


def _row_of(article: Article, now: datetime) -> dict[str, object]:
    return {
        "source": article.source,
        "id": article.id,
        "revision": article.revision,
        "audience": article.audience,
        "title": article.title,
        "url": web_address(article.url),
        "updated_at": article.updated_at,
        "language": article.language,
        "labels": json.dumps(article.labels),
        "stored_at": now,
        "removed_at": None,
        "body": article.body,
    }


def _article_of(row: Row[Any]) -> Article:
    return Article(
        source=row.source,
        id=row.id,
        title=row.title,
        body=row.body,
        revision=row.revision,
        audience=row.audience,
        url=row.url,
        updated_at=row.updated_at,
        language=row.language,
        labels=tuple(json.loads(row.labels)),
    )
