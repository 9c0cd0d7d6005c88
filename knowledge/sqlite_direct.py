"""SQLite without the layers above it, for what every message does."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.group_commit import Waiting


class SqliteWriter:
    """One connection that commits statements; used by one thread at a time. Raises sqlite3.Error."""

    def __init__(self, file: str, busy_milliseconds: int) -> None:
        self._connection = sqlite3.connect(
            file, timeout=busy_milliseconds / 1000, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")

    def run(self, statements: Sequence[Waiting]) -> list[int]:
        """Do all in one transaction; on an error nothing of it is there."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            touched = [self._connection.execute(each.sql, each.parameters).rowcount for each in statements]
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return touched

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class SqliteReader:
    """One connection for lookups of a few rows by key, made on the caller's thread: microseconds, and never a wait.

    A reader of a write-ahead log waits for no writer. Where SQLite refuses all the same, `fetch` gives None and the
    caller takes the long way.
    """

    def __init__(self, file: str) -> None:
        self._connection = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA query_only=ON")

    def fetch(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]] | None:
        """Give the rows, or None."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error:
            return None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
