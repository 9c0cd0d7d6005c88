"""The audit log: who changed what, when, and from where. Entries are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from bot.tables import audit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from knowledge.database import Database
    from knowledge.library import Within


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, such as `slack:T1/U1`, and from where, such as `slack:T1/C1` or `terminal`."""

    person: str
    place: str


@dataclass(frozen=True, slots=True)
class Change:
    """What was done: `action` to `object`, an article's `source/id` or a source's name.

    `before` and `after` are revisions of an article, None where there was or is none.
    """

    action: str
    object: str
    title: str = ""
    before: str | None = None
    after: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change with who made it. `number` grows and is never used again."""

    number: int
    at: datetime
    person: str
    place: str
    action: str
    object: str
    title: str
    before: str | None
    after: str | None
    note: str


class AuditLog:
    """Adds entries and reads them; nothing here changes or removes one."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, by: Actor, change: Change) -> None:
        """Note a change that was made."""
        async with self._database.write() as connection:
            await self._insert(connection, by, change)

    def within(self, by: Actor, change: Change) -> Within:
        """Give what notes the change in the change's own transaction: both are there, or neither."""

        async def note(connection: AsyncConnection) -> None:
            await self._insert(connection, by, change)

        return note

    async def entries(self, object_name: str | None = None, limit: int = 50) -> Sequence[AuditEntry]:
        """Give the newest entries, the newest first; of one object, or of all."""
        query = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if object_name is not None:
            query = query.where(audit.c.object == object_name)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            AuditEntry(
                number=row.id,
                at=datetime.fromtimestamp(row.at, UTC),
                person=row.person,
                place=row.place,
                action=row.action,
                object=row.object,
                title=row.title,
                before=row.before,
                after=row.after,
                note=row.note,
            )
            for row in rows
        ]

    async def _insert(self, connection: AsyncConnection, by: Actor, change: Change) -> None:
        row = {
            "at": self._clock().timestamp(),
            "person": by.person[:255],
            "place": by.place,
            "action": change.action,
            "object": change.object,
            "title": change.title,
            "before": change.before,
            "after": change.after,
            "note": change.note,
        }
        await connection.execute(insert(audit).values(row))
