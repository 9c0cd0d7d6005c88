"""Articles as rows of SQL, and the conditions that queries for them share."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_

from knowledge.models import Article, ArticleRef
from knowledge.sources.text import web_address
from knowledge.tables import articles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row

_CHUNK_ARTICLES = 100
_CHUNK_CHARACTERS = 1_000_000
_REFS_A_QUERY = 500


def present() -> ColumnElement[bool]:
    """Not removed."""
    return articles.c.removed_at.is_(None)


def _by_source(refs: Iterable[ArticleRef]) -> Mapping[str, list[str]]:
    ids: dict[str, list[str]] = {}
    for ref in refs:
        ids.setdefault(ref.source, []).append(ref.id)
    return ids


def is_one_of(refs: Iterable[ArticleRef]) -> ColumnElement[bool]:
    """One of these articles."""
    # `(source, id) IN (…)` would scan the whole index in SQLite.
    parts = [
        and_(articles.c.source == name, articles.c.id.in_(ids)) for name, ids in _by_source(refs).items()
    ]
    return or_(*parts)


def is_called(name: str) -> ColumnElement[bool]:
    """The article `id`, of whatever source, or `source/id`."""
    source, slash, article_id = name.partition("/")
    if not slash:
        return articles.c.id == name
    return or_(articles.c.id == name, and_(articles.c.source == source, articles.c.id == article_id))


def has_words(text: str) -> ColumnElement[bool]:
    """Every word of `text` stands in the title, the id or the text, also inside of words."""
    columns = (articles.c.title, articles.c.id, articles.c.body)
    every = [
        or_(*(func.lower(column).contains(word, autoescape=True) for column in columns))
        for word in text.lower().split()
    ]
    return and_(*every)


def current_query(refs: Iterable[ArticleRef]) -> tuple[str, list[str]]:
    """Give the SQL, and its parameters, for revision and audience of these articles."""
    conditions, parameters = [], []
    for source, ids in _by_source(refs).items():
        conditions.append(f"source = ? AND id IN ({', '.join('?' * len(ids))})")
        parameters += [source, *ids]
    found = " OR ".join(conditions)
    columns = "SELECT source, id, revision, audience FROM articles"
    return f"{columns} WHERE ({found}) AND removed_at IS NULL", parameters


@lru_cache(maxsize=1024)
def labels_of(text: str) -> frozenset[str]:
    """Read a set of labels as `knowledge.tables.Labels` writes it."""
    return frozenset(json.loads(text))


def portions(refs: Sequence[ArticleRef]) -> Iterator[Sequence[ArticleRef]]:
    """Cut into what one query takes."""
    for start in range(0, len(refs), _REFS_A_QUERY):
        yield refs[start : start + _REFS_A_QUERY]


def chunks(changed: Sequence[Article]) -> Iterator[list[Article]]:
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


def row_of(article: Article, now: datetime) -> dict[str, object]:
    """Give an article as it is written, stored `now`."""
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


def article_of(row: Row[Any]) -> Article:
    """Read an article back."""
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
