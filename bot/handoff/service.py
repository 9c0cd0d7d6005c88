"""Passes questions on to people, exactly once, and brings their answers back."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.handoff.store import CLAIM, HandoffState
from bot.handoff.tickets import HandoffError, HandoffRefusedError
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.handoff.store import Handoff, Handoffs
    from bot.handoff.tickets import HandoffRequest, Ticket, TicketDesk
    from bot.outbox import Outbox
    from connectors.base import Address

OPEN_SECONDS = 8.0
"""Who clicked is told within this time, and a slow helpdesk is asked again later."""
LOOK_EVERY = timedelta(seconds=60)
"""How often an open ticket is looked at."""
ROUND_SECONDS = 5.0
KEPT = timedelta(days=90)


def new_key() -> str:
    """Give a key that no other request has, and nobody guesses."""
    return secrets.token_hex(16)


class HandoffService:
    """Opens tickets at `desk`, tells people of what agents answer, and knows where the bot gives way to them."""

    def __init__(
        self, store: Handoffs, desk: TicketDesk, outbox: Outbox, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._desk = desk
        self._outbox = outbox
        self._clock = clock
        self._any_open = True  # until it is known
        self._log = structlog.get_logger()

    async def pass_on(
        self, asked_in: Address, answered_in: Address, person: str, request: HandoffRequest
    ) -> Reply:
        """Open a ticket for the request, or keep it until the helpdesk takes it; tells the person which."""
        handoff, is_new = await self._store.add(asked_in, answered_in, person, request)
        self._any_open = True
        if not is_new:
            return Reply(_already(handoff), private=True)
        return Reply(await self._opened(handoff) or _WAITS, private=True)

    async def gives_way(self, address: Address) -> bool:
        """Whether a person has taken over in this thread or direct conversation, so that the bot keeps silent."""
        return self._any_open and await self._store.open_in(address) is not None

    async def open_in(self, address: Address) -> Handoff | None:
        """Give the handoff that is open in a place."""
        return await self._store.open_in(address)

    async def by_key(self, key: str) -> Handoff | None:
        """Give a handoff by its request's key."""
        return await self._store.by_key(key)

    async def close(self, handoff: Handoff) -> bool:
        """End a handoff: the bot answers there again. False when it was ended before."""
        return await self._store.closed(handoff.id)

    async def run(self) -> None:
        """Open what waits and look at what is open, for ever."""
        while True:
            try:
                await self.round()
            except Exception:  # noqa: BLE001 - a database away for a minute must not end this
                self._log.warning("handoffs_not_tended", exc_info=True)
            await asyncio.sleep(ROUND_SECONDS)

    async def round(self) -> None:
        """Do once what is due."""
        for handoff in await self._store.claim(HandoffState.WAITING, CLAIM):
            told = await self._opened(handoff)
            if told is not None:
                await self._tell(handoff, "opened", told)
        for handoff in await self._store.claim(HandoffState.OPEN, LOOK_EVERY):
            await self._look(handoff)
        self._any_open = bool(await self._store.number_open())
        await self._store.prune(self._clock() - KEPT)

    async def _opened(self, handoff: Handoff) -> str | None:
        """Try to open the ticket; gives what to tell the person, or None when it is tried again later."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                ticket = await self._desk.open(handoff.request)
        except HandoffRefusedError as error:
            self._log.error("handoff_refused", desk=self._desk.name, reason=str(error))
            await self._store.refused(handoff.id, str(error))
            return _REFUSED
        except (HandoffError, TimeoutError, OSError) as error:
            reason = str(error) or type(error).__name__
            self._log.warning("handoff_waits", desk=self._desk.name, reason=reason, attempts=handoff.attempts)
            await self._store.failed(handoff, reason)
            return None
        await self._store.opened(handoff.id, ticket)
        return f"I have passed your question on to a person{_named(ticket)}. {_QUIET}"

    async def _look(self, handoff: Handoff) -> None:
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                state = await self._desk.state(handoff.ticket, handoff.created_at)
        except (HandoffError, TimeoutError, OSError) as error:
            self._log.warning("handoff_not_looked_at", desk=self._desk.name, reason=str(error))
            return
        if state is None:
            return
        if any(reply.text for reply in state.replies):
            await self._store.answered(handoff.id, "\n\n".join(r.text for r in state.replies if r.text))
        for reply in state.replies:
            text = f"**{reply.author}** about “{handoff.request.subject}”:\n\n{reply.text or _WITHOUT_WORDS}"
            await self._tell(handoff, f"reply/{reply.id}", text)
        if state.closed and await self._store.closed(handoff.id):
            await self._tell(
                handoff,
                "closed",
                f"Your question “{handoff.request.subject}” is closed{_named(handoff.ticket)}.",
            )

    async def _tell(self, handoff: Handoff, what: str, text: str) -> None:
        key = f"handoff/{handoff.id}/{what}"
        await self._outbox.put(key, handoff.answered_in, Reply(text, id=key))


_WITHOUT_WORDS = "(an answer without words, such as a picture: please see the ticket)"
_QUIET = "I keep quiet here until they are done; `close` lets me speak again."
_WAITS = (
    "The helpdesk cannot be reached just now. I keep your question, pass it on as soon as that works, "
    "and tell you then."
)
_REFUSED = (
    "I could not pass your question on: the helpdesk does not take it from me, and its operators can see why in "
    "my log. Please write to them directly."
)


def _named(ticket: Ticket) -> str:
    if ticket.url:
        return f" ([ticket {ticket.id}]({ticket.url}))"
    return f" (ticket {ticket.id})" if ticket.id else ""


def _already(handoff: Handoff) -> str:
    if handoff.state is HandoffState.WAITING:
        return f"Your question is on its way to a person already. {_WAITS.partition('. ')[2]}"
    return f"A person has this already{_named(handoff.ticket)}. {_QUIET}"
