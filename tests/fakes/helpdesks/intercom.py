"""An Intercom with one collection, after its public OpenAPI description (2.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.base import TOKEN, FakeHelpdesk
from tests.fakes.helpdesks.faults import Refused, only, whole

if TYPE_CHECKING:
    from starlette.requests import Request


class FakeIntercom(FakeHelpdesk):
    """Cursor pages, the last change first."""

    options = {"type": "intercom"}  # noqa: RUF012 - read only
    headers = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.15"}  # noqa: RUF012
    listing = "/articles"

    def __init__(self) -> None:
        super().__init__()
        self.translations: dict[int, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [Route("/help_center/collections", self._collections), Route("/articles", self._articles)]

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        self.admit(request)
        only(request, "per_page", "starting_after", "page")
        size = min(whole(request, "per_page", 20, 150), self.page_size)
        cursor = request.query_params.get("starting_after", "after:0")
        if not cursor.startswith("after:"):
            raise Refused(400, "no such cursor")
        start = int(cursor.removeprefix("after:"))
        if "page" in request.query_params:
            start = (whole(request, "page", 1, 10_000) - 1) * size
        pages: dict[str, Any] = {"type": "pages", "per_page": size, "total_pages": -(-len(rows) // size)}
        if start + size < len(rows):
            pages["next"] = {"per_page": size, "starting_after": f"after:{start + size}"}
        data = rows[start : start + size]
        return JSONResponse({"type": "list", "pages": pages, "total_count": len(rows), "data": data})

    async def _collections(self, request: Request) -> Response:
        row = {"id": "143", "type": "collection", "name": "Help", "parent_id": None, "workspace_id": "w"}
        return self._page(request, [row])

    async def _articles(self, request: Request) -> Response:
        rows = sorted(self.articles.items(), key=lambda item: -item[1]["changed"])
        return self._page(request, [self._row(number, article) for number, article in rows])

    def _row(self, number: int, article: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": str(number),
            "type": "article",
            "workspace_id": "w",
            "parent_id": 143,
            "parent_type": "collection",
            "title": article["title"],
            "body": article["html"],
            "state": "draft" if article["draft"] else "published",
            "author_id": 1,
            "created_at": 1_600_000_000,
            "updated_at": article["changed"],
            "url": f"https://help.acme.example/en/articles/{number}",
            "default_locale": "en",
            "translated_content": {"type": "article_translated_content", **self.translations.get(number, {})},
            "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": "1", "name": "vat"}]},
        }
