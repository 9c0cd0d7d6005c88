"""Answers that were given: which of them a person may know of, and by which labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from bot.access import Access
    from bot.commands.call import Call
    from bot.questions import Asked, Questions


class Known(NamedTuple):
    """An answer that a person may know of, and the labels by which they may."""

    asked: Asked
    audience: frozenset[str] | None


class GivenAnswers:
    """Finds answers for whoever asks about them."""

    def __init__(self, questions: Questions, access: Access) -> None:
        self._questions = questions
        self._access = access

    async def find(self, call: Call, answer_id: str) -> Known | None:
        """Give an answer by its id: one that the person's labels allow, or that stands in the channel they stand in."""
        asked = await self._questions.find(answer_id, call.audience, call.sender)
        if asked is not None:
            return Known(asked, call.audience)
        here = self._access.audience_here(call.command, call.audience)
        asked = await self._questions.find(answer_id, here, call.sender)
        place = (call.address.platform, call.address.channel)
        stands_here = asked is not None and not asked.private and (asked.platform, asked.channel) == place
        return Known(asked, here) if asked is not None and stands_here else None

    async def last(self, call: Call) -> Known | None:
        """Give the last answer in this thread, or in this channel and its threads."""
        here = self._access.audience_here(call.command, call.audience)
        asked = await self._questions.last_of_all(call.address, here, call.sender)
        return None if asked is None else Known(asked, here)
