"""SQLAlchemy's engines, as `Database` uses them; apart, since most starts answer before they need one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from knowledge.errors import StorageError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection
    from sqlalchemy.ext.asyncio import AsyncEngine


def sqlite_engine(url: URL, busy_milliseconds: int) -> AsyncEngine:
    """Give an engine whose writes begin with `BEGIN IMMEDIATE`; it connects when it is first used."""
    engine = create_async_engine(url, pool_size=8, max_overflow=8)

    def prepare(connection: Any, _record: object) -> None:
        _prepare(connection, busy_milliseconds)

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def postgres_engine(url: URL, place: str) -> AsyncEngine:
    """Give an engine; it connects when it is first used. Raises StorageError where its driver is not installed."""
    try:
        return create_async_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        remedy = "pip install 'helpdesk-bot[postgres]'"
        raise StorageError(f"{place} needs the package {error.name}: {remedy}") from error


def _prepare(connection: Any, busy_milliseconds: int) -> None:
    connection.isolation_level = None  # the driver's own BEGIN is deferred; ours comes from the event
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout={busy_milliseconds}")
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(
        "helpdesk_writes", False
    )  # as `Database.write` sets it
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
