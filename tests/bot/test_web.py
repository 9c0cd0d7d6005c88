"""The web server: alive, ready or not, and why not. Over real sockets."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import httpx
import pytest

from bot import health_checks
from bot.errors import WebServerError
from bot.health import Health, Part
from bot.web.application import build_application
from bot.web.server import WebServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from knowledge.database import Database


@asynccontextmanager
async def served(health: Health) -> AsyncIterator[httpx.AsyncClient]:
    """A server on a free port, and a client of it."""
    server = WebServer(build_application(health), "127.0.0.1", 0)
    server.bind()
    running = asyncio.create_task(server.run())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        yield client
    running.cancel()
    await asyncio.wait([running])


async def no_redis() -> None:
    """Give no client."""


async def test_a_whole_bot_is_ready(database: Database) -> None:
    """Everything works: 200, nothing is missing."""
    async with served(Health({"database": Part(partial(health_checks.database, database))})) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "missing": [], "warnings": []}


async def test_a_bot_without_its_database_is_alive_and_not_ready(database: Database) -> None:
    """A required part is gone: 503 with its name and the reason; `/healthz` stays 200."""
    async with served(Health({"database": Part(partial(health_checks.database, database))})) as client:
        await database.close()
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
    assert ready.status_code == 503
    (missing,) = ready.json()["missing"]
    assert missing["part"] == "database"
    assert missing["reason"]


async def test_a_bot_without_redis_is_ready_with_a_warning() -> None:
    """The bot still answers, only not from the cache."""
    health = Health({"redis": Part(partial(health_checks.redis, no_redis), required=False)})
    async with served(health) as client:
        ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert [warning["part"] for warning in ready.json()["warnings"]] == ["redis"]


async def test_a_platform_that_ended_is_missing() -> None:
    """A connector whose task is over is named."""
    over = asyncio.create_task(no_redis())
    await over
    health = Health({"connectors": Part(partial(health_checks.connectors, {"slack": over}))})
    (problem,) = await health.problems()
    assert "slack" in problem.reason


def test_a_port_that_is_taken_is_one_plain_error() -> None:
    """The message names host, port and reason."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = WebServer(build_application(Health({})), "127.0.0.1", port)
        with pytest.raises(WebServerError, match=f"127.0.0.1:{port}"):
            server.bind()
