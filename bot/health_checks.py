"""How each part is checked: every function gives what is wrong, "" if nothing is, or raises it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from redis.asyncio import Redis

    from knowledge.database import Database
    from knowledge.index import ArticleIndex


async def database(opened: Database) -> str:
    """Ask the database something."""
    async with opened.read() as connection:
        await connection.execute(text("SELECT 1"))
    return ""


async def index(opened: ArticleIndex) -> str:
    """See that the index can be read."""
    await asyncio.to_thread(opened.version)
    return ""


async def redis(client: Callable[[], Awaitable[Redis | None]]) -> str:
    """Ask Redis something; without it answers are not cached."""
    opened = await client()
    if opened is None:
        return "it is not there, so answers are not cached"
    await opened.ping()
    return ""


async def connectors(running: Mapping[str, asyncio.Task[None]]) -> str:
    """See that every platform is still connected to."""
    ended = [name for name, task in running.items() if task.done()]
    return f"not running: {', '.join(ended)}" if ended else ""
