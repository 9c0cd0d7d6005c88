"""What the database tells `/metrics`: what waits, and how many articles there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select

from bot.handoff.store import HandoffState
from bot.inbox import OPEN
from bot.outbox import OutboxState
from bot.tables import handoffs, inbox, outbox
from knowledge.article_rows import present
from knowledge.tables import articles

if TYPE_CHECKING:
    from datetime import datetime

    from knowledge.database import Database

_IN_HAND = (HandoffState.WAITING, HandoffState.OPEN)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is to be done still; ages in seconds, 0 where nothing waits. The outbox's is that of what is due."""

    inbox: dict[str, int]
    inbox_age: float
    outbox: int
    outbox_failed: int
    outbox_age: float
    handoffs: dict[str, int]


async def waiting(database: Database, now: datetime) -> Waiting:
    """Count it. Raises StorageError."""
    at = now.timestamp()
    is_open = inbox.c.state.in_(OPEN)
    of_inbox = (
        select(inbox.c.state, func.count().label("number"), func.min(inbox.c.received_at).label("oldest"))
        .where(is_open)
        .group_by(inbox.c.state)
    )
    unsaid = outbox.c.state == OutboxState.WAITING
    due = and_(unsaid, or_(outbox.c.not_before <= at, outbox.c.attempts > 0))
    in_hand = handoffs.c.state.in_(_IN_HAND)
    by_state = (
        select(handoffs.c.state, func.count().label("number")).where(in_hand).group_by(handoffs.c.state)
    )
    async with database.read() as connection:
        received = (await connection.execute(of_inbox)).all()
        passed_on = (await connection.execute(by_state)).all()
        failed = outbox.c.state == OutboxState.FAILED
        counted = [await connection.scalar(_count(outbox, which)) for which in (unsaid, failed)]
        oldest = await connection.scalar(select(func.min(outbox.c.created_at)).where(due))
    return Waiting(
        inbox={state.value: 0 for state in OPEN} | {row.state: row.number for row in received},
        inbox_age=max((at - row.oldest for row in received), default=0.0),
        outbox=int(counted[0] or 0),
        outbox_failed=int(counted[1] or 0),
        outbox_age=0.0 if oldest is None else at - oldest,
        handoffs={state.value: 0 for state in _IN_HAND} | {row.state: row.number for row in passed_on},
    )


async def articles_by_source(database: Database) -> dict[str, int]:
    """Count the articles of each source. Raises StorageError."""
    query = (
        select(articles.c.source, func.count().label("number")).where(present()).group_by(articles.c.source)
    )
    async with database.read() as connection:
        return {row.source: row.number for row in (await connection.execute(query)).all()}


def _count(table: Any, which: Any) -> Any:
    return select(func.count()).select_from(table).where(which)
