"""A strict Slack on port 0: Web API, Socket Mode, response URLs, and every fault that a test asks for.

It never deduplicates for the bot, and it refuses what Slack refuses. What the bot does against the protocol is
kept in `violations`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict, deque
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from aiohttp import WSMsgType, web

from tests.fakes.slack.doing import Doing
from tests.fakes.slack.downloads import Downloads
from tests.fakes.slack.faults import Fault, Held, LostResponse, RateLimited, Refuse, Status
from tests.fakes.slack.limits import Limits
from tests.fakes.slack.web_api import WebApi
from tests.fakes.slack.workspace import APP_TOKEN, BOT_ID, BOT_TOKEN, BOT_USER, SlackError, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

ACK_SECONDS = 3.0


class FakeSlack(Doing):
    """`async with FakeSlack() as slack`; the bot is pointed at `slack.api_url`."""

    def __init__(self, *, enforce_limits: bool = False) -> None:
        self.workspace = Workspace()
        self.api = WebApi(self.workspace)
        self.apis = {BOT_TOKEN: self.api}
        self.codes: dict[str, dict[str, Any]] = {}
        self.revoked: list[str] = []
        self.downloads = Downloads(self)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.times: dict[str, list[float]] = defaultdict(list)
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.violations: list[str] = []
        self.ack_seconds: list[float] = []
        self.responses: list[dict[str, Any]] = []
        self.enforce_limits = enforce_limits
        self.limits = Limits()
        self._sockets: list[web.WebSocketResponse] = []
        self._waiting: dict[str, tuple[asyncio.Future[dict[str, Any]], float]] = {}
        self.numbers = count(1)
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.base = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_get("/link/{number}", self._link)
        app.router.add_get("/files/{file}{rest:.*}", self.downloads.serve)
        app.router.add_post("/respond/{trigger}", self._respond)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.base = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in self._sockets:
            await socket.close()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL is set to."""
        return f"{self.base}/api/"

    # What tests do ---------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], Any], seconds: float = 20) -> None:
        """Wait until something is so; looked at whenever something happens here."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: bool(condition()))

    async def say(
        self, user: str, text: str, channel: str = "C1", thread: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """A person says something, and the bot is told; a mention comes as two events, as Slack has it."""
        message = self.workspace.say(channel, user, text, thread, **more)
        events = self.events(message, channel)
        await asyncio.gather(*(self.deliver(event) for event in events))
        return message

    def events(self, message: dict[str, Any], channel: str = "C1") -> list[dict[str, Any]]:
        """Give the payloads by which the bot is told of a message."""
        kind = "im" if channel.startswith("D") else "channel"
        event = {**message, "channel": channel, "channel_type": kind, "team": self.workspace.team}
        if "thread_ts" in message:
            parent = self.workspace.channel(channel).find(message["thread_ts"])
            event["parent_user_id"] = parent["user"] if parent else "U?"
        found = [self.payload(event)]
        if f"<@{BOT_USER}>" in message["text"] and kind != "im":
            found.append(self.payload({**event, "type": "app_mention"}))
        return found

    def payload(self, event: dict[str, Any]) -> dict[str, Any]:
        """Wrap an event as the Events API does."""
        return {
            "type": "event_callback",
            "team_id": self.workspace.team,
            "api_app_id": "A1",
            "event": event,
            "event_id": f"Ev{next(self.numbers)}",
            "event_time": 0,
            "is_ext_shared_channel": False,
            "authorizations": [{"team_id": self.workspace.team, "user_id": BOT_USER, "is_bot": True}],
        }

    async def delete(self, message: dict[str, Any], channel: str = "C1") -> None:
        """A person deletes what they said, and the bot is told."""
        self.workspace.channel(channel).messages.remove(message)
        kind = "im" if channel.startswith("D") else "channel"
        event = {"type": "message", "subtype": "message_deleted", "channel": channel, "channel_type": kind}
        gone = {"deleted_ts": message["ts"], "previous_message": message, "ts": self.workspace.stamp()}
        await self.deliver(self.payload({**event, **gone, "hidden": True}))

    async def open_pane(self, user: str) -> tuple[str, str]:
        """A person opens a thread in the bot's pane; gives its channel and its stamp."""
        channel = self.workspace.direct(user).id
        root = self.workspace.say(channel, BOT_USER, "New chat", subtype="assistant_app_thread")
        root |= {"bot_id": BOT_ID, "thread_ts": root["ts"]}
        thread = {"user_id": user, "channel_id": channel, "thread_ts": root["ts"], "context": {}}
        started = {"type": "assistant_thread_started", "assistant_thread": thread}
        await self.deliver(self.payload({**started, "event_ts": root["ts"]}))
        return channel, root["ts"]

    async def deliver(
        self,
        payload: dict[str, Any],
        kind: str = "events_api",
        *,
        attempt: int = 0,
        seconds: float = ACK_SECONDS,
    ) -> dict[str, Any]:
        """Send an envelope and wait for its ack, which it gives; TimeoutError when none came in time."""
        await self.until(lambda: any(not socket.closed for socket in self._sockets))
        envelope_id = f"env{next(self.numbers)}"
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": True,
        }
        if attempt:
            envelope |= {"retry_attempt": attempt, "retry_reason": "timeout"}
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = (future, time.monotonic())
        open_sockets = [socket for socket in self._sockets if not socket.closed]
        await open_sockets[next(self.numbers) % len(open_sockets)].send_json(envelope)
        return await asyncio.wait_for(future, seconds)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every open connection to come again."""
        for socket in [socket for socket in self._sockets if not socket.closed]:
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})

    async def drop(self) -> None:
        """Break every open connection without a word."""
        for socket in self._sockets:
            await socket.close()

    def workspace_of(self, team: str, token: str) -> Workspace:
        """Make a further workspace, which the app enters with this token; people act there from now on."""
        self.workspace = Workspace(team)
        self.api = self.apis[token] = WebApi(self.workspace)
        return self.workspace

    def connections(self) -> int:
        """Count the open connections."""
        return sum(1 for socket in self._sockets if not socket.closed)

    def posts(self, channel: str = "C1") -> list[dict[str, Any]]:
        """Give what the bot said in a channel."""
        said = self.workspace.channel(channel).messages
        return [each for each in said if each.get("bot_id") == BOT_ID and "subtype" not in each]

    # The far end of the wire -----------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        self.calls.append((method, arguments))
        self.times[method].append(time.monotonic())
        fault = self.faults[method].popleft() if self.faults[method] else None
        if isinstance(fault, Held):
            fault.reached.set()
            await fault.go.wait()
        seconds = self.limits.retry_after(method, arguments) if self.enforce_limits else 0
        if isinstance(fault, RateLimited) or seconds:
            wait = fault.retry_after if isinstance(fault, RateLimited) else seconds
            return web.json_response(
                {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(wait)}
            )
        if isinstance(fault, Status):
            return web.Response(status=fault.code, text="oh no")
        answer = (
            {"ok": False, "error": fault.error}
            if isinstance(fault, Refuse)
            else self._do(method, arguments, request)
        )
        await self._tell()
        if isinstance(fault, LostResponse):
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(answer)

    def _do(self, method: str, arguments: dict[str, Any], request: web.Request) -> dict[str, Any]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if method == "oauth.v2.access":
            found = self.codes.pop(str(arguments.get("code")), None)
            return {"ok": True, **found} if found else {"ok": False, "error": "invalid_code"}
        if token != APP_TOKEN if method == "apps.connections.open" else token not in self.apis:
            return {"ok": False, "error": "invalid_auth" if token else "not_authed"}
        if method == "apps.connections.open":
            return {"ok": True, "url": f"ws{self.base[4:]}/link/{next(self.numbers)}"}
        if method == "auth.revoke":
            self.revoked.append(token)
            return {"ok": True, "revoked": True}
        try:
            return {"ok": True, **self.apis[token].call(method, arguments)}
        except SlackError as error:
            return {"ok": False, "error": str(error)}

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        self._sockets.append(socket)
        await self._tell()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self._acked(json.loads(message.data))
                await self._tell()
        return socket

    def _acked(self, ack: dict[str, Any]) -> None:
        waiting = self._waiting.pop(ack.get("envelope_id", ""), None)
        if waiting is None:
            self.violations.append(f"an ack of nothing, or a second one: {ack}")
            return
        future, sent_at = waiting
        self.ack_seconds.append(time.monotonic() - sent_at)
        if not future.done():
            future.set_result(ack.get("payload") or {})

    async def _respond(self, request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            self.violations.append("a token was sent to a response URL")
        body = await request.json()
        self.responses.append({**body, "trigger": request.match_info["trigger"]})
        await self._tell()
        return web.Response(text="ok")

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


async def _arguments(request: web.Request) -> dict[str, Any]:
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        with contextlib.suppress(ValueError):
            found |= await request.json()
    else:
        found |= dict(await request.post())
    return found
