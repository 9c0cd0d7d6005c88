"""The database: transactions that hold, upgrades that many may do at once, errors that say what to do."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import column, select, table, text

from knowledge.database import Database
from knowledge.errors import DatabaseTooNew, DiskFull, StorageError
from knowledge.tables import metadata

HISTORY = ("knowledge:migrations", "knowledge_version")


async def _counter(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE counter (value INTEGER)"))
        await connection.execute(text("INSERT INTO counter VALUES (0)"))


async def _increment(database: Database) -> None:
    async with database.write() as connection:
        query = (
            select(column("value")).select_from(table("counter")).with_for_update()
        )  # SQLite ignores the last
        value = (await connection.execute(query)).scalar_one()
        await asyncio.sleep(0)  # let the others in, if anything lets them
        await connection.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})


async def _value(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(text("SELECT value FROM counter"))).scalar_one())


async def test_concurrent_read_then_write(database_url: str) -> None:
    """Five concurrent read-then-write increments through five databases of one file give 5."""
    databases = [Database(database_url) for _ in range(5)]
    try:
        await asyncio.gather(*(database.open() for database in databases))
        await _counter(databases[0])
        await asyncio.gather(*(_increment(database) for database in databases))
        assert await _value(databases[0]) == 5
    finally:
        await asyncio.gather(*(database.close() for database in databases))


async def test_write_rolls_back(database: Database) -> None:
    """A write that raises leaves nothing behind, and the next one works."""
    await _counter(database)

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE counter SET value = 7"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write()
    assert await _value(database) == 0
    await _increment(database)
    assert await _value(database) == 1


async def test_cancelled_write_rolls_back(database: Database) -> None:
    """A write cancelled in the middle leaves nothing behind and holds no lock."""
    await _counter(database)
    written = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE counter SET value = 7"))
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await written.wait()
    task.cancel()
    await asyncio.wait([task])
    await _increment(database)
    assert await _value(database) == 1


async def test_read_sees_one_moment(tmp_path: Path) -> None:
    """On SQLite both statements of a read see the same moment, though a write came between them."""
    async with Database(Database.url_for("", tmp_path)) as database:
        await _counter(database)
        async with database.read() as connection:
            before = (await connection.execute(text("SELECT value FROM counter"))).scalar_one()
            await _increment(database)
            after = (await connection.execute(text("SELECT value FROM counter"))).scalar_one()
        assert (before, after, await _value(database)) == (0, 0, 1)


async def test_fetch(database: Database) -> None:
    """`fetch` binds its question marks on both databases and gives tuples."""
    await _counter(database)
    assert await database.fetch("SELECT value FROM counter WHERE value >= ? AND value < ?", [0, 5]) == [(0,)]


async def test_sqlite_is_set_up_to_lose_nothing(tmp_path: Path) -> None:
    """Every connection has WAL, synchronous=FULL, a busy timeout of 5 s and foreign keys."""
    async with Database(Database.url_for("", tmp_path)) as database, database.read() as connection:
        values = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]
    assert values == ["wal", 2, 5000, 1]


async def test_close_ends_every_thread(tmp_path: Path) -> None:
    """After `close` no thread of the driver is left, also when several connections were in use."""
    before = set(threading.enumerate())
    database = Database(Database.url_for("", tmp_path))
    await database.open()
    await _counter(database)
    await asyncio.gather(*(_value(database) for _ in range(8)))
    await database.close()
    await database.close()
    drivers = [t for t in set(threading.enumerate()) - before if "_connection_worker" in t.name]
    for thread in drivers:
        await asyncio.to_thread(thread.join, 5)
    assert not [thread for thread in drivers if thread.is_alive()]


async def test_upgrade_makes_the_tables_as_declared(database: Database) -> None:
    """The migrations build exactly the tables that `knowledge/tables.py` declares."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - heavy, needed here only
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415

    def differences(connection: object) -> list[object]:
        options = {"compare_type": False, "version_table": HISTORY[1]}
        context = MigrationContext.configure(connection, opts=options)  # type: ignore[arg-type]
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_upgrade_at_head_needs_no_alembic(tmp_path: Path) -> None:
    """A start with nothing to upgrade does not import Alembic."""
    url = Database.url_for("", tmp_path)
    async with Database(url) as database:
        await database.upgrade(*HISTORY)
    code = (
        "import asyncio, sys\nfrom knowledge.database import Database\n"
        "async def main():\n"
        f"    async with Database({url!r}) as database:\n"
        f"        await database.upgrade(*{HISTORY!r})\n"
        "asyncio.run(main())\nprint('alembic' in sys.modules)"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


async def test_many_processes_upgrade_at_once(database_url: str) -> None:
    """Four processes that upgrade one empty database at once all succeed."""
    code = (
        "import asyncio, sys\nfrom knowledge.database import Database\n"
        "async def main():\n"
        f"    async with Database({database_url!r}) as database:\n"
        "        print('ready', flush=True)\n"
        "        sys.stdin.readline()\n"
        f"        await database.upgrade(*{HISTORY!r})\n"
        "asyncio.run(main())"
    )
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=pipe, stdout=pipe, stderr=pipe)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        await process.stdout.readline()
    done = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [(process.returncode, said[1]) for process, said in zip(processes, done, strict=True)] == [
        (0, b"")
    ] * 4
    async with Database(database_url) as database, database.read() as connection:
        await connection.execute(text("SELECT * FROM articles"))


