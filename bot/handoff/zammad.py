"""Zammad: https://docs.zammad.org/en/latest/api/ticket/index.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from bot.handoff.api import DeskApi, Text, token_of
from bot.handoff.html import to_text
from bot.handoff.tickets import AgentReply, Ticket, TicketState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.handoff.tickets import HandoffRequest
    from config.handoff import HandoffSettings

_DONE: Final = frozenset({"closed", "merged", "removed"})


class _Ticket(BaseModel):
    id: int
    customer_id: int
    state_id: int


class _Article(BaseModel):
    id: int
    internal: bool
    sender: Text = ""
    created_by_id: int
    body: Text = ""
    content_type: str = "text/plain"


class _State(BaseModel):
    id: int
    name: str = ""
    state_type: Text = ""


class _User(BaseModel):
    id: int
    firstname: Text = ""
    lastname: Text = ""

    @property
    def name(self) -> str:
        return f"{self.firstname} {self.lastname}".strip()


class ZammadDesk:
    """Opens tickets in the group that `queue` names, whose first article's subject holds the key.

    Before it opens one it looks for that by a condition, which Zammad answers from its database; its full-text
    search is late.
    """

    name = "zammad"

    def __init__(self, settings: HandoffSettings) -> None:
        self._api = DeskApi(
            self.name, settings.url, headers={"Authorization": f"Token token={token_of(settings)}"}
        )
        self._group = settings.queue or "Users"
        self._states: dict[int, bool] = {}

    async def open(self, request: HandoffRequest) -> Ticket:
        """See TicketDesk. Raises HandoffError."""
        condition = "condition[article.subject]"
        query = {
            f"{condition}[operator]": "contains",
            f"{condition}[value]": request.key,
            "expand": "true",
            "limit": 1,
        }
        known = await self._api.get("/api/v1/tickets/search", "tickets", list[_Ticket], query)
        if known:
            return self._ticket(known[0].id)
        body: dict[str, Any] = {
            "title": request.subject,
            "group": self._group,
            **_customer(request),
            "article": {
                "subject": f"{request.subject[:100]} ({request.key})",
                "body": request.text(),
                "content_type": "text/plain",
                "type": "web",
                "sender": "Customer",
                "internal": False,
            },
        }
        return self._ticket((await self._api.post("/api/v1/tickets", "open a ticket", _Ticket, body)).id)

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:  # noqa: ARG002 - the protocol
        """See TicketDesk. Raises HandoffError."""
        found = await self._api.find(f"/api/v1/tickets/{ticket.id}", f"ticket {ticket.id}", _Ticket)
        if found is None:
            return TicketState(closed=True)
        articles = await self._api.get(
            f"/api/v1/ticket_articles/by_ticket/{ticket.id}",
            f"the articles of ticket {ticket.id}",
            list[_Article],
            {"expand": "true"},
        )
        later = sorted(articles, key=lambda article: article.id)[1:]  # the first is the request itself
        replies = [
            AgentReply(str(said.id), await self._author(said), await _words(said))
            for said in later
            if not said.internal and said.sender == "Agent" and said.created_by_id != found.customer_id
        ]
        return TicketState(await self._is_done(found.state_id), tuple(replies))

    async def check(self) -> str:
        """See TicketDesk. Raises HandoffError."""
        me = await self._api.get("/api/v1/users/me", "whose token it is", _User)
        await self._api.get("/api/v1/tickets", "tickets", list[Any], {"per_page": 1, "page": 1})
        return f"{me.name} at {self._api.host}, group {self._group}"

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    def _ticket(self, number: int) -> Ticket:
        return Ticket(str(number), self._api.link(f"/#ticket/zoom/{number}"))

    async def _is_done(self, state: int) -> bool:
        """Whether tickets in this state are done; states can be added, their types cannot."""
        if state not in self._states:
            states = await self._api.get(
                "/api/v1/ticket_states", "ticket states", list[_State], {"expand": "true"}
            )
            self._states = {each.id: (each.state_type or each.name) in _DONE for each in states}
        return self._states.get(state, False)

    async def _author(self, article: _Article) -> str:
        found = await self._api.find(
            f"/api/v1/users/{article.created_by_id}", "an agent's name", _User, absent=(401, 403, 404)
        )
        return (found.name if found is not None else "") or "The helpdesk"


async def _words(article: _Article) -> str:
    return await to_text(article.body) if article.content_type == "text/html" else article.body.strip()


def _customer(request: HandoffRequest) -> dict[str, Any]:
    """Name the customer by e-mail, or by an account of their own that gets no mail."""
    if request.email:
        return {"customer_id": f"guess:{request.email}"}
    return {
        "customer": {
            "login": f"chat-{request.person or request.key}".casefold(),
            "firstname": request.requester,
        }
    }
