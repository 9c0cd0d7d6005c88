"""What the database tells `/metrics`: what waits, and how many articles there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, or_, select

from bot.handoff.store import HandoffState
from bot.inbox import OPEN
from bot.outbox import OutboxState
from bot.tables import handoffs, inbox, outbox
from knowledge.article_rows import present
from knowledge.prepared import Prepared
from knowledge.tables import articles

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

    from knowledge.database import Database

_IN_HAND = (HandoffState.WAITING, HandoffState.OPEN)


def _is(column: ColumnElement[str], states: tuple[str, ...]) -> ColumnElement[bool]:
    return or_(*(column == state for state in states))


def _unsaid(state: OutboxState) -> Select[Any]:
    return select(func.count()).select_from(outbox).where(outbox.c.state == state)


# straight on the driver (`Database.fetch`): each reads a few rows of an index, and SQLAlchemy would take 6 ms for them
_INBOX = Prepared(
    select(inbox.c.state, func.count(), func.min(inbox.c.received_at))
    .where(_is(inbox.c.state, OPEN))
    .group_by(inbox.c.state)
)
_HANDOFFS = Prepared(
    select(handoffs.c.state, func.count()).where(_is(handoffs.c.state, _IN_HAND)).group_by(handoffs.c.state)
)
_OUTBOX = Prepared(_unsaid(OutboxState.WAITING))
_FAILED = Prepared(_unsaid(OutboxState.FAILED))
_DUE = Prepared(
    select(func.min(outbox.c.created_at)).where(
        and_(
            outbox.c.state == OutboxState.WAITING,
            or_(outbox.c.not_before <= bindparam("at"), outbox.c.attempts > 0),
        )
    )
)


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
    received, passed_on, ((unsaid,),), ((failed,),), ((oldest,),) = [
        await database.fetch(query.sql, query.parameters(**given))
        for query, given in ((_INBOX, {}), (_HANDOFFS, {}), (_OUTBOX, {}), (_FAILED, {}), (_DUE, {"at": at}))
    ]
    return Waiting(
        inbox={state.value: 0 for state in OPEN} | {state: number for state, number, _ in received},
        inbox_age=max((at - oldest for _, _, oldest in received), default=0.0),
        outbox=unsaid,
        outbox_failed=failed,
        outbox_age=0.0 if oldest is None else at - oldest,
        handoffs={state.value: 0 for state in _IN_HAND} | dict(passed_on),
    )


async def articles_by_source(database: Database) -> dict[str, int]:
    """Count the articles of each source. Raises StorageError."""
    query = (
        select(articles.c.source, func.count().label("number")).where(present()).group_by(articles.c.source)
    )
    async with database.read() as connection:
        return {row.source: row.number for row in (await connection.execute(query)).all()}
