"""Freshdesk: https://developers.freshdesk.com/api/#tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx
from pydantic import BaseModel

from bot.handoff.api import DeskApi, Text, number_of, token_of
from bot.handoff.html import to_html
from bot.handoff.tickets import AgentReply, HandoffError, Ticket, TicketState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.handoff.tickets import HandoffRequest
    from config.handoff import HandoffSettings

_OPEN, _LOW, _CHAT = 2, 1, 7
_DONE: Final = frozenset({4, 5})
_SAID: Final = frozenset({0, 2})
"""The sources of conversations that the requester sees: a reply, and a note that is not private."""
_PAGE, _MOST_PAGES = 100, 10


class _Ticket(BaseModel):
    id: int
    status: int = _OPEN
    requester_id: int | None = None
    description_text: Text = ""


class _Conversation(BaseModel):
    id: int
    body_text: Text = ""
    incoming: bool
    private: bool
    source: int
    user_id: int | None = None


class _Contact(BaseModel):
    name: Text = ""


class _Agent(BaseModel):
    contact: _Contact


class FreshdeskDesk:
    """Opens tickets that end with their key, and looks for it among the requester's tickets before it opens one.

    That list is read from Freshdesk's database; its search is minutes late.
    """

    name = "freshdesk"

    def __init__(self, settings: HandoffSettings) -> None:
        self._api = DeskApi(self.name, settings.url, auth=httpx.BasicAuth(token_of(settings), "X"))
        self._queue = settings.queue
        self._agents: dict[int, str] = {}

    async def open(self, request: HandoffRequest) -> Ticket:
        """See TicketDesk. Raises HandoffError."""
        who = _requester(request)
        query = {**who, "include": "description", "order_by": "created_at", "per_page": _PAGE}
        # 400: nobody has that address or id yet
        known = await self._api.find("/api/v2/tickets", "tickets", list[_Ticket], query, absent=(400, 404))
        for ticket in known or ():
            if request.key in ticket.description_text:
                return self._ticket(ticket.id)
        text = f"{request.text()}\n\nReference: {request.key}"
        body: dict[str, Any] = {
            **who,
            "name": request.requester,
            "subject": request.subject,
            "description": to_html(text),
            "status": _OPEN,
            "priority": _LOW,
            "source": _CHAT,
        }
        if self._queue:
            body["group_id"] = number_of(self._queue, self.name, "a group")
        made = await self._api.post("/api/v2/tickets", "open a ticket", _Ticket, body)
        return self._ticket(made.id)

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:  # noqa: ARG002 - the protocol
        """See TicketDesk. Raises HandoffError."""
        found = await self._api.find(f"/api/v2/tickets/{ticket.id}", f"ticket {ticket.id}", _Ticket)
        if found is None:
            return TicketState(closed=True)
        replies = [
            AgentReply(str(said.id), await self._agent(said.user_id), said.body_text.strip())
            for said in await self._conversations(ticket)
            if not said.private
            and not said.incoming
            and said.source in _SAID
            and said.user_id != found.requester_id
        ]
        return TicketState(found.status in _DONE, tuple(replies))

    async def check(self) -> str:
        """See TicketDesk. Raises HandoffError."""
        me = await self._api.get("/api/v2/agents/me", "whose key it is", _Agent)
        await self._api.get("/api/v2/tickets", "tickets", list[_Ticket], {"per_page": 1})
        return f"{me.contact.name} at {self._api.host}"

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    def _ticket(self, number: int) -> Ticket:
        return Ticket(str(number), self._api.link(f"/a/tickets/{number}"))

    async def _conversations(self, ticket: Ticket) -> list[_Conversation]:
        found: list[_Conversation] = []
        for number in range(1, _MOST_PAGES + 1):
            page = await self._api.get(
                f"/api/v2/tickets/{ticket.id}/conversations",
                f"the conversation of ticket {ticket.id}",
                list[_Conversation],
                {"page": number, "per_page": _PAGE},
            )
            found += page
            if len(page) < _PAGE:
                break
        return sorted(found, key=lambda said: said.id)

    async def _agent(self, number: int | None) -> str:
        if number is None:
            return _SOMEBODY
        if number not in self._agents:
            try:
                agent = await self._api.get(f"/api/v2/agents/{number}", "an agent's name", _Agent)
            except HandoffError:  # a key of few rights may not see who its colleagues are
                return _SOMEBODY
            self._agents[number] = agent.contact.name or _SOMEBODY
        return self._agents[number]


_SOMEBODY = "The helpdesk"


def _requester(request: HandoffRequest) -> dict[str, str]:
    if request.email:
        return {"email": request.email}
    return {"unique_external_id": request.person or request.key}
