"""A web site with pages that know their ETags, a robots.txt and perhaps a sitemap."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tests.fakes.helpdesks.faults import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


class FakeSite:
    """Serves `pages` by path."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.robots = ""
        self.sitemap: list[str] | None = None
        self.moved: dict[str, str] = {}
        self.url = ""
        self.not_modified = 0
        routes = [
            Route("/robots.txt", self._robots),
            Route("/sitemap.xml", self._sitemap),
            Route("/{path:path}", self._page),
        ]
        self.wire = Wire(Starlette(routes=routes), lambda: 1_700_000_000)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on a free port."""
        async with self.wire.running() as url:
            self.url = url
            yield url

    def put(self, path: str, title: str, text: str, links: tuple[str, ...] = ()) -> None:
        """Write a page with navigation around its text."""
        anchors = "".join(f'<a href="{link}">More about {link}</a> ' for link in links)
        self.pages[path] = (
            f'<html lang="en"><head><title>{title} | Acme</title></head><body><nav><a href="/">Home</a></nav>'
            f'<div class="box"><div class="text"><h1>{title}</h1><p>{text}</p><ol><li>Open the settings page.</li>'
            f"<li>Press the red button.</li></ol></div></div><footer>Copyright Acme. {anchors}</footer></body></html>"
        )

    async def _robots(self, _request: Request) -> Response:
        if self.sitemap is None and not self.robots:
            return Response("none", 404)
        named = "" if self.sitemap is None else f"Sitemap: {self.url}/sitemap.xml\n"
        return Response(f"{self.robots}\n{named}", media_type="text/plain")

    async def _sitemap(self, _request: Request) -> Response:
        if self.sitemap is None:
            return Response("none", 404)
        places = "".join(f"<url><loc>{self.url}{path}</loc></url>" for path in self.sitemap)
        head = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        return Response(f"{head}{places}</urlset>", media_type="application/xml")

    async def _page(self, request: Request) -> Response:
        path = request.url.path
        if path in self.moved:
            return RedirectResponse(self.moved[path], 301)
        if path not in self.pages:
            return Response("none", 404)
        html = self.pages[path]
        etag = f'"{hashlib.sha256(html.encode()).hexdigest()[:12]}"'
        if request.headers.get("If-None-Match") == etag:
            self.not_modified += 1
            return Response(status_code=304, headers={"ETag": etag})
        return Response(html, media_type="text/html", headers={"ETag": etag})
