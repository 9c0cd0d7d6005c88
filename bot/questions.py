"""The questions asked and what people thought of the answers, in SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select

from bot.tables import questions, ratings
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.base import Address, Person
    from knowledge.database import Database
    from knowledge.models import Answer

RECENT = 50
"""How far back the last answer of a place is looked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, and how its answer came about."""

    asked_at: datetime
    text: str
    verdict: str
    confidence: float
    answer_id: str
    cache: str
    persona: str
    trace: Mapping[str, Any]


class Questions:
    """Records questions and ratings."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def record(
        self, address: Address, sender: Person, answer: Answer, audience: frozenset[str] | None
    ) -> None:
        """Keep the question with all that `why` tells; `audience` is the one that the answer was made for."""
        told = {
            "citations": [citation.title for citation in answer.citations],
            "timings_ms": dict(answer.timings_ms),
            "trace": dict(answer.trace),
        }
        row = {
            "asked_at": self._clock().timestamp(),
            "platform": address.platform,
            "channel": address.channel,
            "thread": address.thread or "",
            "person": sender.id,
            "text": answer.question,
            "audience": json.dumps(None if audience is None else sorted(audience)),
            "persona": answer.persona,
            "verdict": answer.verdict.value,
            "answer_id": answer.id,
            "confidence": answer.confidence,
            "cache": answer.cache.value,
            "trace": json.dumps(told, default=str),
        }
        async with self._database.write() as connection:
            await connection.execute(insert(questions).values(row))

    async def last(self, address: Address, audience: frozenset[str] | None) -> Asked | None:
        """Give the last question here, small talk aside, whose answer `audience` may read."""
        here = and_(
            questions.c.platform == address.platform,
            questions.c.channel == address.channel,
            questions.c.thread == (address.thread or ""),
            questions.c.verdict != Verdict.SMALLTALK.value,
        )
        query = select(questions).where(here).order_by(questions.c.id.desc()).limit(RECENT)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        for row in rows:
            labels = json.loads(row.audience)
            if audience is None or (labels is not None and audience.issuperset(labels)):
                return Asked(
                    asked_at=datetime.fromtimestamp(row.asked_at, UTC),
                    text=row.text,
                    verdict=row.verdict,
                    confidence=row.confidence,
                    answer_id=row.answer_id,
                    cache=row.cache,
                    persona=row.persona,
                    trace=json.loads(row.trace),
                )
        return None

    async def rate(self, answer_id: str, sender: Person, *, helpful: bool) -> bool:
        """Keep a person's rating, in place of an earlier one; False when there is no such answer."""
        mine = and_(ratings.c.answer_id == answer_id, ratings.c.person == sender.id)
        row = {
            "answer_id": answer_id,
            "person": sender.id,
            "helpful": int(helpful),
            "rated_at": self._clock().timestamp(),
        }
        known = select(questions.c.id).where(questions.c.answer_id == answer_id).limit(1)
        async with self._database.write() as connection:
            if (await connection.scalar(known)) is None:
                return False
            await connection.execute(delete(ratings).where(mine))
            await connection.execute(insert(ratings).values(row))
        return True
