"""Intercom tickets: https://developers.intercom.com/docs/references/rest-api/api.intercom.io/tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from pydantic import BaseModel

from bot.handoff.api import DeskApi, Text, token_of
from bot.handoff.html import to_text
from bot.handoff.tickets import AgentReply, HandoffRefusedError, Ticket, TicketState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.handoff.tickets import HandoffRequest
    from config.handoff import HandoffSettings

_VERSION: Final = "2.15"
_HOME: Final = "https://api.intercom.io"


class _Contact(BaseModel):
    id: str


class _Author(BaseModel):
    type: str
    name: Text = ""


class _Part(BaseModel):
    id: str
    part_type: str
    body: Text = ""
    author: _Author | None = None
    redacted: bool | None = False


class _Parts(BaseModel):
    ticket_parts: list[_Part] = []


class _Ticket(BaseModel):
    id: str
    open: bool = True
    ticket_attributes: dict[str, Any] = {}
    ticket_parts: _Parts | None = None


class _Tickets(BaseModel):
    tickets: list[_Ticket] = []


class _Type(BaseModel):
    id: str
    name: str | None = ""


class _Types(BaseModel):
    data: list[_Type]


class IntercomDesk:
    """Opens tickets of the type that `queue` names, which end with their key; looks for it before it opens one."""

    name = "intercom"

    def __init__(self, settings: HandoffSettings) -> None:
        headers = {"Authorization": f"Bearer {token_of(settings)}", "Intercom-Version": _VERSION}
        self._api = DeskApi(self.name, settings.url or _HOME, headers=headers)
        self._type = settings.queue

    async def open(self, request: HandoffRequest) -> Ticket:
        """See TicketDesk. Raises HandoffError."""
        contact = await self._contact(request)
        asked = {"field": "contact_ids", "operator": "=", "value": contact}
        query = {"query": {"operator": "AND", "value": [asked]}, "pagination": {"per_page": 150}}
        known = await self._api.post("/tickets/search", "search tickets", _Tickets, query)
        for ticket in known.tickets:
            if request.key in str(ticket.ticket_attributes.get("_default_description_") or ""):
                return Ticket(ticket.id)
        body = {
            "ticket_type_id": self._type,
            "contacts": [{"id": contact}],
            "ticket_attributes": {
                "_default_title_": request.subject,
                "_default_description_": f"{request.text()}\n\nReference: {request.key}",
            },
        }
        return Ticket((await self._api.post("/tickets", "open a ticket", _Ticket, body)).id)

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:  # noqa: ARG002 - the protocol
        """See TicketDesk. Raises HandoffError."""
        found = await self._api.find(f"/tickets/{ticket.id}", f"ticket {ticket.id}", _Ticket)
        if found is None:
            return TicketState(closed=True)
        parts = found.ticket_parts.ticket_parts if found.ticket_parts is not None else []
        replies = [
            AgentReply(part.id, part.author.name or "The helpdesk", await to_text(part.body))
            for part in parts
            if part.author is not None and part.author.type == "admin"
            if part.part_type == "comment" and not part.redacted
        ]
        return TicketState(not found.open, tuple(replies))

    async def check(self) -> str:
        """See TicketDesk. Raises HandoffError."""
        types = await self._api.get("/ticket_types", "ticket types", _Types)
        for kind in types.data:
            if kind.id == self._type:
                return f"tickets of type {kind.name or kind.id} at {self._api.host}"
        known = ", ".join(f"{kind.id} ({kind.name})" for kind in types.data) or "none"
        raise HandoffRefusedError(
            f"intercom: there is no ticket type {self._type}; set [handoff] queue to one of: {known}"
        )

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    async def _contact(self, request: HandoffRequest) -> str:
        """Give the contact that stands for the person, made when there is none yet."""
        external_id = request.person or request.key
        found = await self._api.find(
            f"/contacts/find_by_external_id/{_segment(external_id)}", "a contact", _Contact
        )
        if found is None:
            body = {"role": "user", "external_id": external_id, "name": request.requester}
            if request.email:
                body["email"] = request.email
            found = await self._api.post("/contacts", "add a contact", _Contact, body)
        return found.id


def _segment(external_id: str) -> str:
    """Write an id so that it is one segment of a path; Slack's have a slash."""
    return quote(external_id, safe="")
