"""The SQL database: SQLite in one file, or PostgreSQL by URL, behind the same few calls."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from knowledge.database_errors import postgres_explained, sqlite_explained, translated, unreachable
from knowledge.errors import StorageError
from knowledge.group_commit import GroupCommit, Turn
from knowledge.schema import SchemaHistory
from knowledge.sqlite_direct import SqliteReader, SqliteWriter, WriterThread, switch_to_wal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from sqlalchemy import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from knowledge.group_commit import Over, Waiting

_NOT_OPEN = "Database.open() was not called, or close() was"


class Database:
    """One database of the bot; an async context manager, or `open` it before use and `close` it after.

    Every write on SQLite is a `BEGIN IMMEDIATE`: what a transaction has read cannot be changed under it. Keep
    write transactions under 200 ms. What an operator can mend comes as StorageError or one of its kinds.

    To add a history of tables: a folder `yourpackage/migrations/versions/` with Alembic revision files
    (`revision`, `down_revision`, `upgrade()`, `downgrade()`; an `__init__.py` in both folders), no env.py,
    no ini file, one head. Then, once open, `await database.upgrade("yours:migrations", "yours_version")`.
    """

    def __init__(self, url: str, *, busy_milliseconds: int = 5000) -> None:
        self._url = _checked(url)
        self._busy_milliseconds = busy_milliseconds
        self._is_open = False
        self._engine: AsyncEngine | None = None
        self._connecting = asyncio.Lock()
        # SQLite has one writer: queueing here spares its polling.
        self._turn = Turn()
        self._upgrading = asyncio.Lock()
        self._group = GroupCommit(self._commit_together, self._hand_over)
        self._writing = WriterThread(self._commit_sqlite)
        self._writer: SqliteWriter | None = None
        self._reader: SqliteReader | None = None

    @staticmethod
    def url_for(url: str, data_dir: Path) -> str:
        """Give the SQLAlchemy URL of what `[database] url` says; "" is `helpdesk.sqlite` in `data_dir`."""
        if not url:
            return f"sqlite+aiosqlite:///{data_dir / 'helpdesk.sqlite'}"
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                # libpq's name of the option, which hosts put into their URLs, is not the driver's.
                return "postgresql+asyncpg://" + url.removeprefix(scheme).replace("sslmode=", "ssl=")
        if url.startswith("sqlite://"):
            return "sqlite+aiosqlite://" + url.removeprefix("sqlite://")
        return url

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    @property
    def place(self) -> str:
        """The file, or the URL without its password: what messages name."""
        if self.dialect == "sqlite":
            return self._url.database or ":memory:"
        return self._url.render_as_string(hide_password=True)

    async def open(self) -> None:
        """Connect, creating the folder and the SQLite file where they lack. Raises StorageError."""
        if self._is_open:
            return
        if self.dialect == "sqlite":
            with unreachable(self.place):
                await asyncio.to_thread(Path(self.place).parent.mkdir, parents=True, exist_ok=True)
                try:
                    await switch_to_wal(self.place, self._busy_milliseconds)
                except sqlite3.Error as error:
                    raise DBAPIError("PRAGMA journal_mode=WAL", None, error) from error
            self._is_open = True
            return
        self._is_open = True
        try:
            with unreachable(self.place):
                async with (await self._connected()).connect() as connection:
                    await connection.execute(text("SELECT 1"))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection; a second close does nothing."""
        await self._group.close()
        await asyncio.to_thread(self._writing.close)
        self._is_open, engine, self._engine = False, self._engine, None
        for direct in (self._writer, self._reader):
            if direct is not None:
                await asyncio.to_thread(direct.close)
        self._writer = self._reader = None
        if engine is not None:
            await engine.dispose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection for reading; on SQLite all its statements see one moment. Raises StorageError."""
        await self._group.settled()
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a write transaction: committed at exit, rolled back on an error.

        Not reentrant: a second `write` inside the first waits for itself. Raises StorageError.
        """
        await self._group.settled()
        async with (
            self._turn if self.dialect == "sqlite" else nullcontext(),
            self._connection() as connection,
        ):
            await connection.execution_options(helpdesk_writes=True)  # read by knowledge/engines.py
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        engine = await self._connected()
        async with AsyncExitStack() as stack:
            with unreachable(self.place):
                connection = await stack.enter_async_context(engine.connect())
            with translated(self.place):
                yield connection

    async def _connected(self) -> AsyncEngine:
        """Give the engine, making it at first: its import takes 0.1 s, which a start from the cache does without."""
        if self._engine is None:
            async with self._connecting:
                if self._engine is None:
                    made: AsyncEngine = await asyncio.to_thread(self._made)
                    self._engine = made if self._is_open else None
        if self._engine is None or not self._is_open:
            raise RuntimeError(_NOT_OPEN)
        return self._engine

    def _made(self) -> AsyncEngine:
        from knowledge.engines import postgres_engine, sqlite_engine  # noqa: PLC0415 - see `_connected`

        if self.dialect == "sqlite":
            return sqlite_engine(self._url, self._busy_milliseconds)
        return postgres_engine(self._url, self.place)

    async def commit(self, sql: str, parameters: Sequence[object]) -> int:
        """Commit one statement with `?` for its parameters; give how many rows it touched.

        For what every message does (see `Prepared`): simultaneous callers share a commit, and nothing is built or
        looked up on the way. It is on the disk when this returns. Raises StorageError, IntegrityError.
        """
        return await self._group.commit(sql, parameters)

    def soon(self, sql: str, parameters: Sequence[object], failed: Callable[[BaseException], object]) -> None:
        """Commit one statement as `commit` does, without waiting for it; `failed` is told what kept it from that.

        It is on the disk before whatever is committed after it, and seen by whatever this process reads after it.
        """
        self._group.soon(sql, parameters, failed)

    async def _commit_together(self, statements: Sequence[Waiting]) -> list[int]:
        if self.dialect == "sqlite":
            async with self._turn:
                return await self._writing.run(statements)
        async with self._connection() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            with postgres_explained(self.place):
                async with driver.transaction():
                    done = [
                        await driver.execute(_numbered(each.sql), *each.parameters) for each in statements
                    ]
        return [int(said.rsplit(" ", 1)[-1]) for said in done]

    def _hand_over(self, statements: Sequence[Waiting], over: Over) -> bool:
        """Hand them to the writer's thread where nobody else is writing: the way of almost every commit."""
        if self.dialect != "sqlite" or not self._turn.take_at_once():
            return False

        def done(touched: Sequence[int], error: BaseException | None) -> None:
            self._turn.leave()
            over(touched, error)

        self._writing.hand(statements, done)
        return True

    def _commit_sqlite(self, statements: Sequence[Waiting]) -> list[int]:
        if not self._is_open:
            raise RuntimeError(_NOT_OPEN)
        with sqlite_explained(self.place):
            if self._writer is None:
                self._writer = SqliteWriter(self.place, self._busy_milliseconds)
            return self._writer.run(statements)

    async def fetch(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Run one SELECT of a few rows with `?` for its parameters, straight on the driver.

        For what every question does: on SQLite it is done here and now, in some 20 microseconds, since going to the
        driver's thread and back takes ten times that. Values come as the driver gives them. Raises StorageError.
        """
        if self.dialect == "sqlite" and self._is_open:
            if self._reader is None:
                with sqlite_explained(self.place):
                    self._reader = SqliteReader(self.place)
            rows = self._reader.fetch(sql, parameters)
            if rows is not None:
                return rows
        async with self._connection() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            try:
                if self.dialect == "sqlite":
                    return list(await driver.execute_fetchall(sql, parameters))
                return [tuple(row) for row in await driver.fetch(_numbered(sql), *parameters)]
            except (sqlite3.Error, OSError) as error:
                raise StorageError(f"the database {self.place} cannot be read: {error}") from error

    async def upgrade(self, script_location: str, version_table: str) -> None:
        """Bring a history (`package:folder`) to its head; milliseconds, and no Alembic, when it is there.

        Several processes may do it at once. Raises DatabaseTooNew when a newer version of the bot was here.
        """
        history = SchemaHistory(script_location, version_table)
        if await self._is_at_head(history):
            return
        # Alembic keeps the running migration in a module: one at a time in this process.
        async with self._upgrading, self.write() as connection:
            if self.dialect == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(hashtext(:table))")
                await connection.execute(lock, {"table": version_table})
            await connection.run_sync(history.upgrade, self.place)

    async def _is_at_head(self, history: SchemaHistory) -> bool:
        if self.dialect == "sqlite":
            there = await self.fetch(SchemaHistory.SQLITE_HAS_TABLE, [history.version_table])
            return bool(there) and history.is_head(await self.fetch(history.query, []), self.place)
        async with self.read() as connection:
            return await connection.run_sync(history.is_at_head, self.place)

    async def check(self) -> str:
        """Say in one line what database this is, having tried that it takes writes. Raises StorageError."""
        await self.open()
        async with self.write() as connection:
            if self.dialect == "sqlite":
                version = (await connection.execute(text("SELECT sqlite_version()"))).scalar_one()
                return f"SQLite {version}, {self.place}"
            version = (await connection.execute(text("SHOW server_version"))).scalar_one()
            return f"PostgreSQL {str(version).split()[0]}, {self.place}"


def _numbered(sql: str) -> str:
    """Give the statement as PostgreSQL's driver takes it: $1 for the first `?`, and so on."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", sql)


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.drivername not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
        raise StorageError("[database] url must look like postgresql://user:password@host:5432/name")
    return parsed
