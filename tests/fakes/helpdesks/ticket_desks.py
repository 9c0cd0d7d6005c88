"""Zendesk and Freshdesk as they take tickets, after their public API documentation."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.base import TOKEN, basic
from tests.fakes.helpdesks.faults import Refused, only, whole
from tests.fakes.helpdesks.tickets import (
    AGENT,
    BOT,
    NAMES,
    OUTSIDER,
    REQUESTER,
    FakeTicketDesk,
    Opened,
    Said,
    knows,
    needs,
)

if TYPE_CHECKING:
    from starlette.requests import Request

EMAIL = "bot@acme.example"


class FakeZendeskTickets(FakeTicketDesk):
    """Zendesk Support: an Idempotency-Key is honoured while `remembers` is true, for two hours in the real one."""

    settings = {"to": "zendesk", "user": EMAIL, "queue": "77"}  # noqa: RUF012 - read only
    headers = {"Authorization": basic(f"{EMAIL}/token", TOKEN)}  # noqa: RUF012
    opening = "/api/v2/tickets.json"

    def __init__(self) -> None:
        super().__init__()
        self.remembers = True
        self._keys: dict[str, Opened] = {}

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [
            Route("/api/v2/users/me.json", self._me),
            Route("/api/v2/groups/{number:int}.json", self._group),
            Route("/api/v2/tickets.json", self._list),
            Route("/api/v2/tickets.json", self._open, methods=["POST"]),
            Route("/api/v2/tickets/{number:int}.json", self._one),
            Route("/api/v2/tickets/{number:int}/comments.json", self._comments),
        ]

    async def _me(self, request: Request) -> Response:
        self.admit(request)
        return JSONResponse({"user": {"id": BOT, "name": NAMES[BOT], "role": "agent"}})

    async def _group(self, request: Request) -> Response:
        self.admit(request)
        if request.path_params["number"] != 77:
            raise Refused(404, "RecordNotFound")
        return JSONResponse({"group": {"id": 77}})

    def _row(self, opened: Opened) -> dict[str, Any]:
        requester = REQUESTER if "requester" in opened.body else BOT
        status = "solved" if opened.is_done else "open"
        return {"id": opened.id, "status": status, "requester_id": requester, "submitter_id": BOT}

    async def _list(self, request: Request) -> Response:
        self.admit(request)
        only(request, "external_id")
        key = request.query_params["external_id"]
        rows = [self._row(each) for each in self.tickets.values() if each.body["external_id"] == key]
        return JSONResponse({"tickets": rows, "count": len(rows), "next_page": None})

    async def _open(self, request: Request) -> Response:
        self.admit(request)
        body = (await request.json())["ticket"]
        needs(body, "subject", "comment")
        knows(body, "subject", "comment", "external_id", "requester", "group_id")
        key = request.headers.get("Idempotency-Key", "")
        if self.remembers and key in self._keys:
            return JSONResponse({"ticket": self._row(self._keys[key])}, 201)
        opened = self._keys[key] = self.make(body, body["comment"]["body"])
        return JSONResponse({"ticket": self._row(opened)}, 201)

    async def _one(self, request: Request) -> Response:
        return JSONResponse({"ticket": self._row(self.ticket(request))})

    async def _comments(self, request: Request) -> Response:
        only(request, "include", "page[size]", "page[after]")
        said = self.ticket(request).said
        size = min(whole(request, "page[size]", 100, 100), self.page_size)
        after = int(request.query_params.get("page[after]", "0"))
        rest = [each for each in said if each.id > after]
        page, has_more = rest[:size], len(rest) > size
        roles = {BOT: "agent", AGENT: "agent", OUTSIDER: "end-user", REQUESTER: "end-user"}
        users = [{"id": by, "name": NAMES[by], "role": roles[by]} for by in {each.by for each in page}]
        rows = [
            {
                "id": each.id,
                "type": "Comment",
                "author_id": each.by,
                "body": each.text,
                "html_body": f"<p>{html.escape(each.text)}</p>",
                "plain_body": each.text,
                "public": each.public,
            }
            for each in page
        ]
        meta = {"has_more": has_more, "after_cursor": str(page[-1].id) if page else None}
        return JSONResponse({"comments": rows, "users": users, "meta": meta})


class FakeFreshdeskTickets(FakeTicketDesk):
    """Freshdesk: contacts come into being with their first ticket, and asking for unknown ones is an error."""

    settings = {"to": "freshdesk", "queue": "77"}  # noqa: RUF012 - read only
    headers = {"Authorization": basic(TOKEN, "X")}  # noqa: RUF012
    opening = "/api/v2/tickets"

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [
            Route("/api/v2/agents/me", self._me),
            Route("/api/v2/agents/{number:int}", self._agent),
            Route("/api/v2/tickets", self._list),
            Route("/api/v2/tickets", self._open, methods=["POST"]),
            Route("/api/v2/tickets/{number:int}", self._one),
            Route("/api/v2/tickets/{number:int}/conversations", self._conversations),
        ]

    async def _me(self, request: Request) -> Response:
        self.admit(request)
        return JSONResponse({"id": BOT, "contact": {"name": NAMES[BOT]}})

    async def _agent(self, request: Request) -> Response:
        self.admit(request)
        number = request.path_params["number"]
        if number not in {BOT, AGENT}:
            raise Refused(404, "not found")
        return JSONResponse({"id": number, "contact": {"name": NAMES[number]}})

    def _row(self, opened: Opened, *, whole_row: bool = True) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": opened.id,
            "status": 5 if opened.is_done else 2,
            "requester_id": REQUESTER,
            "tags": [],
        }
        return {**row, "description_text": opened.said[0].text} if whole_row else row

    async def _list(self, request: Request) -> Response:
        self.admit(request)
        only(request, "unique_external_id", "email", "include", "order_by", "per_page", "page")
        query = request.query_params
        rows = list(self.tickets.values())
        for name in ("unique_external_id", "email"):
            if name in query:
                rows = [each for each in rows if each.body.get(name) == query[name]]
                if not rows:
                    raise Refused(400, "There is no contact matching the given value")
        has_text = query.get("include") == "description"
        return JSONResponse([self._row(each, whole_row=has_text) for each in rows])

    async def _open(self, request: Request) -> Response:
        self.admit(request)
        body = await request.json()
        needs(body, "subject", "description", "status", "priority", "source")
        knows(
            body,
            *("subject", "description", "status", "priority", "source", "name", "group_id"),
            *("email", "unique_external_id"),
        )
        if not (body.get("email") or body.get("unique_external_id")):
            raise Refused(400, "a requester is needed")
        opened = self.make(body, html.unescape(body["description"]), REQUESTER)
        return JSONResponse(self._row(opened), 201)

    async def _one(self, request: Request) -> Response:
        return JSONResponse(self._row(self.ticket(request)))

    async def _conversations(self, request: Request) -> Response:
        said = self.ticket(request).said[1:]  # the description is none of these
        size, number = whole(request, "per_page", 30, 100), whole(request, "page", 1, 10_000)
        page = said[(number - 1) * size : number * size]
        return JSONResponse([self._conversation(each) for each in page])

    def _conversation(self, said: Said) -> dict[str, Any]:
        incoming = said.by in {REQUESTER, OUTSIDER}
        return {
            "id": said.id,
            "body": f"<div>{html.escape(said.text)}</div>",
            "body_text": said.text,
            "incoming": incoming,
            "private": not said.public,
            "source": 0 if said.public else 2,
            "user_id": said.by,
        }
