"""SQLite without the layers above it, for what every message does."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from knowledge.group_commit import Over, Waiting

    _Work = tuple[asyncio.AbstractEventLoop, Over, Sequence[Waiting]]


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

    def hand(self, statements: Sequence[Waiting], over: Over) -> None:
        """Have `run` done for them; `over` is told of it in this event loop."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
            self._thread.start()
        self._handed.put((asyncio.get_running_loop(), over, statements))

    async def run(self, statements: Sequence[Waiting]) -> list[int]:
        """Give what `run` gives; raises what it raises. It is done even when the caller is cancelled."""
        done: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()

        def over(touched: Sequence[int], error: BaseException | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(list(touched))
            else:
                done.set_exception(error)

        self.hand(statements, over)
        return await done

    def close(self) -> None:
        """Wait until what was handed in is done, and end the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._handed.put(None)
            thread.join()

    def _work(self) -> None:
        while (work := self._handed.get()) is not None:
            loop, over, statements = work
            error, touched = None, []
            try:
                touched = self._run(statements)
            except Exception as raised:  # noqa: BLE001 - raised where it is awaited
                error = raised
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
                loop.call_soon_threadsafe(over, touched, error)


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


async def switch_to_wal(file: str, busy_milliseconds: int) -> None:
    """Make the file one with a write-ahead log, before any connection of a pool needs it. Raises sqlite3.Error.

    SQLite does not wait for its busy timeout when two connections switch at once: it fails one of them.
    """
    busy_seconds = busy_milliseconds / 1000
    with suppress(sqlite3.OperationalError):
        await asyncio.to_thread(_use_wal, file, busy_seconds)
        return
    import tenacity  # noqa: PLC0415 - seldom needed

    switching = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception_type(sqlite3.OperationalError),
        stop=tenacity.stop_after_delay(busy_seconds),
        wait=tenacity.wait_random(0.01, 0.1),
        reraise=True,
    )
    await switching(asyncio.to_thread, _use_wal, file, busy_seconds)


def _use_wal(file: str, busy_seconds: float) -> None:
    with closing(sqlite3.connect(file, timeout=busy_seconds)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
