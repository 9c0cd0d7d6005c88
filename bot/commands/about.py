"""Commands that tell how things are: sources, list, status."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from bot.commands import words
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from bot.commands.answers import AnswerCommands
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
        answers: AnswerCommands,
    ) -> None:
        self._questions = questions
        self._upkeep = upkeep
        self._health = health
        self._clock = clock
        self._answers = answers

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"sources": self.sources, "list": self.list, "status": self.status}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def sources(self, call: Call) -> Reply:
        """Tell where the articles come from and how fresh they are, or what the answer named stands on."""
        if call.arguments:
            return await self._answers.sources_of(call, call.arguments)
        shown = await self._upkeep.status(call.audience)
        if not call.is_admin:
            shown = [source for source in shown if source.articles]  # a name alone may tell too much
        return Reply(words.sources_text(shown, self._clock()), private=True)

    async def list(self, call: Call) -> Reply:
        """List articles that the sender may read: all, those of a source, or those with some words."""
        asked = call.arguments
        sources = {source.name for source in await self._upkeep.status(call.audience) if source.articles}
        source, searched = (asked, "") if asked in sources else (None, asked)
        found = await self._upkeep.articles(source, call.audience, searched)
        return Reply(words.list_text(found, searched), private=True)

    async def status(self, call: Call) -> Reply:
        """Tell what works and what does not: articles, sources, what waits, and what was asked today.

        Who is no admin is told whether all of it works, and no more.
        """
        now, health = self._clock(), await self._health()
        if not call.is_admin:
            return Reply(words.state_text(health), private=True)
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        sources = await self._upkeep.status(call.audience)
        counts = await self._questions.counts(midnight)
        text = words.status_text(sources, health, counts)
        return Reply(f"{text}\n\n{words.sources_text(sources, now)}", private=True)
