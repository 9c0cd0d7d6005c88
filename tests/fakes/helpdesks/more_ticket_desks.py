"""Intercom and Zammad as they take tickets, after their public API documentation."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.base import TOKEN
from tests.fakes.helpdesks.faults import Refused, only
from tests.fakes.helpdesks.tickets import (
    AGENT,
    BOT,
    NAMES,
    OUTSIDER,
    REQUESTER,
    FakeTicketDesk,
    Opened,
    knows,
    needs,
)

if TYPE_CHECKING:
    from starlette.requests import Request


class FakeIntercomTickets(FakeTicketDesk):
    """Intercom: tickets of contacts, whose parts are comments and notes."""

    settings = {"to": "intercom", "queue": "31"}  # noqa: RUF012 - read only
    headers = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.15"}  # noqa: RUF012
    opening = "/tickets"
    has_links = False

    def __init__(self) -> None:
        super().__init__()
        self.contacts: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [
            Route("/ticket_types", self._types),
            Route("/contacts/find_by_external_id/{external_id:path}", self._contact),
            Route("/contacts", self._add, methods=["POST"]),
            Route("/tickets/search", self._search, methods=["POST"]),
            Route("/tickets", self._open, methods=["POST"]),
            Route("/tickets/{number:int}", self._one),
        ]

    async def _types(self, request: Request) -> Response:
        self.admit(request)
        return JSONResponse({"type": "list", "data": [{"type": "ticket_type", "id": "31", "name": "Chat"}]})

    async def _contact(self, request: Request) -> Response:
        self.admit(request)
        for number, contact in self.contacts.items():
            if contact["external_id"] == request.path_params["external_id"]:
                return JSONResponse({"type": "contact", "id": number, **contact})
        raise Refused(404, "User Not Found")

    async def _add(self, request: Request) -> Response:
        self.admit(request)
        body = await request.json()
        needs(body, "external_id", "role")
        if any(body["external_id"] == contact["external_id"] for contact in self.contacts.values()):
            raise Refused(409, "A contact matching those details already exists")
        number = f"c{self.next_id()}"
        self.contacts[number] = body
        return JSONResponse({"type": "contact", "id": number, **body})

    def _row(self, opened: Opened) -> dict[str, Any]:
        return {
            "type": "ticket",
            "id": str(opened.id),
            "ticket_id": "7",
            "open": not opened.is_done,
            "ticket_attributes": opened.body["ticket_attributes"],
        }

    async def _search(self, request: Request) -> Response:
        self.admit(request)
        [asked] = (await request.json())["query"]["value"]
        assert asked["field"] == "contact_ids", asked
        rows = [
            self._row(each)
            for each in self.tickets.values()
            if {"id": asked["value"]} in each.body["contacts"]
        ]
        return JSONResponse({"type": "ticket.list", "tickets": rows, "total_count": len(rows)})

    async def _open(self, request: Request) -> Response:
        self.admit(request)
        body = await request.json()
        needs(body, "ticket_type_id", "contacts", "ticket_attributes")
        knows(body, "ticket_type_id", "contacts", "ticket_attributes")
        if body["ticket_type_id"] != "31" or body["contacts"][0]["id"] not in self.contacts:
            raise Refused(404, "not found")
        opened = self.make(body, body["ticket_attributes"]["_default_description_"], REQUESTER)
        return JSONResponse(self._row(opened))

    async def _one(self, request: Request) -> Response:
        opened = self.ticket(request)
        kinds = {BOT: "bot", AGENT: "admin", OUTSIDER: "user", REQUESTER: "user"}
        parts: list[dict[str, Any]] = [
            {
                "type": "ticket_part",
                "id": str(each.id),
                "part_type": "comment" if each.public else "note",
                "body": f"<p>{html.escape(each.text)}</p>",
                "author": {"type": kinds[each.by], "id": str(each.by), "name": NAMES[each.by]},
                "redacted": False,
            }
            for each in opened.said[1:]
        ]
        state = {"type": "ticket_part", "id": "1", "part_type": "ticket_state_updated_by_admin", "body": None}
        parts.append({**state, "author": {"type": "admin", "id": "2", "name": NAMES[AGENT]}})
        listed = {"type": "ticket_part.list", "ticket_parts": parts, "total_count": len(parts)}
        return JSONResponse({**self._row(opened), "ticket_parts": listed})


class FakeZammadTickets(FakeTicketDesk):
    """Zammad: conditions are answered from its database at once, its full-text search is not asked."""

    settings = {"to": "zammad", "queue": "Support"}  # noqa: RUF012 - read only
    headers = {"Authorization": f"Token token={TOKEN}"}  # noqa: RUF012
    opening = "/api/v1/tickets"

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [
            Route("/api/v1/users/me", self._user),
            Route("/api/v1/users/{number:int}", self._user),
            Route("/api/v1/ticket_states", self._states),
            Route("/api/v1/tickets/search", self._search),
            Route("/api/v1/tickets", self._list),
            Route("/api/v1/tickets", self._open, methods=["POST"]),
            Route("/api/v1/tickets/{number:int}", self._one),
            Route("/api/v1/ticket_articles/by_ticket/{number:int}", self._articles),
        ]

    async def _user(self, request: Request) -> Response:
        self.admit(request)
        number = request.path_params.get("number", BOT)
        first, _, last = NAMES[number].partition(" ")
        return JSONResponse({"id": number, "firstname": first, "lastname": last})

    async def _states(self, request: Request) -> Response:
        self.admit(request)
        rows = [
            {"id": 2, "name": "open", "state_type": "open"},
            {"id": 9, "name": "erledigt", "state_type": "closed"},
        ]
        return JSONResponse(rows)

    def _row(self, opened: Opened) -> dict[str, Any]:
        state = 9 if opened.is_done else 2
        return {"id": opened.id, "number": f"5{opened.id}", "customer_id": REQUESTER, "state_id": state}

    async def _search(self, request: Request) -> Response:
        self.admit(request)
        condition = "condition[article.subject]"
        only(request, f"{condition}[operator]", f"{condition}[value]", "expand", "limit")
        assert request.query_params[f"{condition}[operator]"] == "contains"
        key = request.query_params[f"{condition}[value]"]
        rows = [each for each in self.tickets.values() if key in each.body["article"]["subject"]]
        return JSONResponse([self._row(each) for each in rows])

    async def _list(self, request: Request) -> Response:
        self.admit(request)
        return JSONResponse([self._row(each) for each in self.tickets.values()])

    async def _open(self, request: Request) -> Response:
        self.admit(request)
        body = await request.json()
        needs(body, "title", "group", "article")
        knows(body, "title", "group", "article", "customer", "customer_id")
        if body["group"] != "Support":
            raise Refused(422, "No lookup value found for 'group'")
        if "customer_id" not in body:
            needs(body["customer"], "login", "firstname")
        opened = self.make(body, body["article"]["body"])
        return JSONResponse(self._row(opened), 201)

    async def _one(self, request: Request) -> Response:
        return JSONResponse(self._row(self.ticket(request)))

    async def _articles(self, request: Request) -> Response:
        opened = self.ticket(request)
        senders = {BOT: "Customer", AGENT: "Agent", OUTSIDER: "Customer", REQUESTER: "Customer"}
        rows = [
            {
                "id": each.id,
                "internal": not each.public,
                "sender": senders[each.by],
                "created_by_id": each.by,
                "body": f"<div>{html.escape(each.text)}</div>",
                "content_type": "text/html",
                "type": "web",
            }
            for each in opened.said
        ]
        return JSONResponse(rows)
