"""A Freshdesk with one category and one folder, after its public API documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.base import TOKEN, FakeHelpdesk, basic, iso
from tests.fakes.helpdesks.faults import Refused, only, whole

if TYPE_CHECKING:
    from starlette.requests import Request

_API = "/api/v2/solutions"


class FakeFreshdesk(FakeHelpdesk):
    """Numbered pages of bare arrays."""

    options = {"type": "freshdesk"}  # noqa: RUF012 - read only
    headers = {"Authorization": basic(TOKEN, "X")}  # noqa: RUF012
    listing = "/folders/5/articles"
    second_page = 0
    visibility = 1

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [
            Route(f"{_API}/categories", self._categories),
            Route(f"{_API}/categories/1/folders", self._folders),
            Route(f"{_API}/folders/5/articles", self._articles),
            Route(f"{_API}/articles/{{number:int}}", self._one),
        ]

    def hide(self) -> None:
        """Show the folder to agents only."""
        super().hide()
        self.visibility = 3

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        self.admit(request)
        only(request, "page", "per_page")
        size, number = whole(request, "per_page", 30, 100), whole(request, "page", 1, 10_000)
        return JSONResponse(rows[(number - 1) * size : number * size])

    async def _categories(self, request: Request) -> Response:
        return self._page(request, [{"id": 1, "name": "General"}])

    async def _folders(self, request: Request) -> Response:
        row = {"id": 5, "name": "FAQ", "visibility": self.visibility, "articles_count": len(self.articles)}
        return self._page(request, [row])

    def _row(self, number: int) -> dict[str, Any]:
        article = self.articles[number]
        return {
            "id": number,
            "title": article["title"],
            "description": article["html"],
            "status": 1 if article["draft"] else 2,
            "tags": ["vat"],
            "updated_at": iso(article["changed"]),
        }

    async def _articles(self, request: Request) -> Response:
        return self._page(request, [self._row(number) for number in sorted(self.articles)])

    async def _one(self, request: Request) -> Response:
        self.admit(request)
        if (number := request.path_params["number"]) not in self.articles:
            raise Refused(404, "not found")
        return JSONResponse(self._row(number))
