"""Commands that change articles and what is made of them: sync, reindex, add, remove."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot import replies
from bot.access import CONSOLE
from bot.errors import CommandError
from bot.live import Throttled
from bot.local_articles import local_article
from connectors.base import Reply
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from bot.commands.call import Asking, Call, Doing
    from bot.upkeep import Upkeep
    from knowledge.models import Article
    from knowledge.sync import Progress

INTERNAL = frozenset({"internal"})
"""Who reads what an admin adds in a chat; `helpdesk-bot articles add --audience` says otherwise."""


class ArticleCommands:
    """Adds and removes articles, and reads the sources again."""

    def __init__(
        self,
        upkeep: Upkeep,
        read_file: Callable[[Path], Awaitable[Article]],
        clock: Callable[[], datetime],
    ) -> None:
        self._upkeep = upkeep
        self._read_file = read_file
        self._clock = clock

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"sync": self.sync, "reindex": self.reindex, "add": self.add, "remove": self.remove}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def sync(self, call: Call) -> Reply:
        """Sync some or all sources."""
        async with Throttled(call.live) as telling:
            reports = await self._upkeep.sync(call.arguments.split(), progress=_told(telling))
        return replies.from_sync(reports)

    async def reindex(self, call: Call) -> Reply:
        """Make the index anew."""
        try:
            async with Throttled(call.live) as telling:
                passages = await self._upkeep.reindex(_told(telling))
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        return Reply(f"The index was made anew: {passages:,} passages embedded.", private=True)

    async def add(self, call: Call) -> Reply:
        """Add an article: its title on the first line and its text below, or at the terminal a file."""
        try:
            article = await self._article_of(call)
            await self._upkeep.add(article)
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        readers = ", ".join(sorted(article.audience))
        return Reply(f'Added "{article.title}" as `{article.ref}`, for {readers}.', private=True)

    async def remove(self, call: Call) -> Reply:
        """Remove an article."""
        if not call.arguments:
            raise CommandError("say which article: `remove ID`; `list` shows the ids")
        try:
            ref = await self._upkeep.remove(call.arguments)
        except KnowledgeError as error:
            raise CommandError(str(error)) from error
        again = (
            " Its source still has it, so the next sync brings it back."
            if ref.source in self._upkeep.sources
            else ""
        )
        return Reply(f"Removed `{ref}`.{again}", private=True)

    async def _article_of(self, call: Call) -> Article:
        title, _, body = call.arguments.partition("\n")
        if body.strip():
            return local_article(title, body, audience=INTERNAL, now=self._clock())
        if call.address.platform == CONSOLE and title:
            return await self._read_file(Path(title))
        raise CommandError("write the title on the first line and the article's text on the lines below")


def _told(telling: Throttled) -> Progress:
    """Give what tells of a sync's phases, such as "embedding: 120 of 300"."""

    def progress(phase: str, done: int, total: int | None) -> None:
        counted = f"{done:,} of {total:,}" if total else f"{done:,}"
        telling.tell(f"{phase}: {counted} …")

    return progress
