"""A Confluence with one space, after its public API documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.base import TOKEN, FakeHelpdesk, basic, iso
from tests.fakes.helpdesks.faults import Refused, only, whole

if TYPE_CHECKING:
    from starlette.requests import Request

_API = "/wiki/rest/api"
_HOME = 999


class FakeConfluence(FakeHelpdesk):
    """Linked pages; every page hangs under the home page, whose restrictions hold for all."""

    options = {"type": "confluence", "spaces": ["DOCS"], "email": "bot@acme.example"}  # noqa: RUF012
    headers = {"Authorization": basic("bot@acme.example", TOKEN)}  # noqa: RUF012
    listing = "/content/search"
    extra = frozenset({"999"})
    base_path = "/wiki"

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [
            Route(f"{_API}/space/DOCS", self._space),
            Route(f"{_API}/content/search", self._search),
            Route(f"{_API}/content/{{number:int}}", self._one),
        ]

    async def _space(self, request: Request) -> Response:
        self.admit(request)
        return JSONResponse({"key": "DOCS", "name": "Documentation"})

    def _row(self, number: int) -> dict[str, Any]:
        article = self.articles.get(number, {"title": "Home", "version": 1, "changed": 1_600_000_000})
        groups = [{"type": "group", "name": "staff", "id": "g-1"}] if self.hidden and number == _HOME else []
        return {
            "id": str(number),
            "type": "page",
            "status": "draft" if article.get("draft") else "current",
            "title": article["title"],
            "space": {"key": "DOCS"},
            "version": {"number": article["version"], "when": iso(article["changed"])},
            "ancestors": [] if number == _HOME else [{"id": str(_HOME), "title": "Home"}],
            "metadata": {"labels": {"results": [{"prefix": "global", "name": "vat"}]}},
            "restrictions": {
                "read": {
                    "operation": "read",
                    "restrictions": {"user": {"results": []}, "group": {"results": groups}},
                }
            },
            "_links": {"webui": f"/spaces/DOCS/pages/{number}"},
        }

    async def _search(self, request: Request) -> Response:
        self.admit(request)
        only(request, "cql", "expand", "limit", "start", "cursor")
        if not request.query_params.get("cql", "").startswith('space = "DOCS" and type = page'):
            raise Refused(400, "could not parse cql")
        size = min(whole(request, "limit", 25, 100), self.page_size)
        start = int(request.query_params.get("cursor", "0"))
        rows = [self._row(number) for number in [_HOME, *sorted(self.articles)] if self._is_listed(number)]
        links = {"base": f"{self.url}/wiki", "context": "/wiki"}
        if start + size < len(rows):
            query = str(request.url.query).partition("&cursor=")[0]
            links["next"] = f"/rest/api/content/search?{query}&cursor={start + size}"
        return JSONResponse({"results": rows[start : start + size], "size": size, "_links": links})

    def _is_listed(self, number: int) -> bool:
        return number == _HOME or not self.articles[number]["draft"]

    async def _one(self, request: Request) -> Response:
        self.admit(request)
        only(request, "expand", "status")
        number = request.path_params["number"]
        if number != _HOME and (number not in self.articles or self.articles[number]["draft"]):
            raise Refused(404, "not found")
        html = "<p>Welcome.</p>" if number == _HOME else self.articles[number]["html"]
        return JSONResponse(self._row(number) | {"body": {"export_view": {"value": html}}})
