"""SQLite without the layers above it, for what every message does."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from knowledge.group_commit import Waiting

    _Work = tuple[asyncio.AbstractEventLoop, asyncio.Future[list[int]], Sequence[Waiting]]


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


class WriterThread:
    """A thread of its own for the commits: a turn of it costs half of what `asyncio.to_thread` takes.

    It starts with the first and is idle between them; `close` ends it.
    """

    def __init__(self, run: Callable[[Sequence[Waiting]], list[int]]) -> None:
        self._run = run
        self._handed: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, statements: Sequence[Waiting]) -> list[int]:
        """Give what `run` gives; raises what it raises. It is done even when the caller is cancelled."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[list[int]] = loop.create_future()
        self._handed.put((loop, done, statements))
        return await done

    def close(self) -> None:
        """Wait until what was handed in is done, and end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._handed.put(None)
            thread.join()

    def _work(self) -> None:
        while (work := self._handed.get()) is not None:
            loop, done, statements = work
            error, touched = None, []
            try:
                touched = self._run(statements)
            except Exception as raised:  # noqa: BLE001 - raised where it is awaited
                error = raised
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
                loop.call_soon_threadsafe(_tell, done, touched, error)


def _tell(done: asyncio.Future[list[int]], touched: list[int], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(touched)
    else:
        done.set_exception(error)


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
