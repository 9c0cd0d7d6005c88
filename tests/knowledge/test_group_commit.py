"""Single statements are committed together, each on its own account."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import bindparam, insert, text, update
from sqlalchemy.exc import IntegrityError

from knowledge.database import Database
from knowledge.errors import StorageError
from knowledge.prepared import Prepared
from knowledge.tables import articles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

INSERT = "INSERT INTO things (name, size) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with one table."""
    async with Database(database_url) as opened:
        async with opened.write() as connection:
            await connection.execute(
                text("CREATE TABLE things (name VARCHAR PRIMARY KEY, size INTEGER NOT NULL)")
            )
        yield opened


async def sizes(database: Database) -> dict[str, int]:
    """Give what is committed, as another connection sees it."""
    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT name, size FROM things"))).all()
    return {row.name: row.size for row in rows}


async def test_what_commit_has_returned_from_is_there(database: Database) -> None:
    """Each of a hundred simultaneous callers is told how many rows it touched, and then they are there."""
    touched = await asyncio.gather(*(database.commit(INSERT, [f"t{n % 60}", n]) for n in range(100)))
    assert sum(touched) == 60
    assert set(await sizes(database)) == {f"t{n}" for n in range(60)}
    assert await database.commit("UPDATE things SET size = ? WHERE size < ?", [7, 30]) == 30


async def test_simultaneous_callers_share_a_commit(tmp_path: Path) -> None:
    """A hundred statements that come at once are a few transactions: the log's frames tell."""
    async with Database(Database.url_for("", tmp_path)) as database:
        async with database.write() as connection:
            await connection.execute(
                text("CREATE TABLE things (name VARCHAR PRIMARY KEY, size INTEGER NOT NULL)")
            )
        watcher = sqlite3.connect(database.place)
        versions = set()

        async def one(number: int) -> None:
            await database.commit(INSERT, [f"t{number}", number])
            versions.add(watcher.execute("PRAGMA data_version").fetchone()[0])

        await asyncio.gather(*(one(number) for number in range(100)))
        watcher.close()
    assert len(versions) <= 3


async def test_what_cannot_be_done_costs_no_other_its_commit(database: Database) -> None:
    """The one that breaks a rule hears of it, its neighbours are committed."""
    wrong = database.commit("INSERT INTO things (name, size) VALUES (?, ?)", ["bad", None])
    results = await asyncio.gather(
        database.commit(INSERT, ["a", 1]), wrong, database.commit(INSERT, ["b", 2]), return_exceptions=True
    )
    assert results[0] == results[2] == 1
    assert isinstance(results[1], IntegrityError)
    assert await sizes(database) == {"a": 1, "b": 2}


async def test_a_caller_that_leaves_takes_nobody_along(database: Database) -> None:
    """A cancelled caller's neighbours get their commits."""
    leaving = asyncio.create_task(database.commit(INSERT, ["a", 1]))
    staying = asyncio.create_task(database.commit(INSERT, ["b", 2]))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_closing_waits_for_commits(tmp_path: Path) -> None:
    """What was handed in before the database was closed is on the disk."""
    database = Database(Database.url_for("", tmp_path))
    await database.open()
    async with database.write() as connection:
        await connection.execute(
            text("CREATE TABLE things (name VARCHAR PRIMARY KEY, size INTEGER NOT NULL)")
        )
    handed_in = asyncio.create_task(database.commit(INSERT, ["a", 1]))
    await asyncio.sleep(0)
    await database.close()
    assert await handed_in == 1
    with sqlite3.connect(database.place) as connection:
        assert connection.execute("SELECT name FROM things").fetchall() == [("a",)]


