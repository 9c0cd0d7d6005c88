"""Chat for any web site: a page speaks to the bot over a WebSocket, or by one HTTP request a question."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import structlog
from pydantic import ValidationError
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from config.sites import site_secret
from connectors.base import Assists, Command, DurableHandler
from connectors.errors import DeliveryError
from connectors.web import frames
from connectors.web.visitors import WEB, Site, TokenRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import HTTPConnection, Request
    from starlette.routing import BaseRoute

    from config.sites import SiteSettings
    from connectors.base import Address, Event, Handler, Live, Person, Reply

KEPT_REPLIES = 10_000
"""A page that lost its connection asks again with the same id and gets the same reply."""
HELLO_SECONDS = 10.0
LARGEST_FRAME = 128_000
REFUSED = 1008
"""The close code "policy violation" of RFC 6455, section 7.4.1."""
NOT_READY = "the bot could not take this; send it again under the same id"


class WebConnector:
    """Serves `[[sites]]` on the bot's web server: `/chat/KEY` for POST, `/chat/KEY/socket` for WebSockets."""

    name = WEB

    def __init__(
        self, sites: Sequence[Site], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._sites = sites
        self._clock = clock
        self._handler: DurableHandler | None = None
        self._work: asyncio.TaskGroup | None = None
        self._answering: dict[tuple[str, str], asyncio.Task[dict[str, Any]]] = {}
        self._open: defaultdict[str, set[WebSocket]] = defaultdict(set)
        self._replies: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
        self._log = structlog.get_logger()

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
        self._handler = handler
        try:
            async with asyncio.TaskGroup() as self._work:
                await asyncio.Event().wait()
        finally:
            self._work = None

    async def send(self, address: Address, reply: Reply) -> None:
        """Say something unasked to the pages that show the conversation. Raises DeliveryError when none does."""
        if not await self.push(address.channel, frames.from_reply("", reply)):
            raise DeliveryError("no page shows this conversation now")

    async def look_up(self, event: Event) -> Event:
        """Give the event as it is: all is known from its token."""
        return event

    async def reply(self, event: Event, reply: Reply, begun: str = "") -> str:  # noqa: ARG002 - nothing stands half made
        """Show the reply, and keep it for a page that asks again."""
        frame = frames.from_reply(frames.event_id(event), reply)
        self._keep(event, frame)
        await self.push(event.address.channel, frame)
        return frames.event_id(event)

    def http_routes(self) -> Sequence[BaseRoute]:
        """Give the routes of all sites."""
        return [route for site in self._sites for route in self._routes(site)]

    def _routes(self, site: Site) -> list[BaseRoute]:
        async def ask(request: Request) -> JSONResponse:
            return await self._ask(site, request)

        async def talk(socket: WebSocket) -> None:
            await self._talk(site, socket)

        cors = Middleware(CORSMiddleware, allow_origins=sorted(site.origins), allow_headers=["content-type"])
        path = f"/chat/{site.key}"
        return [
            Route(path, ask, methods=["POST", "OPTIONS"], middleware=[cors]),
            WebSocketRoute(f"{path}/socket", talk),
        ]

    async def _ask(self, site: Site, request: Request) -> JSONResponse:
        """One question, one reply; a browser's page of another origin gets neither."""
        if request.headers.get("origin", "").casefold() not in site.origins | {""}:
            return JSONResponse(frames.error(None, "this page may not ask here"), 403)
        if int(request.headers.get("content-length") or LARGEST_FRAME + 1) > LARGEST_FRAME:
            return JSONResponse(frames.error(None, "too long, or of no told length"), 413)
        try:
            asked = frames.Asked.model_validate_json(await request.body())
            person = site.visitor(asked.token, _client(request), self._clock)
        except (ValidationError, TokenRefusedError) as error:
            return JSONResponse(frames.error(None, _reason(error)), 400)
        address = frames.place(site.key, person, asked)
        frame = await self._answer(frames.to_event(asked, address, person, self._clock()))
        return JSONResponse(frame, 503 if frame.get("reason") == NOT_READY else 200)

    async def _talk(self, site: Site, socket: WebSocket) -> None:
        """A conversation: `hello` first, then any number of frames, answered side by side."""
        if socket.headers.get("origin", "").casefold() not in site.origins:
            await socket.close(REFUSED)
            return
        await socket.accept()
        channel = ""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                hello = frames.Hello.model_validate_json(await socket.receive_text())
            person = site.visitor(hello.token, _client(socket), self._clock)
            address = frames.place(site.key, person, hello)
            channel = address.channel
            self._open[channel].add(socket)
            await socket.send_json({"type": "welcome"})
            async with asyncio.TaskGroup() as work:
                while True:
                    frame = frames.Frame.model_validate_json(await socket.receive_text())
                    work.create_task(self._serve(socket, frame, address, person))
        except* (ValidationError, TokenRefusedError, TimeoutError) as group:
            await socket.close(REFUSED, _reason(group.exceptions[0])[:120])
        except* WebSocketDisconnect:
            self._log.debug("web_page_left", site=site.key)
        finally:
            self._open[channel].discard(socket)
            if not self._open[channel]:
                del self._open[channel]

    async def _serve(self, socket: WebSocket, frame: frames.Frame, address: Address, person: Person) -> None:
        event = frames.to_event(frame, address, person, self._clock())
        await _send(socket, await self._answer(event, _Growing(self, event)))

    async def _answer(self, event: Event, live: Live | None = None) -> dict[str, Any]:
        """Give the frame that answers the event: one work an id, also when the page asks again meanwhile."""
        key = (event.address.channel, frames.event_id(event))
        if key in self._replies:
            return self._replies[key]
        if self._work is None:
            return frames.error(event, NOT_READY)
        if key not in self._answering:
            self._answering[key] = self._work.create_task(self._make(event, live))
            self._answering[key].add_done_callback(lambda _: self._answering.pop(key, None))
        return await asyncio.shield(self._answering[key])

    async def _make(self, event: Event, live: Live | None) -> dict[str, Any]:
        assert self._handler is not None
        try:
            if isinstance(event, Command) and not event.fields and isinstance(self._handler, Assists):
                form = await self._handler.form(event)
                if form is not None:
                    return frames.from_form(event.command_id, form)
            if not await self._handler.accept(event):
                return frames.error(event, "this was answered before; ask again under another id")
            reply = await self._handler.answer(event, live)
            if reply is None:
                return {"type": "silence", "id": frames.event_id(event)}
            frame = self._keep(event, frames.from_reply(frames.event_id(event), reply))
            await self._handler.sent(event, frames.event_id(event))
        except Exception:  # noqa: BLE001 - one event must not end the connector; the page may ask again
            self._log.exception("web_reply_failed")
            await self._handler.unsent(event)
            return frames.error(event, NOT_READY)
        return frame

    def _keep(self, event: Event, frame: dict[str, Any]) -> dict[str, Any]:
        self._replies[event.address.channel, frames.event_id(event)] = frame
        if len(self._replies) > KEPT_REPLIES:
            self._replies.popitem(last=False)
        return frame

    async def push(self, channel: str, frame: dict[str, Any]) -> bool:
        """Send a frame to every page that shows the conversation; False when none took it."""
        sent = [await _send(socket, frame) for socket in list(self._open.get(channel, ()))]
        return any(sent)


class _Growing:
    """Shows a reply while it is made, to the pages of its conversation."""

    def __init__(self, connector: WebConnector, event: Event) -> None:
        self._connector = connector
        self._channel, self._id = event.address.channel, frames.event_id(event)

    async def say(self, text: str) -> None:
        await self._connector.push(self._channel, {"type": "piece", "id": self._id, "text": text})

    async def progress(self, text: str) -> None:
        await self._connector.push(self._channel, {"type": "progress", "id": self._id, "text": text})


async def _send(socket: WebSocket, frame: dict[str, Any]) -> bool:
    try:
        await socket.send_json(frame)
    except (WebSocketDisconnect, RuntimeError):  # Starlette raises the latter once a socket is closed
        return False
    return True


def _client(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the frame'}: {first['msg']}"
    return str(error) or "no hello came"
