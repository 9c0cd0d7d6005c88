"""A Zendesk Guide with state, after its public API documentation."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.faults import Refused, Wire, only, refusing, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

EMAIL, TOKEN = "bot@acme.example", "secret-token"
_API = "/api/v2/help_center"


@dataclass
class Desk:
    """What the help centre holds; `now` is its clock, in seconds."""

    now: int = 1_700_000_000
    locales: list[str] = field(default_factory=lambda: ["en-us"])
    categories: dict[int, dict[str, Any]] = field(default_factory=dict)
    sections: dict[int, dict[str, Any]] = field(default_factory=dict)
    segments: dict[int, dict[str, Any]] = field(default_factory=dict)
    articles: dict[int, dict[str, Any]] = field(default_factory=dict)
    texts: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    files: dict[int, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    page_size: int = 100
    url: str = ""

    def put(self, number: int, title: str, body: str, locale: str = "en-us", **facts: Any) -> None:
        """Write an article, or change it."""
        self.now += 60
        article = self.articles.setdefault(
            number, {"id": number, "label_names": [], "user_segment_id": None, "section_id": None}
        )
        article.update({key: value for key, value in facts.items() if key != "draft"})
        article["updated_at"] = self.now
        self.texts[number, locale] = {
            "locale": locale,
            "title": title,
            "body": body,
            "draft": bool(facts.get("draft", False)),
            "edited_at": self.now,
        }

    def touch(self, number: int, **facts: Any) -> None:
        """Change an article's metadata."""
        self.now += 60
        self.articles[number].update(facts, updated_at=self.now)

    def delete(self, number: int) -> None:
        """Archive an article: it leaves every list, without a trace."""
        self.now += 60
        del self.articles[number]
        for key in [key for key in self.texts if key[0] == number]:
            del self.texts[key]

    def shown(self, number: int, locale: str) -> dict[str, Any]:
        """Give an article as the API has it in one locale."""
        article, text = self.articles[number], self.texts[number, locale]
        return {
            **article,
            **text,
            "updated_at": _iso(article["updated_at"]),
            "edited_at": _iso(text["edited_at"]),
            "html_url": f"{self.url}/hc/{locale}/articles/{number}",
            "source_locale": "en-us",
            "vote_sum": 3,
        }


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class FakeZendesk:
    """Serves a Desk; agents only, cursor pages, no parameter that is not documented."""

    def __init__(self) -> None:
        self.desk = Desk()
        routes = [
            Route(f"{_API}/locales.json", self._locales),
            Route(f"{_API}/incremental/articles.json", self._incremental),
            Route(f"{_API}/articles/{{number:int}}/translations.json", self._translations),
            Route(f"{_API}/articles/{{number:int}}/attachments.json", self._attachments),
            Route(f"{_API}/articles/{{number:int}}.json", self._one),
            Route(f"{_API}/articles.json", self._articles),
            Route(f"{_API}/articles", self._articles),
            Route(f"{_API}/{{what:str}}", self._containers),
            Route(f"{_API}/{{locale:str}}/articles", self._articles),
            Route(f"{_API}/{{locale:str}}/articles/{{number:int}}.json", self._one),
            Route("/hc/article_attachments/{number:int}/{name:str}", self._file),
        ]
        app = Starlette(routes=routes, exception_handlers={Refused: refusing})
        self.wire = Wire(app, lambda: self.desk.now)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on a free port."""
        async with self.wire.running() as url:
            self.desk.url = url
            yield url

    def _admit(self, request: Request) -> None:
        wanted = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {wanted}":
            raise Refused(401, "Couldn't authenticate you")

    def _paged(self, request: Request, name: str, rows: list[dict[str, Any]]) -> Response:
        """Give a page: by cursor when page[size] is there, else by number, as Zendesk does."""
        only(request, "page[size]", "page[after]", "page", "per_page")
        if "page[size]" not in request.query_params:
            return self._numbered(request, name, rows)
        size = min(whole(request, "page[size]", 30, 100), self.desk.page_size)
        after = int(request.query_params.get("page[after]", "0"))
        rest = [row for row in sorted(rows, key=lambda row: row["id"]) if row["id"] > after]
        page, has_more = rest[:size], len(rest) > size
        cursor = str(page[-1]["id"]) if page else None
        url = f"{self.desk.url}{request.url.path}?page%5Bafter%5D={cursor}&page%5Bsize%5D={size}"
        meta = {"has_more": has_more, "after_cursor": cursor, "before_cursor": None}
        return JSONResponse({name: page, "meta": meta, "links": {"next": url if has_more else None}})

    def _numbered(self, request: Request, name: str, rows: list[dict[str, Any]]) -> Response:
        size = min(whole(request, "per_page", 30, 100), self.desk.page_size)
        number = whole(request, "page", 1, 10_000)
        rows = sorted(rows, key=lambda row: row["id"])
        more = len(rows) > number * size
        url = f"{self.desk.url}{request.url.path}?page={number + 1}&per_page={size}"
        page = rows[(number - 1) * size : number * size]
        return JSONResponse({name: page, "count": len(rows), "next_page": url if more else None})

    async def _locales(self, request: Request) -> Response:
        self._admit(request)
        return JSONResponse({"locales": self.desk.locales, "default_locale": self.desk.locales[0]})

    async def _containers(self, request: Request) -> Response:
        self._admit(request)
        name = request.path_params["what"].removesuffix(".json")
        rows = {
            "categories": self.desk.categories,
            "sections": self.desk.sections,
            "user_segments": self.desk.segments,
        }.get(name)
        if rows is None:
            raise Refused(404, "RecordNotFound")
        return self._paged(request, name, [{"id": number, **row} for number, row in rows.items()])

    async def _articles(self, request: Request) -> Response:
        self._admit(request)
        locale = request.path_params.get("locale", "en-us")
        rows = [self.desk.shown(n, where) for n, where in list(self.desk.texts) if where == locale]
        return self._paged(request, "articles", rows)

    async def _one(self, request: Request) -> Response:
        self._admit(request)
        key = request.path_params["number"], request.path_params.get("locale", "en-us")
        if key not in self.desk.texts:
            raise Refused(404, "RecordNotFound")
        return JSONResponse({"article": self.desk.shown(*key)})

    async def _translations(self, request: Request) -> Response:
        self._admit(request)
        number = request.path_params["number"]
        if number not in self.desk.articles:
            raise Refused(404, "RecordNotFound")
        rows = [dict(text, hidden=False) for (n, _), text in self.desk.texts.items() if n == number]
        return JSONResponse({"translations": rows, "count": len(rows)})

    async def _incremental(self, request: Request) -> Response:
        """Give what changed, oldest change first; the next page begins at the last change of this one."""
        self._admit(request)
        only(request, "start_time", "per_page", "page")
        start = whole(request, "start_time", 0, 10**11)
        rows = sorted(self.desk.articles.values(), key=lambda row: (row["updated_at"], row["id"]))
        changed = [row for row in rows if row["updated_at"] >= start]
        page = changed[: max(2, self.desk.page_size)]
        end = page[-1]["updated_at"] if page else start
        shown = [self.desk.shown(row["id"], self._source_locale(row["id"])) for row in page]
        url = f"{self.desk.url}{_API}/incremental/articles.json?start_time={end}"
        return JSONResponse(
            {
                "articles": shown,
                "end_time": end,
                "count": len(page),
                "next_page": url if changed[len(page) :] else None,
            }
        )

    def _source_locale(self, number: int) -> str:
        return next(locale for n, locale in self.desk.texts if n == number)

    async def _attachments(self, request: Request) -> Response:
        self._admit(request)
        number = request.path_params["number"]
        rows = [
            {
                "id": index + 1,
                "file_name": name,
                "content_type": kind,
                "content_url": f"{self.desk.url}/hc/article_attachments/{number}/{name}",
                "inline": False,
            }
            for index, (name, (kind, _)) in enumerate(self.desk.files.get(number, {}).items())
        ]
        return self._paged(request, "article_attachments", rows)

    async def _file(self, request: Request) -> Response:
        kind, data = self.desk.files[request.path_params["number"]][request.path_params["name"]]
        return PlainTextResponse(data, media_type=kind)
