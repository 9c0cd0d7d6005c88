"""The tables of articles, leases and sync runs. The Alembic history in `knowledge/migrations` builds them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

metadata = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite keeps no zone of its own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Bring to UTC; naive ones are refused."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give it back aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text without what PostgreSQL or UTF-8 cannot hold: NUL is dropped, lone surrogates become U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Clean what goes in."""
        return None if value is None else storable(value)


class Labels(TypeDecorator[frozenset[str]]):
    """A set of labels as a sorted JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write it sorted, so that equal sets are equal texts."""
        return None if value is None else json.dumps(sorted(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[str] | None:  # noqa: ARG002
        """Read it back."""
        return None if value is None else frozenset(json.loads(value))


def storable(value: str) -> str:
    """Give `value` without NUL characters and lone surrogates."""
    value = value.replace("\x00", "")
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace").decode()
    return value


articles = Table(
    "articles",
    metadata,
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("revision", Text, nullable=False),
    Column("audience", Labels, nullable=False),
    Column("title", PlainText, nullable=False),
    Column("url", PlainText),
    Column("updated_at", UtcDateTime),
    Column("language", PlainText),
    Column("labels", Text, nullable=False),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
    Column("body", PlainText, nullable=False),  # last: SQLite then reads the rest of a row without it
)
"""Every article; a removed one keeps its row, with `removed_at`, for 30 days."""

# PostgreSQL's conditions are the same and stand in the migration alone: naming them here would load its dialect.
_current = articles.c.removed_at.is_(None)
Index(
    "articles_current",
    articles.c.source,
    articles.c.id,
    articles.c.revision,
    articles.c.removed_at,  # always NULL here; with it SQLite answers from the index alone
    sqlite_where=_current,
)
_removed = articles.c.removed_at.is_not(None)
Index("articles_removed", articles.c.removed_at, sqlite_where=_removed)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("pid_started", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""Who runs what alone. `host`, `pid`, `pid_started` tell whether a holder on this machine still lives."""

sync_runs = Table(
    "sync_runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("report", Text, nullable=False),
)
"""What each sync did, the newest few hundred a source; `report` is JSON."""
Index("sync_runs_source", sync_runs.c.source, sync_runs.c.id)

llm_days = Table(
    "llm_days",
    metadata,
    Column("day", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)
"""What the language model took, by day (UTC): `cost` in millionths, `tokens`, `told`. Used without Redis only."""
