"""The pages that are open: who they are, what each may ask at once, and what is shown to all of a conversation."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from connectors.once import id_of
from connectors.web import frames
from connectors.web.visitors import TokenRefusedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.websockets import WebSocket

    from connectors.base import Address, Event, Person
    from connectors.web.visitors import Site

    Begin = Callable[[WebSocket, frames.Hello], "Page"]
    Serve = Callable[["Page", frames.Frame], Awaitable[dict[str, Any]]]

HELLO_SECONDS = 10.0
SEND_SECONDS = 10.0
"""A page that takes no frame for so long is closed: it would hold up its conversation, and the outbox."""
MOST_PAGES = 2_000
"""Open sockets of one site in this process."""
MOST_AT_ONCE = 4
"""Frames of one socket that are worked on at once; the next are read when one of them is done."""
GONE = (WebSocketDisconnect, RuntimeError)
"""What a socket raises that is closed, the latter by Starlette."""
REFUSED = 1008
"""The close code "policy violation" of RFC 6455, section 7.4.1."""


EXPIRED = "the token has expired; connect again with a new one"


@dataclass(frozen=True, slots=True)
class Page:
    """An open page: its socket, its conversation, who speaks, and for how many seconds their token holds."""

    socket: WebSocket
    address: Address
    person: Person
    seconds: float | None


class Pages:
    """Keeps the open pages of all sites."""

    def __init__(self) -> None:
        self._shown: defaultdict[str, set[WebSocket]] = defaultdict(set)
        self._open: Counter[str] = Counter()
        self._log = structlog.get_logger()

    async def show(self, site: Site, socket: WebSocket, begin: Begin, serve: Serve) -> None:
        """Talk with a page of the site until it leaves, its token ends, or it says what is no frame."""
        if socket.headers.get("origin", "").casefold() not in site.origins:
            await socket.close(REFUSED)
            return
        if self._open[site.key] >= MOST_PAGES:
            self._log.warning("too_many_web_pages", site=site.key)
            await socket.close(REFUSED)
            return
        self._open[site.key] += 1
        try:
            await socket.accept()
            await self._talk(socket, begin, serve)
        except* (ValidationError, TokenRefusedError, TimeoutError) as group:
            with contextlib.suppress(*GONE):
                await socket.close(REFUSED, frames.reason_of(group.exceptions[0])[:120])
        except* GONE:
            self._log.debug("web_page_left", site=site.key)
        finally:
            self._open[site.key] -= 1

    async def push(self, channel: str, frame: dict[str, Any]) -> bool:
        """Send a frame to every page that shows the conversation; False when none took it."""
        taken = False
        for socket in list(self._shown.get(channel, ())):
            if await _sent(socket, frame):
                taken = True
            else:
                self._hide(channel, socket)
        return taken

    async def _talk(self, socket: WebSocket, begin: Begin, serve: Serve) -> None:
        """Hear `hello` first, then any number of frames, answered side by side."""
        async with asyncio.timeout(HELLO_SECONDS):
            hello = frames.Hello.model_validate_json(await _heard(socket))
        page = begin(socket, hello)
        channel = page.address.channel
        self._shown[channel].add(socket)
        try:
            await socket.send_json({"type": "welcome"})
            async with asyncio.timeout(page.seconds), asyncio.TaskGroup() as work:
                await _hear(page, serve, work)
        except TimeoutError:
            raise TokenRefusedError(EXPIRED) from None
        finally:
            self._hide(channel, socket)

    def _hide(self, channel: str, socket: WebSocket) -> None:
        self._shown[channel].discard(socket)
        if not self._shown[channel]:
            del self._shown[channel]


class Growing:
    """Shows a reply while it is made, to the pages of its conversation; implements `connectors.base.Live`."""

    def __init__(self, pages: Pages, event: Event) -> None:
        self._pages = pages
        self._channel, self._id = event.address.channel, id_of(event)

    async def say(self, text: str) -> None:
        """Show a further piece of the answer."""
        await self._pages.push(self._channel, {"type": "piece", "id": self._id, "text": text})

    async def progress(self, text: str) -> None:
        """Tell how far the work is."""
        await self._pages.push(self._channel, {"type": "progress", "id": self._id, "text": text})


async def _hear(page: Page, serve: Serve, work: asyncio.TaskGroup) -> None:
    free = asyncio.Semaphore(MOST_AT_ONCE)

    async def answer(frame: frames.Frame) -> None:
        try:
            if not await _sent(page.socket, await serve(page, frame)):
                raise WebSocketDisconnect
        finally:
            free.release()

    while True:
        await free.acquire()
        work.create_task(answer(frames.Frame.model_validate_json(await _heard(page.socket))))


async def _heard(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    said: str | bytes = message.get("text") or message.get("bytes") or b""
    return said


async def _sent(socket: WebSocket, frame: dict[str, Any]) -> bool:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await socket.send_json(frame)
    except (*GONE, TimeoutError):
        return False
    return True
