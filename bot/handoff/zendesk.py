"""Zendesk Support: https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httpx
from pydantic import BaseModel

from bot.handoff.api import DeskApi, Text, number_of, token_of
from bot.handoff.tickets import AgentReply, Ticket, TicketState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.handoff.tickets import HandoffRequest
    from config.handoff import HandoffSettings

_DONE: Final = frozenset({"solved", "closed", "deleted"})
_AGENTS: Final = frozenset({"agent", "admin"})
_MOST_PAGES: Final = 10


class _Ticket(BaseModel):
    id: int
    status: str = "new"
    requester_id: int | None = None


class _One(BaseModel):
    ticket: _Ticket


class _Some(BaseModel):
    tickets: list[_Ticket]


class _Comment(BaseModel):
    id: int
    author_id: int
    public: bool
    body: Text = ""
    plain_body: Text = ""


class _User(BaseModel):
    id: int
    name: Text = ""
    role: str


class _Meta(BaseModel):
    has_more: bool = False
    after_cursor: str | None = None


class _Comments(BaseModel):
    comments: list[_Comment]
    users: list[_User] = []
    meta: _Meta = _Meta()


class _Me(BaseModel):
    user: _User


class ZendeskDesk:
    """Opens tickets with the key as `external_id`, which outlives Zendesk's own two hours of Idempotency-Key."""

    name = "zendesk"

    def __init__(self, settings: HandoffSettings) -> None:
        auth = httpx.BasicAuth(f"{settings.user}/token", token_of(settings))
        self._api = DeskApi(self.name, settings.url, auth=auth)
        self._queue = settings.queue

    async def open(self, request: HandoffRequest) -> Ticket:
        """See TicketDesk. Raises HandoffError."""
        found = await self._api.get("/api/v2/tickets.json", "tickets", _Some, {"external_id": request.key})
        if found.tickets:
            return self._ticket(min(ticket.id for ticket in found.tickets))
        ticket: dict[str, Any] = {
            "subject": request.subject,
            "comment": {"body": request.text(), "public": True},
            "external_id": request.key,
        }
        if request.email:
            ticket["requester"] = {"name": request.requester, "email": request.email}
        if self._queue:
            ticket["group_id"] = number_of(self._queue, self.name, "a group")
        made = await self._api.post(
            "/api/v2/tickets.json",
            "open a ticket",
            _One,
            {"ticket": ticket},
            {"Idempotency-Key": request.key},
        )
        return self._ticket(made.ticket.id)

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:  # noqa: ARG002 - the protocol
        """See TicketDesk. Raises HandoffError."""
        found = await self._api.find(f"/api/v2/tickets/{ticket.id}.json", f"ticket {ticket.id}", _One)
        if found is None:
            return TicketState(closed=True)
        later = (await self._comments(ticket))[1:]  # the first is the request itself
        replies = tuple(
            AgentReply(str(comment.id), author.name or "The helpdesk", comment.plain_body or comment.body)
            for comment, author in (said for said in later if said is not None)
            if comment.public and author.role in _AGENTS and author.id != found.ticket.requester_id
        )
        return TicketState(found.ticket.status in _DONE, replies)

    async def check(self) -> str:
        """See TicketDesk. Raises HandoffError."""
        me = await self._api.get("/api/v2/users/me.json", "who the token belongs to", _Me)
        if self._queue:
            group = number_of(self._queue, self.name, "a group")
            await self._api.get(f"/api/v2/groups/{group}.json", f"the group {group}", dict[str, Any])
        return f"{me.user.name} ({me.user.role}) at {self._api.host}"

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    def _ticket(self, number: int) -> Ticket:
        return Ticket(str(number), self._api.link(f"/agent/tickets/{number}"))

    async def _comments(self, ticket: Ticket) -> list[tuple[_Comment, _User] | None]:
        """Give the comments, oldest first, with their authors; None for one whose author is not told."""
        found: list[_Comment] = []
        users: dict[int, _User] = {}
        params: dict[str, Any] = {"include": "users", "page[size]": 100}
        for _ in range(_MOST_PAGES):
            path = f"/api/v2/tickets/{ticket.id}/comments.json"
            page = await self._api.get(path, f"the comments of ticket {ticket.id}", _Comments, params)
            found += page.comments
            users |= {user.id: user for user in page.users}
            if not page.meta.has_more or page.meta.after_cursor is None:
                break
            params["page[after]"] = page.meta.after_cursor
        found.sort(key=lambda comment: comment.id)
        return [(said, users[said.author_id]) if said.author_id in users else None for said in found]
