"""Gaps: what people ask and the articles do not answer, grouped by meaning."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import and_, exists, or_, select

from bot.errors import CommandError
from bot.tables import questions, ratings
from knowledge.models import Question, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Row

    from knowledge.database import Database
    from knowledge.models import Evidence

LOOKED_BACK: Final = timedelta(days=90)
MOST_ROWS: Final = 5000
MOST_TEXTS: Final = 600
"""Different questions that are compared; embedding them takes some seconds."""
SHOWN: Final = 20
_QUOTED: Final = 5


class Embedder(Protocol):
    """What is needed of the bot's embedding."""

    async def embed_questions(self, texts: Sequence[str], /) -> NDArray[np.float32]:
        """Give unit vectors, a row each."""
        ...


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions of one meaning. `number` is that of its most central quotable question, which is the `label`.

    `asked` counts all of them, those in private too; `quotes` were asked where everyone may read.
    """

    number: int
    label: str
    asked: int
    people: int
    newest: datetime
    quotes: tuple[str, ...]
    not_helpful: int = 0


@dataclass(frozen=True, slots=True)
class GapReport:
    """The gaps, the most asked first; and how many questions were asked in private alone, of which nothing is told."""

    gaps: tuple[Gap, ...]
    in_private: int


@dataclass(slots=True)
class _Wording:
    """A question in the same words, however often it was asked."""

    text: str
    audience: frozenset[str] | None
    number: int = 0
    quotable: bool = False
    asked: int = 0
    not_helpful: int = 0
    people: set[str] = field(default_factory=set)
    newest: float = 0.0


class Gaps:
    """Finds gaps among the questions of the last 90 days that had no answer, or one that did not help."""

    def __init__(
        self,
        database: Database,
        embedding: Embedder,
        evidence: Callable[[Question], Awaitable[Evidence]],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._embedding = embedding
        self._evidence = evidence
        self._clock = clock

    async def find(self, audience: frozenset[str] | None, limit: int = SHOWN) -> GapReport:
        """Give the gaps that are open today; what the articles answer by now is left out. Raises KnowledgeError.

        Only what was asked where everyone may read is quoted, to whoever holds the labels of the place.
        """
        wordings = await self._wordings(audience)
        if not wordings:
            return GapReport((), 0)
        vectors = await self._embedding.embed_questions([wording.text for wording in wordings])
        import numpy as np  # noqa: PLC0415 - an admin asks for gaps, seldom: not at the start

        from bot.grouping import grouped  # noqa: PLC0415 - the same

        weights = np.array([wording.asked for wording in wordings], np.float64)
        open_gaps: list[Gap] = []
        in_private = 0
        for members in await asyncio.to_thread(grouped, vectors, weights):
            if len(open_gaps) == limit:
                break
            group = [wordings[index] for index in members]  # the most central one first
            if await self._is_answered(group):
                continue
            gap = _gap_of(group)
            if gap is None:
                in_private += sum(wording.asked for wording in group)
            else:
                open_gaps.append(gap)
        return GapReport(tuple(open_gaps), in_private)

    async def question(self, number: int, audience: frozenset[str] | None) -> str:
        """Give the question of a gap, if it may be quoted to `audience`. Raises CommandError."""
        query = select(questions).where(questions.c.id == number, questions.c.public == 1)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or not row.text or not _may_read(row, audience):
            raise CommandError(f"there is no gap {number}; `gaps` shows their numbers")
        return str(row.text)

    async def _wordings(self, audience: frozenset[str] | None) -> list[_Wording]:
        found: dict[str, _Wording] = {}
        for row, bad in await self._rows():
            text = " ".join(row.text.split())
            wording = found.setdefault(text.casefold().rstrip("?!. "), _Wording(text, _labels(row)))
            wording.asked += 1
            wording.not_helpful += bad
            wording.people.add(row.person)
            wording.newest = max(wording.newest, row.asked_at)
            if row.public and _may_read(row, audience) and not wording.quotable:
                wording.quotable, wording.number, wording.text = True, row.id, text
        often = sorted(found.values(), key=lambda wording: (-wording.asked, -wording.newest))
        return often[:MOST_TEXTS]

    async def _rows(self) -> list[tuple[Row[Any], bool]]:
        bad = exists().where(ratings.c.answer_id == questions.c.answer_id, ratings.c.helpful == 0)
        since = (self._clock() - LOOKED_BACK).timestamp()
        asked = and_(
            questions.c.asked_at >= since,
            questions.c.text != "",
            or_(questions.c.verdict == Verdict.UNANSWERED.value, bad),
        )
        query = select(questions, bad.label("bad")).where(asked).order_by(questions.c.id.desc())
        async with self._database.read() as connection:
            rows = (await connection.execute(query.limit(MOST_ROWS))).all()
        return [(row, bool(row.bad)) for row in rows]

    async def _is_answered(self, group: Sequence[_Wording]) -> bool:
        """Whether today's articles answer it for those who asked; what did not help waits for another article."""
        if any(wording.not_helpful for wording in group):
            return False
        central = group[0]
        evidence = await self._evidence(Question(central.text, central.audience))
        return evidence.verdict is Verdict.ANSWERED


def _gap_of(group: Sequence[_Wording]) -> Gap | None:
    """Make a gap of wordings, the most central first; None where none of them may be quoted."""
    quotable = [wording for wording in group if wording.quotable]
    if not quotable:
        return None
    label = quotable[0]
    people = Counter(person for wording in group for person in wording.people)
    return Gap(
        number=label.number,
        label=label.text,
        asked=sum(wording.asked for wording in group),
        people=len(people),
        newest=datetime.fromtimestamp(max(wording.newest for wording in group), UTC),
        quotes=tuple(wording.text for wording in quotable[1 : _QUOTED + 1]),
        not_helpful=sum(wording.not_helpful for wording in group),
    )


def _labels(row: Row[Any]) -> frozenset[str] | None:
    labels = json.loads(row.audience)
    return None if labels is None else frozenset(labels)


def _may_read(row: Row[Any], audience: frozenset[str] | None) -> bool:
    labels = _labels(row)
    return audience is None or (labels is not None and labels <= audience)
