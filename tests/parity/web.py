"""A page of a web site, over a WebSocket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.typing import Origin

from connectors.web.connector import WebConnector
from connectors.web.visitors import Site
from tests.parity.driver import LacksError, Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from websockets.asyncio.client import ClientConnection

    from bot.app import App
    from tests.parity.driver import Who

ORIGIN = "https://www.example.com"
SITE = Site("shop", frozenset({ORIGIN}), frozenset({"public"}))
_ADMIN = "a visitor of a web site is never an admin"
_NO_CHANNELS = "a conversation has one page and no channel"


class WebDriver:
    """One page, one conversation."""

    name = "Web"
    lacks: Mapping[str, str] = {
        "add": _ADMIN,
        "edit": _ADMIN,
        "remove": _ADMIN,
        "reindex progress": _ADMIN,
        "files": _ADMIN,
        "persona": _ADMIN,
        "auto-answer": _NO_CHANNELS,
        "mute": _NO_CHANNELS,
    }

    def __init__(self, url: list[str]) -> None:
        self.connector = WebConnector([SITE])
        self._url = url
        self._socket: ClientConnection | None = None

    async def ready(self, app: App) -> None:
        """Open the page."""
        await app.delivery()
        address = self._url[0].rsplit(" ", 1)[1].replace("http", "ws", 1)
        self._socket = await connect(f"{address}/chat/shop/socket", origin=Origin(ORIGIN), proxy=None)
        await self._socket.send(json.dumps({"conversation": "c" * 22}))
        assert json.loads(await self._socket.recv()) == {"type": "welcome"}

    async def close(self) -> None:
        """Close the page."""
        if self._socket is not None:
            await self._socket.close()

    async def ask(self, text: str, who: Who = "ana") -> Shown:
        """Send a question."""
        return await self._sent(who, type="message", text=text)

    async def go_on(self, shown: Shown, text: str, who: Who = "ana") -> Shown:  # noqa: ARG002 - one conversation
        """Send another."""
        return await self.ask(text, who)

    async def click(self, shown: Shown, button: str, who: Who = "ana") -> Shown:
        """Press it."""
        action = shown.buttons[button]
        return await self._sent(who, type="click", name=action["name"], value=action["value"])

    async def command(self, name: str, arguments: str = "", who: Who = "admin") -> Shown:
        """Send it as a click, which is what buttons of the page's own do."""
        return await self._sent(who, type="click", name=name, value=arguments)

    async def fill(self, shown: Shown, values: Mapping[str, str], who: Who = "admin") -> Shown:
        """Send the form."""
        frame = shown.raw
        fields = {**(shown.form or {}), **values}
        return await self._sent(who, type="submit", name=frame["name"], value=frame["value"], fields=fields)

    async def submit(self, name: str, fields: Mapping[str, str]) -> Shown:
        """Send a form that nobody showed."""
        return await self._sent("ana", type="submit", name=name, fields=dict(fields))

    async def share(self, files: Sequence[tuple[str, bytes]], who: Who = "admin") -> Shown:  # noqa: ARG002
        """Give no files."""
        raise LacksError(self.name)

    async def overhear(self, text: str) -> Shown:  # noqa: ARG002
        """Hear nothing."""
        raise LacksError(self.name)

    async def _sent(self, _who: Who, **frame: Any) -> Shown:
        assert self._socket is not None
        identity = uuid4().hex
        await self._socket.send(json.dumps({"id": identity, **frame}))
        texts: list[str] = []
        while True:
            answer = json.loads(await self._socket.recv())
            if answer.get("id") != identity:
                continue  # what nobody asked for just now
            texts.append(_words(answer))
            if answer["type"] == "form":
                return Shown(form={field["name"]: field["value"] for field in answer["fields"]}, raw=answer)
            if answer["type"] not in {"piece", "progress"}:
                buttons = {action["name"]: action for action in answer.get("actions", ())}
                return Shown(tuple(texts), buttons, raw=answer)


def _words(frame: Mapping[str, Any]) -> str:
    links = [f"{link['title']} {link['url'] or ''}" for link in frame.get("links", ())]
    return "\n".join([str(frame.get("text") or frame.get("reason") or ""), *links])