async def test_a_locked_file_is_named(tmp_path: Path) -> None:
    """Who waits too long for another process is told which file it is."""
    async with Database(Database.url_for("", tmp_path), busy_milliseconds=20) as database:
        async with database.write() as connection:
            await connection.execute(
                text("CREATE TABLE things (name VARCHAR PRIMARY KEY, size INTEGER NOT NULL)")
            )
        other = sqlite3.connect(database.place, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(StorageError, match=r"helpdesk\.sqlite: database is locked"):
                await database.commit(INSERT, ["a", 1])
        finally:
            other.close()


async def test_fetch_sees_what_was_committed(database: Database) -> None:
    """A lookup gives the newest committed rows, of every writer."""
    for size in range(3):
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM things"))
        await database.commit(INSERT, ["a", size])
        assert await database.fetch("SELECT size FROM things WHERE name = ?", ["a"]) == [(size,)]


async def test_fetch_waits_for_nobody_else(tmp_path: Path) -> None:
    """Where the quick way refuses, the long way is taken, and its error names the file."""
    async with Database(Database.url_for("", tmp_path)) as database:
        with pytest.raises(StorageError, match="cannot be read: no such table"):
            await database.fetch("SELECT size FROM things WHERE name = ?", ["a"])


def test_prepared_writes_values_as_their_columns_do() -> None:
    """A column's type has its say, and what the statement lacks is refused."""
    names = {name: bindparam(name) for name in ("source", "id", "audience")}
    statement = Prepared(insert(articles).values(names))
    made = dict(
        zip(
            ("source", "id"),
            statement.parameters(source="s", id="1", audience=frozenset({"b", "a"})),
            strict=False,
        )
    )
    assert statement.sql.startswith("INSERT INTO articles")
    assert "s" in made.values()
    assert any(
        isinstance(value, str) and "a" in value and "b" in value
        for value in statement.parameters(source="s", id="1", audience=frozenset({"a", "b"}))
    )
    with pytest.raises(TypeError, match="has no title"):
        statement.parameters(title="t")
    assert Prepared(update(articles).values(title="x")).parameters() == ["x"]


async def test_what_is_to_be_committed_soon_is_read_and_written_after(database: Database) -> None:
    """Nobody waits for it, and whatever this process reads or writes next finds it."""
    failures: list[BaseException] = []
    database.soon(INSERT, ["a", 1], failures.append)
    assert await sizes(database) == {"a": 1}
    database.soon(INSERT, ["b", 2], failures.append)
    async with database.write() as connection:
        assert len((await connection.execute(text("SELECT name FROM things"))).all()) == 2
    assert not failures


async def test_what_is_to_be_committed_soon_shares_the_next_commit(tmp_path: Path) -> None:
    """No moment is seen at which the later statement is on the disk and the earlier one is not."""
    async with Database(Database.url_for("", tmp_path)) as database:
        async with database.write() as connection:
            await connection.execute(
                text("CREATE TABLE things (name VARCHAR PRIMARY KEY, size INTEGER NOT NULL)")
            )
        watcher = sqlite3.connect(database.place)
        before = watcher.execute("PRAGMA data_version").fetchone()[0]
        database.soon(INSERT, ["a", 1], pytest.fail)
        assert watcher.execute("SELECT name FROM things").fetchall() == []
        await database.commit(INSERT, ["b", 2])
        assert watcher.execute("SELECT name FROM things").fetchall() == [("a",), ("b",)]
        assert watcher.execute("PRAGMA data_version").fetchone()[0] == before + 1
        watcher.close()


async def test_who_does_not_wait_is_told_of_a_failure(database: Database) -> None:
    """A statement that cannot be done costs the next its commit no more than any other."""
    failures: list[BaseException] = []
    database.soon("INSERT INTO things (name, size) VALUES (?, ?)", ["bad", None], failures.append)
    assert await database.commit(INSERT, ["a", 1]) == 1
    assert [type(failure) for failure in failures] == [IntegrityError]


async def test_closing_waits_for_what_nobody_waits_for(tmp_path: Path) -> None:
    """What was to be committed soon when the database was closed is on the disk."""
    async with Database(Database.url_for("", tmp_path)) as database:
        async with database.write() as connection:
            await connection.execute(
                text("CREATE TABLE things (name VARCHAR PRIMARY KEY, size INTEGER NOT NULL)")
            )
        database.soon(INSERT, ["a", 1], pytest.fail)
    with sqlite3.connect(database.place) as connection:
        assert connection.execute("SELECT name FROM things").fetchall() == [("a",)]
