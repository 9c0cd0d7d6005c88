"""The button under a refusal: tell me when there is an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.access import CONSOLE, WEB
from bot.commands.answers import UNKNOWN, searched
from bot.errors import CommandError
from bot.wishes import MOST_OF_ONE
from connectors.base import Reply
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.commands.call import Asking, Call, Doing
    from bot.given_answers import GivenAnswers
    from bot.wishes import Wishes


class WishCommands:
    """Keeps who wishes to be told."""

    def __init__(self, wishes: Wishes, given: GivenAnswers) -> None:
        self._wishes = wishes
        self._given = given

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"wish": self.wish}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def wish(self, call: Call) -> Reply:
        """Keep that the sender wishes to be told when the articles answer what they did not."""
        if call.address.platform in {CONSOLE, WEB}:
            raise CommandError("I cannot write to you here later; please ask again some time.")
        known = await self._given.find(call, call.arguments)
        if known is None or not known.asked.text:
            raise CommandError(UNKNOWN)
        if known.asked.verdict != Verdict.UNANSWERED:
            raise CommandError("That has an answer already.")
        kept = await self._wishes.add(searched(known.asked), call.address, call.sender.id, call.audience)
        if not kept:
            raise CommandError(f"You wait for {MOST_OF_ONE} answers already; that is as many as I keep.")
        return Reply("I will write to you once my articles answer this. `forget me` ends it.", private=True)
