"""The commands that pass a question on to a person, and take the place back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.access import CONSOLE, WEB
from bot.errors import CommandError, NotAllowed
from bot.handoff.service import new_key
from bot.handoff.staff_channel import channel_address
from bot.handoff.tickets import HandoffRequest, Line
from connectors.base import Address, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.commands.call import Asking, Call, Doing
    from bot.handoff.service import HandoffService
    from bot.platforms import Platforms
    from bot.questions import Asked, Questions
    from config.handoff import HandoffSettings

_NO_DESK = Reply("I cannot pass questions on to a person here; please write to your helpdesk.", private=True)
_NO_QUESTION = "Ask your question first; then I can pass it on."
_LINES = 10


class HandoffCommands:
    """Passes questions on. Without a `service`, since `[handoff]` names none, it says so."""

    def __init__(
        self,
        service: HandoffService | None,
        questions: Questions,
        platforms: Platforms,
        settings: HandoffSettings,
    ) -> None:
        self._service = service
        self._questions = questions
        self._platforms = platforms
        self._staff = channel_address(settings.channel) if settings.channel else None
        """Where requests are posted; whoever is there may end any handoff."""
        self._replies_in_thread = settings.replies_in_thread

    def doing(self) -> Mapping[str, Doing]:
        """See `CommandGroup`."""
        return {"human": self.human, "close": self.close}

    def asking(self) -> Mapping[str, Asking]:
        """See `CommandGroup`."""
        return {}

    async def human(self, call: Call) -> Reply:
        """Pass on the question that was answered here last, or the one of the answer that was clicked."""
        if self._service is None:
            return _NO_DESK
        asked = await self._asked(call)
        if asked is None:
            raise CommandError(_NO_QUESTION)
        request = HandoffRequest(
            key=new_key(),
            question=asked.text,
            requester=call.sender.name or call.sender.id,
            conversation=await self._conversation(call),
            articles=tuple((title, "") for title in dict.fromkeys(asked.trace.get("citations", ()))),
            verdict=asked.verdict,
            link=self._platforms.link_to(call.address) or "",
            person=call.sender.id,
        )
        return await self._service.pass_on(call.address, self._way_back(call, asked), call.sender.id, request)

    async def close(self, call: Call) -> Reply:
        """End the handoff of this place, or from the staff channel the one that the button names."""
        if self._service is None:
            return _NO_DESK
        key = call.arguments
        handoff = await (self._service.by_key(key) if key else self._service.open_in(call.address))
        if handoff is None:
            raise CommandError("no question is with a person here")
        from_staff = self._staff is not None and _same_channel(call.address, self._staff)
        if not (from_staff or call.is_admin or call.sender.id == handoff.person):
            raise NotAllowed("whoever asked for a person, the staff and the bot's admins may end this")
        ended = await self._service.close(handoff)
        by = call.sender.name or "somebody"
        text = f"“{handoff.request.subject}” is done, says {by}." if ended else "That was done before."
        return Reply(text, private=not from_staff, replaces=from_staff)

    async def _asked(self, call: Call) -> Asked | None:
        if call.arguments:
            return await self._questions.find(call.arguments, call.audience, call.sender)
        return await self._questions.last(call.address, call.audience, call.sender)

    async def _conversation(self, call: Call) -> tuple[Line, ...]:
        said = await self._questions.of_place(call.address, call.audience, call.sender, _LINES)
        return tuple(
            Line("asked" if each.person == call.sender.id else "somebody", each.text) for each in said
        )

    def _way_back(self, call: Call, asked: Asked) -> Address:
        address = call.address
        if address.platform in {CONSOLE, WEB} or (self._replies_in_thread and not asked.private):
            return address
        person = call.sender.id.rpartition("/")[2].rpartition(":")[2]
        return Address(address.platform, f"@{person}", None, address.workspace)


def _same_channel(one: Address, other: Address) -> bool:
    same = (one.platform, one.channel) == (other.platform, other.channel)
    return same and other.workspace in {None, one.workspace}
