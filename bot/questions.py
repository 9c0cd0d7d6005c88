"""The questions asked and what people thought of the answers, in SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select

from bot.access import CONSOLE
from bot.counts import Counts
from bot.question_rows import row_of
from bot.tables import questions, ratings
from connectors.base import IncomingMessage
from knowledge.models import Verdict
from knowledge.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Row

    from connectors.base import Address, Event, Person
    from knowledge.database import Database
    from knowledge.models import Answer

RECENT = 50
"""How far back the last answer of a place is looked for."""
COUNTED = 5_000
"""How many questions are counted to find the frequent ones."""

_RECORD = Prepared(
    insert(questions).values(
        {column.name: bindparam(column.name) for column in questions.c if column.name != "id"}
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked, and how its answer came about.

    `audience` are the labels that the answer was made for. `private`: nobody but `person` read it.
    """

    asked_at: datetime
    text: str
    verdict: str
    confidence: float
    answer_id: str
    cache: str
    persona: str
    trace: Mapping[str, Any]
    person: str = ""
    private: bool = False
    audience: frozenset[str] | None = None
    platform: str = ""
    channel: str = ""

    def may_be_told(self, person_id: str, audience: frozenset[str] | None) -> bool:
        """Whether that person, who holds these labels, may know of it; an operator's tools name nobody.

        What was asked in private is its asker's, also where somebody else holds every label.
        """
        if self.private and person_id not in {"", self.person} and not person_id.startswith(f"{CONSOLE}:"):
            return False
        return audience is None or (self.audience is not None and audience >= self.audience)


