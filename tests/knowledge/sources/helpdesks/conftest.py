"""What the tests of all helpdesks share: their settings, and syncs into a real library."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from config.settings import SourceSettings
from knowledge.database import Database
from knowledge.leases import Leases
from knowledge.library import ArticleLibrary
from knowledge.models import Article, ArticleRef
from knowledge.sources.base import build_source
from knowledge.sources.convert import DocumentConverter
from knowledge.sync import ArticleSync
from knowledge.sync_runs import SyncRuns
from tests.knowledge.in_memory import RevisionIndex

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from knowledge.models import SyncReport
    from knowledge.sources.base import ArticleSource
    from tests.knowledge.conftest import Clock

HERE = Path(__file__).parent
TOKEN_VARIABLE = "TEST_HELPDESK_TOKEN"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run this folder's tests in one loop, that of their converter."""
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


class LastingConverter(DocumentConverter):
    """The real one, whose process outlives single syncs: starting it costs more than all else in these tests."""

    async def close(self) -> None:
        """Keep it for the next sync."""

    async def end(self) -> None:
        """Close it."""
        await super().close()


@dataclass
class Desk:
    """A source as the config has it, synced into a library as the bot does."""

    library: ArticleLibrary
    sync: ArticleSync
    runs: SyncRuns
    clock: Clock
    converter: DocumentConverter
    options: dict[str, Any] = field(default_factory=dict)

    def source(self, **changes: Any) -> ArticleSource:
        """Build the source anew, as each sync does."""
        options = {"name": "desk", "audience": ["public"], **self.options, **changes}
        source = build_source(SourceSettings.model_validate(options))
        source._clock = self.clock  # type: ignore[attr-defined]
        for keeper in (source, getattr(source, "_reader", None)):
            if hasattr(keeper, "_converter"):
                keeper._converter = self.converter
        return source

    async def run(self, *, full: bool = False, accept_removals: bool = False, **changes: Any) -> SyncReport:
        """Sync once."""
        source = self.source(**changes)
        try:
            return await self.sync.run(source, full=full, accept_removals=accept_removals)
        finally:
            await source.close()

    async def ids(self) -> set[str]:
        """Give the ids of the articles that the bot holds."""
        return set(await self.library.known("desk"))

    async def article(self, article_id: str) -> Article:
        """Give one article."""
        [article] = await self.library.load([ArticleRef("desk", article_id)])
        return article


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def converter() -> AsyncIterator[DocumentConverter]:
    """One converter for all tests of this folder, which therefore share one loop."""
    lasting = LastingConverter()
    yield lasting
    await lasting.end()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(
    tmp_path: Path, clock: Clock, converter: DocumentConverter, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """A source without its address yet, over an empty library in SQLite."""
    monkeypatch.setenv(TOKEN_VARIABLE, "secret-token")
    async with opened_desk(tmp_path, clock, converter) as opened:
        yield opened


class opened_desk:  # noqa: N801 - used like a function
    """Opens a library in a folder for the length of a block."""

    def __init__(self, folder: Path, clock: Clock, converter: DocumentConverter) -> None:
        self._database = Database(Database.url_for("", folder))
        self._clock = clock
        self._converter = converter

    async def __aenter__(self) -> Desk:
        await self._database.__aenter__()
        await self._database.upgrade("knowledge:migrations", "knowledge_version")
        library, runs = ArticleLibrary(self._database, self._clock), SyncRuns(self._database)
        leases = Leases(self._database, self._clock)
        sync = ArticleSync(library, RevisionIndex(), leases, runs, self._clock)
        return Desk(
            library, sync, runs, self._clock, self._converter, {"token_env": TOKEN_VARIABLE, "retry_pause": 0}
        )

    async def __aexit__(self, *details: object) -> None:
        await self._database.__aexit__(*details)  # type: ignore[arg-type]
