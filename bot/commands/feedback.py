"""What the buttons under an answer do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot import replies
from bot.errors import CommandError
from connectors.base import Reply
from connectors.forms import Choice, Field, Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.commands.call import Asking, Call, Doing
    from bot.complaints import Complaints
    from bot.questions import Questions

REASONS = {
    "wrong": "It is wrong",
    "outdated": "It is outdated",
    "incomplete": "It is incomplete",
    "other": "Something else",
}
"""Why an answer did not help, as far as a log may tell it; other words are a person's own."""
LONGEST_COMMENT = 2_000


class FeedbackCommands:
    """Keeps what people thought of answers; `complaints` acts on it."""

    def __init__(self, questions: Questions, complaints: Complaints | None = None) -> None:
        self._questions = questions
        self._complaints = complaints
        self._log = structlog.get_logger()

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"helpful": self.helpful, "not_helpful": self.not_helpful}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {"not_helpful": self.ask_why}

    async def helpful(self, call: Call) -> Reply:
        """Keep a good rating."""
        return await self._rate(call, helpful=True)

    async def not_helpful(self, call: Call) -> Reply:
        """Keep a bad rating."""
        return await self._rate(call, helpful=False)

    async def ask_why(self, call: Call) -> Form | None:
        """Ask what was wrong with the answer, unless it was said already."""
        if " " in call.arguments:
            return None
        options = tuple(Choice(label, reason) for reason, label in REASONS.items())
        fields = (
            Field("reason", "What was wrong?", "wrong", "choice", options),
            Field("comment", "Tell more, if you like", kind="text", required=False),
        )
        return Form("not_helpful", "Not helpful", fields, call.arguments, submit="Send")

    async def _rate(self, call: Call, *, helpful: bool) -> Reply:
        answer_id, said = await self._meant(call)
        words = said.strip() if said.strip() not in REASONS else ""
        reason = call.fields.get("reason") or said.strip()
        kept = {
            "reason": "" if helpful else (reason if reason in REASONS else ("other" if reason else "")),
            "comment": "" if helpful else (call.fields.get("comment", "").strip() or words)[:LONGEST_COMMENT],
        }
        if not await self._questions.rate(answer_id, call.sender, helpful=helpful, **kept):
            raise CommandError("I do not know that answer any more.")
        if self._complaints is not None:
            asked = await self._questions.rated(answer_id)
            if asked is not None:
                await self._complaints.rated(asked, call.sender.id, reason=kept["reason"])
        self._log.info("answer_rated", answer_id=answer_id, helpful=helpful, reason=kept["reason"] or None)
        if helpful:
            return Reply("Thank you, noted.", private=True)
        return Reply("Noted. Thank you for telling me.", actions=(replies.HUMAN,), private=True)

    async def _meant(self, call: Call) -> tuple[str, str]:
        """Give the answer that is rated and what was said of it; without an id it is the last answer here."""
        first, _, rest = call.arguments.partition(" ")
        if first and first not in REASONS:
            return first, rest
        last = await self._questions.last(call.address, call.audience, call.sender)
        if last is None:
            raise CommandError("I have answered nothing here yet.")
        return last.answer_id, call.arguments
