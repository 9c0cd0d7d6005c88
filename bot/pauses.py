"""Sources that an admin has paused: the schedule and what all sources are synced by leave them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from bot.tables import paused_sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from knowledge.database import Database
    from knowledge.library import Within


class Pauses:
    """Keeps in SQL which sources are paused, so that every process and the next start know it."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def names(self) -> frozenset[str]:
        """Give the sources that are paused now."""
        return frozenset(
            row[0] for row in await self._database.fetch("SELECT source FROM paused_sources", ())
        )

    async def pause(self, source: str, by: str, within: Within) -> bool:
        """Pause a source; False when it is paused already, and then `within` is not written."""
        known = select(paused_sources.c.source).where(paused_sources.c.source == source)
        row = {"source": source, "person": by[:255], "paused_at": self._clock().timestamp()}
        async with self._database.write() as connection:
            if (await connection.scalar(known)) is not None:
                return False
            await connection.execute(insert(paused_sources).values(row))
            await within(connection)
            return True

    async def resume(self, source: str, within: Within) -> bool:
        """Let it be synced again; False when it was not paused."""
        async with self._database.write() as connection:
            gone = await connection.execute(delete(paused_sources).where(paused_sources.c.source == source))
            if gone.rowcount == 0:
                return False
            await within(connection)
            return True
