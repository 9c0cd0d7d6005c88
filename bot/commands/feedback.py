"""What the buttons under an answer do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.errors import CommandError
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.commands.call import Asking, Call, Doing
    from bot.questions import Questions

REASONS = frozenset({"wrong", "outdated", "incomplete", "other"})
"""Why an answer did not help, as far as a log may tell it; other words are a person's own."""


class FeedbackCommands:
    """Keeps what people thought of answers."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._log = structlog.get_logger()

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"helpful": self.helpful, "not_helpful": self.not_helpful, "human": self.human}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def helpful(self, call: Call) -> Reply:
        """Keep a good rating."""
        return await self._rate(call, helpful=True)

    async def not_helpful(self, call: Call) -> Reply:
        """Keep a bad rating."""
        return await self._rate(call, helpful=False)

    async def human(self, _call: Call) -> Reply:
        """Say how to reach a person."""
        return Reply(
            "I cannot pass questions on to a person here; please write to your helpdesk.", private=True
        )

    async def _rate(self, call: Call, *, helpful: bool) -> Reply:
        answer_id, _, reason = call.arguments.partition(" ")
        if not await self._questions.rate(answer_id, call.sender, helpful=helpful):
            raise CommandError("I do not know that answer any more.")
        self._log.info(
            "answer_rated", answer_id=answer_id, helpful=helpful, reason=reason if reason in REASONS else None
        )
        return Reply("Thank you, noted." if helpful else "Noted. Thank you for telling me.", private=True)
