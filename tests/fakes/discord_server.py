"""A Discord on a real socket: REST and gateway, with the faults that a simulation in the process cannot have."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.fakes.discord_payloads import (
    APPLICATION,
    BOT,
    CHANNEL,
    GUILD,
    MEMBER,
    guild,
    interaction,
    message,
    thread_of,
    user,
)
from tests.fakes.discord_rest import DiscordRest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "right.token.here"
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
DROP = "drop"
"""A fault: the request is done, and its response lost."""


class DiscordServer(DiscordRest):
    """One server with one text channel, and the gateway that tells of it."""

    def __init__(self) -> None:
        super().__init__()
        self.identified: list[dict[str, Any]] = []
        self.resumed = self.ready = 0
        self.refuse_message_content = False
        self.forget_sessions = False
        self._events: list[dict[str, Any]] = []
        self._sockets: list[web.WebSocketResponse] = []

    # What a test does -------------------------------------------------------------------------------------

    async def say(self, text: str, channel: str = CHANNEL) -> dict[str, Any]:
        """Let the member mention the bot in the channel."""
        said = message(self.next_id(), channel, user(MEMBER, "ada"), f"<@{BOT}> {text}")
        said["mentions"] = [user(BOT, "desk", bot=True)]
        self._said.append(said)
        member = {"roles": [], "joined_at": said["timestamp"], "deaf": False, "mute": False, "flags": 0}
        await self.emit("MESSAGE_CREATE", {**said, "guild_id": GUILD, "member": member})
        return said

    async def say_in_thread(self, first: str, text: str) -> None:
        """Let the member make a thread of a message, and mention the bot in it."""
        opened_by = message(self.next_id(), CHANNEL, user(MEMBER, "ada"), first)
        thread = thread_of(opened_by["id"])
        await self.emit("THREAD_CREATE", thread)
        starter = message(self.next_id(), thread["id"], user(MEMBER, "ada"), "")
        starter |= {"type": 21, "referenced_message": opened_by}
        starter["message_reference"] = {
            "channel_id": CHANNEL,
            "message_id": opened_by["id"],
            "guild_id": GUILD,
        }
        self._said.append(starter)
        await self.say(text, thread["id"])

    async def interact(self, data: dict[str, Any], *, kind: int = 2, **more: Any) -> str:
        """Let the member give a command (2), click (3) or send a form (5); gives the interaction's token."""
        identity = self.next_id()
        given = interaction(identity, f"token-{identity}", kind, data) | more
        await self.emit("INTERACTION_CREATE", given)
        return str(given["token"])

    async def emit(self, name: str, data: dict[str, Any]) -> None:
        """Send an event, and keep it for who resumes."""
        self._events.append({"op": DISPATCH, "t": name, "s": len(self._events) + 1, "d": data})
        for socket in self._sockets:
            if not socket.closed:
                await socket.send_json(self._events[-1])

    async def ask_to_reconnect(self, *, forget: bool = False) -> None:
        """Send the client away; with `forget` its session is invalid when it comes back."""
        self.forget_sessions = forget
        socket = self._sockets.pop()
        await socket.send_json({"op": RECONNECT, "d": None})

    async def break_connection(self) -> None:
        """Let the wire to the client break, without a word."""
        socket = self._sockets.pop()
        transport = socket._req.transport if socket._req is not None else None
        assert transport is not None
        transport.abort()

    # The wire ---------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[DiscordServer]:
        """Serve on a free port."""
        app = web.Application()
        app.router.add_get("/gateway", self._gateway)
        app.router.add_route("*", "/api/{path:.*}", self._rest)
        runner = web.AppRunner(app, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/api"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": 41_250}})
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            payload = json.loads(frame.data)
            if payload["op"] == HEARTBEAT:
                await socket.send_json({"op": ACK, "d": None})
            elif payload["op"] == IDENTIFY:
                await self._identify(socket, payload["d"])
            elif payload["op"] == RESUME:
                await self._resume(socket, payload["d"])
        return socket

    async def _identify(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> None:
        self.identified.append(data)
        await self._notify()
        if self.refuse_message_content and data["intents"] & 1 << 15:
            await socket.close(code=4014, message=b"Disallowed intent(s).")
            return
        shard = data.get("shard") or [0, 1]
        has_guild = (int(GUILD) >> 22) % shard[1] == shard[0]
        ready = {
            "v": 10,
            "user": user(BOT, "desk", bot=True),
            "guilds": [{"id": GUILD, "unavailable": True}] if has_guild else [],
            "session_id": f"session{len(self.identified)}",
            "resume_gateway_url": self.gateway_url,
            "shard": shard,
            "application": {"id": APPLICATION, "flags": 0},
        }
        last = self._said[-1]["id"] if self._said else None
        for name, event in (("READY", ready), *([("GUILD_CREATE", guild(last))] if has_guild else [])):
            self._events.append({"op": DISPATCH, "t": name, "s": len(self._events) + 1, "d": event})
            await socket.send_json(self._events[-1])
        if has_guild:
            self._sockets.append(socket)
        self.ready += 1
        await self._notify()

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> None:
        if self.forget_sessions:
            self.forget_sessions = False
            await socket.send_json({"op": INVALID, "d": False})
            return
        for event in self._events[data["seq"] :]:
            await socket.send_json(event)
        self._sockets.append(socket)
        await self.emit("RESUMED", {})
        self.resumed += 1
        await self._notify()
