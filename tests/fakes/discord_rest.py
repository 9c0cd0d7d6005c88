"""The REST half of the Discord on a real socket: posts, interactions, limits and faults."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord_payloads import APPLICATION, BOT, CHANNEL, DIRECT, MEMBER, message, user

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN = "right.token.here"
DROP = "drop"
"""A fault: the request is done, and its response lost."""


@dataclass
class Fault:
    """What happens to the next request of a method whose path matches."""

    method: str
    path: str
    status: int | str
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Sent:
    """A request with a body, as the spec check takes it."""

    method: str
    path: str
    json: Any


class DiscordRest:
    """What is posted is in `posts`, each taken nonce once.

    `responses` are the replies to interactions by their tokens. With a `rate_limit` that many messages are taken
    in a bucket, which is full again after a moment.
    """

    def __init__(self) -> None:
        self.url = ""
        self.posts: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Sent] = []
        self.faults: list[Fault] = []
        self.shards = 1
        self.rate_limit: int | None = None
        self.overrun = 0
        self.callbacks: list[dict[str, Any]] = []
        self.refused_callbacks = 0
        self.responses: dict[str, dict[str, Any]] = {}
        self.changed = asyncio.Condition()
        self._said: list[dict[str, Any]] = []
        self._spent: list[float] = []
        self._nonces: dict[tuple[str, str], dict[str, Any]] = {}
        self._ids = int((time.time() - 1_420_070_400) * 1000) << 22
        self._commands: list[dict[str, Any]] = []

    @property
    def gateway_url(self) -> str:
        """Where the gateway is."""
        return self.url.replace("http", "ws").replace("/api", "/gateway")

    async def until(self, what: str, number: int) -> None:
        """Wait until `posts`, `identified`, `callbacks`, `bodies`, `ready` or `resumed` is that many."""

        def reached() -> bool:
            value = getattr(self, what)
            return bool((value if isinstance(value, int) else len(value)) >= number)

        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(reached)

    def next_id(self) -> str:
        """Give the next id."""
        self._ids += 1 << 22
        return str(self._ids)

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        method, path = request.method, "/" + request.match_info["path"]
        path = path.removeprefix("/v10")
        self.requests.append((method, path))
        if request.headers.get("Authorization") != f"Bot {TOKEN}" and not path.startswith(
            ("/webhooks/", "/interactions/")
        ):
            return _json({"message": "401: Unauthorized", "code": 0}, status=401)
        fault = self._fault(method, path)
        if fault is not None and isinstance(fault.status, int):
            return _json(fault.body, status=fault.status, headers=fault.headers)
        body = await request.json() if request.can_read_body else None
        limited = self._limited(method, path)
        if limited is not None:
            return limited
        if path.endswith("/callback") and path.split("/")[3] in self.responses:
            self.refused_callbacks += 1
            await self._notify()
            return _json({"message": "Interaction has already been acknowledged.", "code": 40060}, status=400)
        if body is not None:
            self.bodies.append(Sent(method, path, body))
            await self._notify()
        answer = await self._answer(method, path, body, request.query)
        if fault is not None:
            assert request.transport is not None
            request.transport.close()
        if answer is None:
            return _json({"message": "404: Not Found", "code": 0}, status=404)
        return _json(answer, headers=self._bucket())

    def _bucket(self) -> dict[str, str]:
        """Give the headers by which Discord tells its limits."""
        if self.rate_limit is None:
            return {}
        return {
            "X-RateLimit-Bucket": "posts",
            "X-RateLimit-Limit": str(self.rate_limit),
            "X-RateLimit-Remaining": str(self.rate_limit - len(self._spent)),
            "X-RateLimit-Reset-After": "0.3",
        }

    def _limited(self, method: str, path: str) -> web.StreamResponse | None:
        if self.rate_limit is None or method != "POST" or not path.endswith("/messages"):
            return None
        now = time.monotonic()
        self._spent = [spent for spent in self._spent if now - spent < 0.3]
        if len(self._spent) >= self.rate_limit:
            self.overrun += 1
            body = {"message": "You are being rate limited.", "retry_after": 0.3, "global": False}
            return _json(body, status=429, headers={"Via": "1.1 test", **self._bucket()})
        self._spent.append(now)
        return None

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and re.fullmatch(fault.path, path):
                self.faults.remove(fault)
                return fault
        return None

    async def _answer(self, method: str, path: str, body: Any, query: Mapping[str, str]) -> Any:  # noqa: C901, PLR0911, PLR0912 - a route a line
        match method, path.strip("/").split("/"):
            case "GET", ["users", "@me"]:
                return user(BOT, "desk", bot=True)
            case "GET", ["oauth2", "applications", "@me"] | ["applications", "@me"]:
                return {
                    "id": APPLICATION,
                    "name": "desk",
                    "icon": None,
                    "description": "",
                    "summary": "",
                    "bot_public": False,
                    "bot_require_code_grant": False,
                    "verify_key": "00",
                    "flags": 0,
                    "owner": user(MEMBER, "ada"),
                    "team": None,
                }
            case "GET", ["gateway", "bot"]:
                limit = {"total": 1000, "remaining": 999, "reset_after": 1, "max_concurrency": 1}
                return {"url": self.gateway_url, "shards": self.shards, "session_start_limit": limit}
            case "GET", ["applications", _, "commands"]:
                return self._commands
            case "PUT", ["applications", _, "commands"]:
                self._commands = [
                    {
                        "id": self.next_id(),
                        "application_id": APPLICATION,
                        "version": "1",
                        "description": "",
                        **command,
                    }
                    for command in body
                ]
                return self._commands
            case "POST", ["users", "@me", "channels"]:
                return {"id": DIRECT, "type": 1, "recipients": [user(MEMBER, "ada")]}
            case "GET", ["guilds", _, "members", identity]:
                joined = "2026-01-01T00:00:00+00:00"
                member = {"roles": [], "joined_at": joined, "deaf": False, "mute": False, "flags": 0}
                return member | {"user": user(identity, "ada")} if identity == MEMBER else None
            case "POST", ["interactions", identity, token, "callback"]:
                return await self._callback(identity, token, body)
            case "GET", ["webhooks", _, token, "messages", "@original"]:
                shown = self.responses.get(token, {}).get("content") or ""
                post = message(self.next_id(), CHANNEL, user(BOT, "desk", bot=True), shown)
                return post | {"flags": 0 if shown else 128}
            case "PATCH", ["webhooks", _, token, "messages", "@original"]:
                self.responses[token] = {**self.responses.get(token, {}), **body}
                return message(
                    self.next_id(), CHANNEL, user(BOT, "desk", bot=True), body.get("content") or ""
                )
            case "POST", ["channels", _, "typing"]:
                return {}
            case "PATCH", ["channels", channel, "messages", identity]:
                return await self._edit(channel, identity, body)
            case "POST", ["channels", channel, "messages"]:
                return await self._post(channel, body)
            case "GET", ["channels", channel, "messages"]:
                after, before = int(query.get("after", 0)), int(query.get("before", 1 << 63))
                said = [each for each in self._said if each["channel_id"] == channel]
                return [each for each in reversed(said) if after < int(each["id"]) < before]
        return None

    async def _post(self, channel: str, body: dict[str, Any]) -> dict[str, Any]:
        known = self._nonces.get((channel, body["nonce"]))
        if known is not None and body["enforce_nonce"]:
            return known
        post = message(self.next_id(), channel, user(BOT, "desk", bot=True), body.get("content", ""))
        if "message_reference" in body:
            post["message_reference"] = body["message_reference"]
        self._nonces[channel, body["nonce"]] = post
        self.posts.append(post)
        self._said.append(post)
        await self._notify()
        return post

    async def _callback(self, identity: str, token: str, body: dict[str, Any]) -> dict[str, Any]:
        self.callbacks.append(body)
        self.responses[token] = dict(body.get("data") or {})
        await self._notify()
        return {"interaction": {"id": identity, "type": 2}}

    async def _edit(self, channel: str, identity: str, body: dict[str, Any]) -> dict[str, Any] | None:
        for post in self.posts:
            if post["id"] == identity and post["channel_id"] == channel:
                post["content"] = body.get("content") or ""
                await self._notify()
                return post
        return None

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()


def _json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Give JSON under the bare media type that discord.py looks for."""
    everything = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=everything)