async def test_two_histories_in_one_database(database: Database, tmp_path: Path) -> None:
    """A second history with its own version table lives beside the first, and moves on by itself."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    script = (
        'from alembic import op\nimport sqlalchemy as sa\nrevision = "{new}"\ndown_revision = {old}\n'
        'def upgrade():\n    op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))\n'
        'def downgrade():\n    op.drop_table("{table}")\n'
    )
    (versions / "one.py").write_text(script.format(new="bot_1", old=None, table="inbox"))
    await database.upgrade(str(tmp_path / "migrations"), "bot_version")
    (versions / "two.py").write_text(script.format(new="bot_2", old='"bot_1"', table="outbox"))
    await database.upgrade(str(tmp_path / "migrations"), "bot_version")
    assert await database.fetch("SELECT version_num FROM bot_version", []) == [("bot_2",)]
    assert await database.fetch("SELECT version_num FROM knowledge_version", []) == [("knowledge_0002",)]
    assert await database.fetch("SELECT count(*) FROM inbox, outbox", []) == [(0,)]


async def test_database_of_a_newer_version(database: Database) -> None:
    """A database from a newer version is refused with its place, without its password, and the remedy."""
    async with database.write() as connection:
        await connection.execute(text("UPDATE knowledge_version SET version_num = 'knowledge_9999'"))
    with pytest.raises(DatabaseTooNew, match="newer version") as caught:
        await database.upgrade(*HISTORY)
    assert database.place in str(caught.value)
    assert "install that version" in str(caught.value)


def test_place_hides_the_password() -> None:
    """What messages name has no password in it."""
    url = Database.url_for("postgresql://bot:hunter2@db.example.com:5433/helpdesk", Path("data"))
    place = Database(url).place
    assert "hunter2" not in place
    assert "db.example.com:5433/helpdesk" in place


@pytest.mark.parametrize("url", ["mysql://bot:hunter2@db/helpdesk", "hunter2", "postgresql+psycopg2://db/x"])
def test_url_that_means_nothing(url: str, tmp_path: Path) -> None:
    """A URL of no database that the bot knows is refused with an example, and is not repeated."""
    with pytest.raises(StorageError, match="must look like postgresql://") as caught:
        Database(Database.url_for(url, tmp_path))
    assert "hunter2" not in str(caught.value)


def test_url_as_hosts_give_it(tmp_path: Path) -> None:
    """The URL that a host of PostgreSQL shows works as it is, `sslmode` included."""
    url = Database.url_for("postgres://bot:pw@db.example.com/helpdesk?sslmode=require", tmp_path)
    assert url == "postgresql+asyncpg://bot:pw@db.example.com/helpdesk?ssl=require"


async def _write_much(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE big (body TEXT)"))
        await connection.execute(text("INSERT INTO big VALUES (:body)"), {"body": "x" * 1_000_000})


async def test_disk_full(tmp_path: Path) -> None:
    """A full disk is DiskFull and names the file; what was written before is still there."""
    async with Database(Database.url_for("", tmp_path)) as database:
        await _counter(database)
        async with database.write() as connection:
            await connection.execute(
                text("PRAGMA max_page_count = 4")
            )  # of this one connection, the pool's only
        with pytest.raises(DiskFull, match=r"helpdesk\.sqlite"):
            await _write_much(database)
        assert await _value(database) == 0


async def test_disk_really_full(tmp_path: Path) -> None:
    """The same on a real file system without a free byte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    mounted = mount and await asyncio.to_thread(
        subprocess.run, [mount, "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("needs the right to mount a tmpfs: run as root")
    try:
        async with Database(Database.url_for("", folder)) as database:
            await _counter(database)
            with pytest.raises(DiskFull, match="no space is left for"):
                await _write_much(database)
            assert await _value(database) == 0
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", str(folder)], check=True)


async def test_another_programs_file(tmp_path: Path) -> None:
    """A file that is no database is refused by name."""
    (tmp_path / "helpdesk.sqlite").write_bytes(
        b"not a database at all, but long enough to be read as one" * 20
    )
    with pytest.raises(StorageError, match=r"helpdesk\.sqlite.*not a database"):
        await Database(Database.url_for("", tmp_path)).open()


async def test_locked_for_too_long(tmp_path: Path) -> None:
    """A database that another process does not let go of is a StorageError that says so."""
    async with Database(Database.url_for("", tmp_path), busy_milliseconds=50) as database:
        await _counter(database)
        other = sqlite3.connect(database.place, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageError, match="another process has been writing"):
                await _increment(database)
        finally:
            other.close()
        await _increment(database)
        assert await _value(database) == 1


async def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A data folder that cannot be made is a StorageError that names it."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file/data"):
        await Database(Database.url_for("", tmp_path / "file" / "data")).open()


@pytest.mark.counterpart("postgres")
async def test_postgres_that_is_not_there(tmp_path: Path) -> None:
    """A PostgreSQL that cannot be reached is a StorageError without the password."""
    pytest.importorskip("asyncpg", reason="needs asyncpg: pip install 'helpdesk-bot[postgres]'")
    url = f"postgresql://bot:hunter2@/helpdesk?host={tmp_path}"
    with pytest.raises(StorageError, match="cannot be reached") as caught:
        await Database(Database.url_for(url, tmp_path)).open()
    assert "hunter2" not in str(caught.value)


async def test_check(database: Database) -> None:
    """`check` names the database and its version in one line."""
    said = await database.check()
    assert database.place in said
    assert said.startswith("SQLite 3" if database.dialect == "sqlite" else "PostgreSQL ")
    assert "\n" not in said


async def test_many_open_one_new_file_at_once(tmp_path: Path) -> None:
    """Processes that start at once on an empty folder all get in: none fails on the switch to WAL."""
    for number in range(20):
        databases = [Database(Database.url_for("", tmp_path / str(number))) for _ in range(8)]
        try:
            await asyncio.gather(*(database.open() for database in databases))
        finally:
            await asyncio.gather(*(database.close() for database in databases))
