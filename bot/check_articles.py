"""Whether articles hold text that speaks to the bot instead of to people."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from bot.check_result import CheckResult
from knowledge.answering.addressed import told_the_machine
from knowledge.database import Database
from knowledge.errors import KnowledgeError
from knowledge.library import ArticleLibrary

if TYPE_CHECKING:
    from config.settings import Settings
    from knowledge.models import Article

NAME = "articles' words"
REMEDY = "see who wrote it, and take it out; until then answers leave those sentences out"
_AT_ONCE = 50
_SECONDS = 15.0
_SHOWN = 5
_QUOTED = 100


async def check_articles(settings: Settings) -> CheckResult:
    """Read the articles for sentences that give the bot orders, for 15 s at most; nothing is made by looking."""
    configured = settings.database.url.get_secret_value()
    if not configured and not (settings.data_dir / "helpdesk.sqlite").exists():
        return CheckResult.good(NAME, "no articles yet")
    try:
        async with Database(Database.url_for(configured, settings.data_dir)) as database:
            found, read, whole = await _found(ArticleLibrary(database, lambda: datetime.now(UTC)))
    except (KnowledgeError, SQLAlchemyError) as error:
        what = str(error) if isinstance(error, KnowledgeError) else type(error).__name__
        return CheckResult.doubtful(NAME, f"they cannot be read: {what}", "see the database's own check")
    seen = f"{read} articles" if read == whole else f"the first {read} of {whole} articles"
    if not found:
        return CheckResult.good(NAME, f"none of {seen} speaks to the bot")
    named = "; ".join(f"{ref}: \u201c{said}\u201d" for ref, said in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return CheckResult.doubtful(NAME, f"{len(found)} of {seen} speak to the bot: {named}{more}", REMEDY)


async def _found(library: ArticleLibrary) -> tuple[list[tuple[str, str]], int, int]:
    """Give each such article with what it says first, how many articles were read, and how many there are."""
    refs = sorted(await library.revisions())
    until = time.monotonic() + _SECONDS
    found: list[tuple[str, str]] = []
    read = 0
    while read < len(refs) and time.monotonic() < until:
        articles = await library.load(refs[read : read + _AT_ONCE])
        found += await asyncio.to_thread(_speaking, articles)
        read += _AT_ONCE
    return found, min(read, len(refs)), len(refs)


def _speaking(articles: list[Article]) -> list[tuple[str, str]]:
    said = ((str(article.ref), told_the_machine(article.body, article.title)) for article in articles)
    return [(ref, " ".join(first[0].split())[:_QUOTED]) for ref, first in said if first]
