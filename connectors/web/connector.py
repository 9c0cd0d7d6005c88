"""Chat for any web site: a page speaks to the bot over a WebSocket, or by one HTTP request a question."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationError
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from config.sites import site_secret
from connectors.base import DurableHandler
from connectors.errors import BusyError, DeliveryError, NotTakenError
from connectors.once import NOT_READY, Once, id_of
from connectors.web import frames
from connectors.web.pages import Growing, Page, Pages
from connectors.web.visitors import WEB, Site, TokenRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import HTTPConnection, Request
    from starlette.routing import BaseRoute
    from starlette.websockets import WebSocket

    from config.sites import SiteSettings
    from connectors.base import Address, Event, Handler, Live, Reply

BODY_SECONDS = 10.0
LARGEST_BODY = 128_000


class WebConnector:
    """Serves `[[sites]]` on the bot's web server: `/chat/KEY` for POST, `/chat/KEY/socket` for WebSockets."""

    name = WEB

    def __init__(
        self, sites: Sequence[Site], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._sites = sites
        self._clock = clock
        self._once: Once | None = None
        self._pages = Pages()

    @classmethod
    def from_settings(cls, settings: Sequence[SiteSettings]) -> Self:
        """Build it from `[[sites]]`. Raises ConfigError when a site's secret cannot be had."""
        secrets = [(site, site_secret(site, os.environ)) for site in settings]
        return cls(
            [
                Site(s.key, s.origins, s.audience, found.get_secret_value() if found else "")
                for s, found in secrets
            ]
        )

    async def run(self, handler: Handler) -> None:
        """Answer until cancelled."""
        if not isinstance(handler, DurableHandler):
            raise TypeError("a page may ask again after a lost connection, so it takes a durable handler")
        once = self._once = Once(handler)
        try:
            await asyncio.Event().wait()
        finally:
            self._once = None
            await once.close()

    async def send(self, address: Address, reply: Reply) -> None:
        """Say something unasked to the pages that show the conversation. Raises DeliveryError when none does."""
        if not await self._pages.push(address.channel, frames.from_reply("", reply)):
            raise DeliveryError("no page shows this conversation now")

    async def look_up(self, event: Event) -> Event:
        """Give the event as it is: all is known from its token."""
        return event

    async def reply(self, event: Event, reply: Reply, begun: str = "") -> str:  # noqa: ARG002 - nothing stands half made
        """Show the reply, and keep it for a page that asks again."""
        if self._once is not None:
            self._once.keep(event, reply)
        await self._pages.push(event.address.channel, frames.from_reply(id_of(event), reply))
        return id_of(event)

    def http_routes(self) -> Sequence[BaseRoute]:
        """Give the routes of all sites."""
        return [route for site in self._sites for route in self._routes(site)]

    def _routes(self, site: Site) -> list[BaseRoute]:
        async def ask(request: Request) -> JSONResponse:
            frame, status = await self._ask(site, request)
            return JSONResponse(frame, status)

        async def talk(socket: WebSocket) -> None:
            await self._pages.show(site, socket, begin, self._serve)

        def begin(socket: WebSocket, hello: frames.Hello) -> Page:
            visitor = site.visitor(hello.token, _client(socket), self._clock)
            return Page(
                socket, frames.place(site.key, visitor.person, hello), visitor.person, visitor.seconds
            )

        cors = Middleware(CORSMiddleware, allow_origins=sorted(site.origins), allow_headers=["content-type"])
        path = f"/chat/{site.key}"
        return [
            Route(path, ask, methods=["POST", "OPTIONS"], middleware=[cors]),
            WebSocketRoute(f"{path}/socket", talk),
        ]

    async def _ask(self, site: Site, request: Request) -> tuple[dict[str, Any], int]:
        """One question, one reply; a browser's page of another origin gets neither."""
        if request.headers.get("origin", "").casefold() not in site.origins | {""}:
            return frames.error(None, "this page may not ask here"), 403
        if int(request.headers.get("content-length") or LARGEST_BODY + 1) > LARGEST_BODY:
            return frames.error(None, "too long, or of no told length"), 413
        try:
            async with asyncio.timeout(BODY_SECONDS):
                asked = frames.Asked.model_validate_json(await request.body())
            person = site.visitor(asked.token, _client(request), self._clock).person
        except (ValidationError, TokenRefusedError, TimeoutError) as error:
            return frames.error(None, frames.reason_of(error)), 400
        event = frames.to_event(asked, frames.place(site.key, person, asked), person, self._clock())
        return await self._answer(event)

    async def _serve(self, page: Page, frame: frames.Frame) -> dict[str, Any]:
        event = frames.to_event(frame, page.address, page.person, self._clock())
        return (await self._answer(event, Growing(self._pages, event)))[0]

    async def _answer(self, event: Event, live: Live | None = None) -> tuple[dict[str, Any], int]:
        """Give the frame that answers the event, and its HTTP status."""
        if self._once is None:
            return frames.error(event, NOT_READY), 503
        try:
            return frames.from_outcome(event, await self._once.answer(event, live)), 200
        except NotTakenError as error:
            return frames.error(event, str(error)), 503 if isinstance(error, BusyError) else 409


def _client(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""
