"""Commands that tell how things are: sources, list, why, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.commands import words
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from bot.commands.call import Asking, Call, Doing
    from bot.questions import Questions
    from bot.upkeep import Upkeep


class AboutCommands:
    """Tells of sources, articles, answers and health; changes nothing."""

    def __init__(
        self,
        questions: Questions,
        upkeep: Upkeep,
        health: Callable[[], Awaitable[dict[str, str]]],
        clock: Callable[[], datetime],
    ) -> None:
        self._questions = questions
        self._upkeep = upkeep
        self._health = health
        self._clock = clock

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"sources": self.sources, "list": self.list, "why": self.why, "status": self.status}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def sources(self, call: Call) -> Reply:
        """Tell where the articles come from and how fresh they are."""
        shown = await self._upkeep.status(call.audience)
        if not call.is_admin:
            shown = [source for source in shown if source.articles]  # a name alone may tell too much
        return Reply(words.sources_text(shown, self._clock()), private=True)

    async def list(self, call: Call) -> Reply:
        """List articles that the sender may read."""
        found = await self._upkeep.articles(call.arguments or None, call.audience)
        return Reply(words.list_text(found), private=True)

    async def why(self, call: Call) -> Reply:
        """Tell how the last answer here came about."""
        asked = await self._questions.last(call.address, call.audience)
        if asked is None:
            return Reply("I have answered nothing here yet.", private=True)
        return Reply(words.why_text(asked), private=True)

    async def status(self, call: Call) -> Reply:
        """Tell what works and what does not."""
        articles = len(await self._upkeep.articles(None, call.audience))
        return Reply(words.status_text(articles, await self._health()), private=True)
