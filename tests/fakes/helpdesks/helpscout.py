"""Help Scout Docs with one collection, after its public API documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.base import TOKEN, FakeHelpdesk, basic, iso
from tests.fakes.helpdesks.faults import Refused, only, whole

if TYPE_CHECKING:
    from starlette.requests import Request


class FakeHelpScout(FakeHelpdesk):
    """Numbered pages in envelopes, without the articles' texts."""

    options = {"type": "helpscout"}  # noqa: RUF012 - read only
    headers = {"Authorization": basic(TOKEN, "X")}  # noqa: RUF012
    listing = "/collections/c1/articles"

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [
            Route("/v1/collections", self._collections),
            Route("/v1/collections/c1/articles", self._articles),
            Route("/v1/articles/{number:int}", self._one),
        ]

    def _page(self, request: Request, name: str, rows: list[dict[str, Any]]) -> Response:
        self.admit(request)
        only(request, "page", "pageSize", "status", "sort", "order")
        size = min(whole(request, "pageSize", 50, 100), self.page_size)
        number = whole(request, "page", 1, 10_000)
        pages = max(1, -(-len(rows) // size))
        items = rows[(number - 1) * size : number * size]
        return JSONResponse({name: {"page": number, "pages": pages, "count": len(rows), "items": items}})

    async def _collections(self, request: Request) -> Response:
        visibility = "private" if self.hidden else "public"
        row = {"id": "c1", "number": 1, "slug": "faq", "visibility": visibility, "name": "FAQ", "order": 1}
        return self._page(request, "collections", [row])

    def _row(self, number: int) -> dict[str, Any]:
        article = self.articles[number]
        return {
            "id": str(number),
            "number": number,
            "collectionId": "c1",
            "status": "notpublished" if article["draft"] else "published",
            "hasDraft": False,
            "name": article["title"],
            "publicUrl": f"https://acme.helpscoutdocs.com/article/{number}",
            "createdAt": iso(1_600_000_000),
            "updatedAt": iso(article["changed"]),
        }

    async def _articles(self, request: Request) -> Response:
        return self._page(request, "articles", [self._row(number) for number in sorted(self.articles)])

    async def _one(self, request: Request) -> Response:
        self.admit(request)
        if (number := request.path_params["number"]) not in self.articles:
            raise Refused(404, "not found")
        return JSONResponse({"article": self._row(number) | {"text": self.articles[number]["html"]}})
