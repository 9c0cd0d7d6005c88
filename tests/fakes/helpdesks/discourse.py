"""A Discourse with one category, after its public API documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse as StarletteJson
from starlette.responses import Response
from starlette.routing import Route

from tests.fakes.helpdesks.base import TOKEN, FakeHelpdesk, iso
from tests.fakes.helpdesks.faults import Refused, only

if TYPE_CHECKING:
    from starlette.requests import Request


class JSONResponse(StarletteJson):
    """JSON under the type that Discourse gives it, which its clients insist on."""

    media_type = "application/json; charset=utf-8"


class FakeDiscourse(FakeHelpdesk):
    """Pages from 0, the last bump first; posts only in their topic."""

    options = {"type": "discourse", "categories": ["help"]}  # noqa: RUF012 - read only
    headers = {"Api-Key": TOKEN, "Api-Username": "system"}  # noqa: RUF012
    listing = "/latest.json"

    def __init__(self) -> None:
        super().__init__()
        self.solutions: dict[int, str] = {}
        self.wikis: set[int] = set()

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [
            Route("/site.json", self._site),
            Route("/c/help/9/l/latest.json", self._latest),
            Route("/t/{number:int}.json", self._topic),
            Route("/t/{slug:str}/{number:int}.json", self._topic),
            Route("/posts/by_number/{number:int}/{post:int}.json", self._solution),
        ]

    async def _site(self, request: Request) -> Response:
        self.admit(request)
        only(request)
        row = {"id": 9, "name": "Help", "slug": "help", "read_restricted": self.hidden}
        return JSONResponse(
            {"categories": [row, {"id": 1, "name": "x", "slug": "x", "read_restricted": False}]}
        )

    def _row(self, number: int) -> dict[str, Any]:
        article = self.articles[number]
        return {
            "id": number,
            "title": article["title"],
            "slug": f"topic-{number}",
            "category_id": 9,
            "bumped_at": iso(article["changed"]),
            "created_at": iso(1_600_000_000),
            "pinned": False,
            "visible": not article["draft"],
            "tags": ["vat"],
        }

    async def _latest(self, request: Request) -> Response:
        self.admit(request)
        only(request, "page", "order", "ascending")
        number = int(request.query_params.get("page", "0"))
        rows = sorted((self._row(number) for number in self.articles), key=lambda row: row["bumped_at"])[::-1]
        size = min(30, self.page_size)
        topics = rows[number * size : (number + 1) * size]
        page: dict[str, Any] = {"per_page": size, "topics": topics}
        if (number + 1) * size < len(rows):
            page["more_topics_url"] = f"/c/help/9/l/latest?page={number + 1}"
        return JSONResponse({"users": [], "topic_list": page})

    def _post(self, number: int, post_number: int, html: str) -> dict[str, Any]:
        return {
            "id": number * 1000 + post_number,
            "post_number": post_number,
            "cooked": html,
            "updated_at": iso(self.articles[number]["changed"]),
            "wiki": number in self.wikis,
        }

    async def _topic(self, request: Request) -> Response:
        self.admit(request)
        number = request.path_params["number"]
        if number not in self.articles:
            raise Refused(404, "not found")
        posts = [self._post(number, 1, self.articles[number]["html"])]
        answer = {"post_number": 25, "username": "ann"} if number in self.solutions else None
        return JSONResponse(
            self._row(number)
            | {"post_stream": {"posts": posts}, "accepted_answer": answer, "deleted_at": None}
        )

    async def _solution(self, request: Request) -> Response:
        self.admit(request)
        number = request.path_params["number"]
        return JSONResponse(self._post(number, request.path_params["post"], self.solutions[number]))
