"""What a connector asks for people who are about to ask: forms, suggestions, their page; and what they took back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from bot.assistance import HOW_TO_ASK
from bot.inbox import EventKey
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from bot.assistance import Assistance
    from bot.inbox import Inbox
    from bot.router import Router
    from connectors.base import Address, Command, Person
    from connectors.forms import Choice, Form, Wanted

ASSIST_SECONDS = 2.0
"""A platform waits three for suggestions and for forms."""


class Assisting:
    """Implements `connectors.base.Assists`: whatever fails, somebody who types or opens a page goes on."""

    def __init__(self, inbox: Inbox, router: Router, assistance: Assistance | None = None) -> None:
        self._inbox = inbox
        self._router = router
        self._assistance = assistance
        self._log = structlog.get_logger()

    async def form(self, command: Command) -> Form | None:
        """Give what is to be filled in before the command can be done."""
        return await self._router.form(command)

    async def suggest(self, wanted: Wanted) -> Sequence[Choice]:
        """Give what could be meant; nothing, when that cannot be told in time."""
        try:
            async with asyncio.timeout(ASSIST_SECONDS):
                return [] if self._assistance is None else await self._assistance.suggest(wanted)
        except Exception:  # noqa: BLE001 - whoever types goes on without suggestions
            self._log.warning("nothing_suggested", kind=wanted.kind, exc_info=True)
            return []

    async def home(self, address: Address, person: Person) -> Reply:
        """Give a person's own page; how to ask alone, when the rest cannot be told in time."""
        try:
            async with asyncio.timeout(ASSIST_SECONDS):
                if self._assistance is not None:
                    return await self._assistance.home(address, person)
        except Exception:  # noqa: BLE001 - the page opens anyway
            self._log.warning("home_is_bare", exc_info=True)
        return Reply(HOW_TO_ASK, private=True)

    async def deleted(self, address: Address, message_id: str) -> None:
        """Answer a deleted message no more, and forget what was asked in it."""
        await self._quietly(self._withdraw(address, message_id))
        await self._quietly(
            self._router.forget(address, message_id)
        )  # after: what is in flight may not come back

    async def _withdraw(self, address: Address, message_id: str) -> None:
        if await self._inbox.withdraw(EventKey(address.platform, address.channel, message_id)):
            self._log.info("message_withdrawn", platform=address.platform)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> bool:
        try:
            await work
        except Exception:  # noqa: BLE001 - the sweeper records it later
            self._log.warning("inbox_unreachable", exc_info=True)
            return False
        return True
