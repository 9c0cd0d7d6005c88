"""Checks Redis: that it answers, and that it never throws away what the bot keeps there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import redis.asyncio
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from bot.check_result import CheckResult
from bot.errors import ValkeyError
from bot.valkey import EmbeddedValkey

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 5.0
_POLICY = "noeviction"
_POLICY_REMEDY = (
    "set maxmemory-policy noeviction: under another one the server drops keys that the bot counts on"
)


async def check_redis(url: str, data_dir: Path) -> CheckResult:
    """Check the server at `url`, or the embedded one in `data_dir` when it is empty."""
    if not url:
        try:
            async with EmbeddedValkey(data_dir) as valkey:
                return await _server(valkey.client(decode_responses=True), "embedded Valkey")
        except ValkeyError as error:
            return CheckResult.bad(
                "redis", str(error), "mend that, or set [redis] url to a server of your own"
            )
    try:
        client = redis.asyncio.Redis.from_url(
            url, decode_responses=True, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
        )
    except ValueError:
        return CheckResult.bad(
            "redis", "[redis] url cannot be read", 'write one such as "redis://host:6379/0"'
        )
    async with client:
        return await _server(client, _place(url))


async def _server(client: redis.asyncio.Redis, place: str) -> CheckResult:
    try:
        await client.ping()
        info = await client.info("server")
    except (RedisError, OSError) as error:
        if isinstance(error.__cause__ or error, AuthenticationError):
            detail = f"{place} refuses the user or password"
            return CheckResult.bad(
                "redis", detail, "mend them in [redis] url: redis://user:password@host:6379"
            )
        detail = f"{place} does not answer ({type(error).__name__})"
        return CheckResult.bad(
            "redis", detail, "start it, or mend [redis] url; empty starts the embedded one"
        )
    version = info.get("valkey_version") or info.get("redis_version", "?")
    detail = f"{place}, version {version}"
    try:
        policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy", "")
    except ResponseError:
        return CheckResult.doubtful(
            "redis", f"{detail}; it does not tell its eviction policy", _POLICY_REMEDY
        )
    if policy != _POLICY:
        return CheckResult.bad(
            "redis", f"{detail}; its maxmemory-policy is {policy or 'unknown'}", _POLICY_REMEDY
        )
    return CheckResult.good("redis", detail)


def _place(url: str) -> str:
    """Name the server without user and password."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"