class Questions:
    """Records questions and ratings."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], counts: Counts | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._counts = counts or Counts()

    async def record(
        self,
        address: Address,
        sender: Person,
        answer: Answer,
        audience: frozenset[str] | None,
        *,
        private: bool = False,
    ) -> None:
        """Keep the question with all that `why` tells; `audience` is the one that the answer was made for."""
        row = row_of(self._clock(), address, sender, answer, audience, private=private)
        await self._database.commit(_RECORD.sql, _RECORD.parameters(**row))

    def note(
        self,
        event: Event,
        answer: Answer,
        audience: frozenset[str] | None,
        failed: Callable[[BaseException], object],
    ) -> None:
        """Keep the question as `record` does, with what is committed next: nobody waits for it (`Database.soon`)."""
        private = is_private(event)
        row = row_of(self._clock(), event.address, event.sender, answer, audience, private=private)
        self._database.soon(_RECORD.sql, _RECORD.parameters(**row), failed)

    async def last(
        self, address: Address, audience: frozenset[str] | None, person: Person | None = None
    ) -> Asked | None:
        """Give the last question here, small talk aside, of whose answer the person may know.

        In a thread it is the thread's; in a channel that of the channel or of any of its threads.
        """
        asked = questions.c.verdict != Verdict.SMALLTALK.value
        return await self._first(and_(asked, *_here(address)), audience, person)

    async def last_of_all(
        self, address: Address, audience: frozenset[str] | None, person: Person | None = None
    ) -> Asked | None:
        """Give what `last` gives, and where only small talk was made, that."""
        found = await self.last(address, audience, person)
        return found or await self._first(and_(*_here(address)), audience, person)

    async def find(
        self, answer_id: str, audience: frozenset[str] | None, person: Person | None = None
    ) -> Asked | None:
        """Give the question with this answer, if the person may know of it."""
        return await self._first(questions.c.answer_id == answer_id, audience, person)

    async def rated(self, answer_id: str) -> Asked | None:
        """Give the question with this answer for the bot's own use: nothing of it is shown to whoever rated it."""
        where = questions.c.answer_id == answer_id
        rows = await self._rows(select(questions).where(where).order_by(questions.c.id.desc()).limit(1))
        return _asked(rows[0]) if rows else None

    async def of_place(
        self, address: Address, audience: frozenset[str] | None, person: Person, limit: int
    ) -> list[Asked]:
        """Give what was asked last in this very thread or conversation and the person may know of, oldest first."""
        here = and_(
            questions.c.platform == address.platform,
            questions.c.channel == address.channel,
            questions.c.thread == (address.thread or ""),
            questions.c.text != "",
        )
        rows = await self._rows(select(questions).where(here).order_by(questions.c.id.desc()).limit(limit))
        return [each for each in map(_asked, reversed(rows)) if each.may_be_told(person.id, audience)]

    async def of_person(self, person_id: str, limit: int) -> list[Asked]:
        """Give what a person asked last, the newest first, each text once."""
        mine = and_(
            questions.c.person == person_id,
            questions.c.text != "",
            questions.c.verdict != Verdict.SMALLTALK.value,
        )
        rows = await self._rows(
            select(questions).where(mine).order_by(questions.c.id.desc()).limit(limit * 5)
        )
        once = {row.text.casefold(): row for row in reversed(rows)}
        newest = sorted(once.values(), key=lambda row: int(row.id), reverse=True)
        return [_asked(row) for row in newest[:limit]]

    async def frequent(
        self, platform: str, workspace: str | None, since: datetime, *, least: int
    ) -> list[str]:
        """Give what at least `least` people asked where all may read, and got answered, the most frequent first.

        It stays within the workspace: what one company asks is not shown to another.
        """
        asked = and_(
            questions.c.platform == platform,
            questions.c.workspace == (workspace or ""),
            questions.c.public == 1,
            questions.c.verdict == Verdict.ANSWERED.value,
            questions.c.asked_at >= since.timestamp(),
            questions.c.text != "",
        )
        columns = (questions.c.text, questions.c.person)
        rows = await self._rows(select(*columns).where(asked).order_by(questions.c.id.desc()).limit(COUNTED))
        people: dict[str, set[str]] = {}
        wording: dict[str, str] = {}
        for row in rows:
            same = " ".join(row.text.casefold().split()).rstrip("?!. ")
            people.setdefault(same, set()).add(row.person)
            wording.setdefault(same, " ".join(row.text.split()))
        often = sorted(
            (key for key in people if len(people[key]) >= least), key=lambda key: -len(people[key])
        )
        return [wording[key] for key in often]

    async def counts(self, since: datetime) -> tuple[int, int]:
        """Give how many questions were asked since, small talk aside, and how many of them had no answer."""
        by_verdict = await self.verdicts(since)
        return sum(by_verdict.values()), by_verdict.get(Verdict.UNANSWERED.value, 0)

    async def verdicts(self, since: datetime) -> dict[str, int]:
        """Give how many questions were asked since, small talk aside, by verdict."""
        return await self._counted(questions.c.verdict, since)

    async def cached(self, since: datetime) -> dict[str, int]:
        """Give how many questions were asked since, small talk aside, by what the answer cache did for them."""
        return await self._counted(questions.c.cache, since)

    async def _counted(self, column: Column[str], since: datetime) -> dict[str, int]:
        asked = and_(
            questions.c.asked_at >= since.timestamp(), questions.c.verdict != Verdict.SMALLTALK.value
        )
        query = select(column.label("name"), func.count().label("number")).where(asked).group_by(column)
        return {str(row.name): int(row.number) for row in await self._rows(query)}

    async def rate(
        self, answer_id: str, sender: Person, *, helpful: bool, reason: str = "", comment: str = ""
    ) -> bool:
        """Keep a person's rating, in place of an earlier one; False when there is no such answer."""
        mine = and_(ratings.c.answer_id == answer_id, ratings.c.person == sender.id)
        row = {
            "answer_id": answer_id,
            "person": sender.id,
            "helpful": int(helpful),
            "rated_at": self._clock().timestamp(),
            "reason": reason,
            "comment": comment,
        }
        known = select(questions.c.id).where(questions.c.answer_id == answer_id).limit(1)
        async with self._database.write() as connection:
            if (await connection.scalar(known)) is None:
                return False
            await connection.execute(delete(ratings).where(mine))
            await connection.execute(insert(ratings).values(row))
        self._counts.rated(reason, helpful=helpful)
        return True

    async def _first(
        self, where: ColumnElement[bool], audience: frozenset[str] | None, person: Person | None
    ) -> Asked | None:
        person_id = person.id if person is not None else ""
        if audience is not None or (person is not None and not person_id.startswith(f"{CONSOLE}:")):
            where = and_(where, or_(questions.c.private == 0, questions.c.person == person_id))
        rows = await self._rows(select(questions).where(where).order_by(questions.c.id.desc()).limit(RECENT))
        asked = (_asked(row) for row in rows)
        return next((each for each in asked if each.may_be_told(person_id, audience)), None)

    async def _rows(self, query: Any) -> Sequence[Row[Any]]:
        async with self._database.read() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
            return rows


def is_private(event: Event) -> bool:
    """Whether nobody but the sender reads the reply to this event."""
    return event.direct if isinstance(event, IncomingMessage) else True


def _here(address: Address) -> list[ColumnElement[bool]]:
    here = [questions.c.platform == address.platform, questions.c.channel == address.channel]
    if address.thread:
        here.append(questions.c.thread == address.thread)
    if address.workspace:
        here.append(questions.c.workspace.in_(("", address.workspace)))
    return here


def _asked(row: Row[Any]) -> Asked:
    labels = json.loads(row.audience)
    return Asked(
        asked_at=datetime.fromtimestamp(row.asked_at, UTC),
        text=row.text,
        verdict=row.verdict,
        confidence=row.confidence,
        answer_id=row.answer_id,
        cache=row.cache,
        persona=row.persona,
        trace=json.loads(row.trace),
        person=row.person,
        private=bool(row.private),
        audience=None if labels is None else frozenset(labels),
        platform=row.platform,
        channel=row.channel,
    )
