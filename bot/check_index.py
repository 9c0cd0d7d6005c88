"""Whether the search index holds what the library holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from bot.check_result import CheckResult
from knowledge.database import Database
from knowledge.embedding.engine import Embedding
from knowledge.errors import KnowledgeError
from knowledge.index import ArticleIndex
from knowledge.library import ArticleLibrary

if TYPE_CHECKING:
    from config.settings import Settings
    from knowledge.models import ArticleRef

NAME = "search index"
REMEDY = "run `helpdesk-bot sync`: it brings the index up to the articles"


async def check_index(settings: Settings) -> CheckResult:
    """Compare article by article; neither the database nor the index is made by looking."""
    configured = settings.database.url.get_secret_value()
    if not configured and not (settings.data_dir / "helpdesk.sqlite").exists():
        return CheckResult.good(NAME, "no articles yet")
    folder = settings.data_dir / "index"
    try:
        async with Database(Database.url_for(configured, settings.data_dir)) as database:
            wanted = await ArticleLibrary(database, lambda: datetime.now(UTC)).revisions()
        held = await _held(settings) if folder.exists() else {}
    except (KnowledgeError, SQLAlchemyError) as error:
        what = str(error) if isinstance(error, KnowledgeError) else type(error).__name__
        return CheckResult.bad(NAME, f"the index cannot be compared with the articles: {what}", REMEDY)
    behind = sum(held.get(ref) != revision for ref, revision in wanted.items()) + len(
        held.keys() - wanted.keys()
    )
    if behind:
        return CheckResult.bad(
            NAME, f"{behind} of {len(wanted)} articles are not in it as they stand", REMEDY
        )
    return CheckResult.good(NAME, f"holds all {len(wanted)} articles")


async def _held(settings: Settings) -> dict[ArticleRef, str]:
    embedding = Embedding(settings.embedding, settings.data_dir / "models")
    index = ArticleIndex(settings.data_dir / "index", embedding)
    try:
        await index.open()
        return dict(index.known())
    finally:
        await index.close()
        await embedding.close()
