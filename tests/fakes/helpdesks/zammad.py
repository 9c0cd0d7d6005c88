"""A Zammad knowledge base with one category, after its public sources and API documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.base import TOKEN, FakeHelpdesk, iso
from tests.fakes.helpdesks.faults import only

if TYPE_CHECKING:
    from starlette.requests import Request


class FakeZammad(FakeHelpdesk):
    """One request for the whole structure; texts only of the contents that it names."""

    options = {"type": "zammad"}  # noqa: RUF012 - read only
    headers = {"Authorization": f"Token token={TOKEN}"}  # noqa: RUF012
    listing = "knowledge_bases/init"
    second_page = 0

    def routes(self) -> list[Route]:
        """Give the endpoints."""
        return [Route("/api/v1/knowledge_bases/init", self._init, methods=["POST"])]

    def hide(self) -> None:
        """Make every answer internal; Zammad has no visibility of categories."""
        super().hide()

    async def _init(self, request: Request) -> Response:
        self.admit(request)
        only(request)
        body = await request.body()
        wanted = (await request.json()).get("answer_translation_content_ids", []) if body else []
        assets: dict[str, Any] = {
            "KnowledgeBase": {"1": {"id": 1, "active": True}},
            "KnowledgeBaseLocale": {"1": {"id": 1, "system_locale_id": 35, "primary": True}},
            "KnowledgeBaseCategory": {"3": {"id": 3, "knowledge_base_id": 1, "parent_id": None}},
            "KnowledgeBaseCategoryTranslation": {
                "4": {"id": 4, "title": "Help", "kb_locale_id": 1, "category_id": 3}
            },
            "KnowledgeBaseAnswer": {str(n): self._answer(n) for n in self.articles},
            "KnowledgeBaseAnswerTranslation": {str(n + 100): self._title(n) for n in self.articles},
        }
        if wanted:
            assets["KnowledgeBaseAnswerTranslationContent"] = {
                str(n + 200): {"id": n + 200, "body": article["html"], "attachments": []}
                for n, article in self.articles.items()
                if n + 200 in wanted
            }
        return JSONResponse(assets)

    def _answer(self, number: int) -> dict[str, Any]:
        article = self.articles[number]
        changed = iso(article["changed"])
        is_public = not article["draft"] and not self.hidden
        return {
            "id": number,
            "category_id": 3,
            "archived_at": None,
            "internal_at": changed if self.hidden and not article["draft"] else None,
            "published_at": changed if is_public else None,
            "updated_at": changed,
        }

    def _title(self, number: int) -> dict[str, Any]:
        return {
            "id": number + 100,
            "title": self.articles[number]["title"],
            "kb_locale_id": 1,
            "answer_id": number,
            "content_id": number + 200,
            "updated_at": iso(self.articles[number]["changed"]),
        }
