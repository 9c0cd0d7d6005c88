"""Objections: evidence that two people called wrong is doubted until one of its articles is revised."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.tables import objections
from knowledge.models import ArticleRef
from knowledge.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from bot.questions import Asked
    from knowledge.answering.doubts import StandsOn
    from knowledge.database import Database
    from knowledge.library import ArticleLibrary

OBJECTING: Final = frozenset({"wrong", "outdated"})
"""The reasons that say that an answer is not true."""
ENOUGH: Final = 2
"""People."""
_DOUBTED = Prepared(
    select(objections.c.articles)
    .where(objections.c.standing == 1, objections.c.articles != "[]")
    .group_by(objections.c.evidence, objections.c.articles)
    .having(func.count() >= ENOUGH)
)


@dataclass(frozen=True, slots=True)
class Objected:
    """What came of an objection: `is_new` for this person and answer; `doubted` now, and was not before."""

    is_new: bool
    doubted: bool
    articles: tuple[StandsOn, ...]


class Objections:
    """Keeps who called what wrong. One answer is all answers that cite the same words of the same revisions.

    What is doubted is kept in memory, so that asking costs nothing while none of the articles is; `refresh` reads
    what other processes were told.
    """

    def __init__(self, database: Database, library: ArticleLibrary, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._library = library
        self._clock = clock
        self._groups: Mapping[StandsOn, Sequence[tuple[StandsOn, ...]]] = {}

    async def is_doubted(self, stands_on: Iterable[StandsOn]) -> bool:
        """Whether one of these is doubted: all of what it was called wrong with still stands in its revision."""
        groups = [group for one in stands_on for group in self._groups.get(one, ())]
        if not groups:
            return False
        current = await self._library.current({ref for group in groups for ref, _ in group})
        return any(
            all(ref in current and current[ref][0] == revision for ref, revision in group) for group in groups
        )

    async def doubted(self) -> list[tuple[StandsOn, ...]]:
        """Give what is doubted today, each as the articles that were cited together."""
        groups = {group for some in self._groups.values() for group in some}
        return sorted([group for group in groups if await self.is_doubted(group)])

    async def object_to(self, asked: Asked, person_id: str) -> Objected:
        """Keep that the person calls the answer wrong."""
        evidence, articles = evidence_of(asked)
        before = await self.is_doubted(articles)
        is_new = await self._keep(evidence, articles, person_id)
        await self.refresh()
        return Objected(is_new, not before and await self.is_doubted(articles), articles)

    async def take_back(self, asked: Asked, person_id: str) -> None:
        """Keep that the person does not call it wrong any more; nothing happens where they never did."""
        evidence, _ = evidence_of(asked)
        mine = and_(objections.c.evidence == evidence, objections.c.person == person_id)
        async with self._database.write() as connection:
            changed = await connection.execute(update(objections).where(mine).values(standing=0))
        if changed.rowcount:
            await self.refresh()

    async def refresh(self) -> bool:
        """Read what is doubted; False when that is what was known."""
        rows = await self._database.fetch(_DOUBTED.sql, _DOUBTED.parameters())
        groups: dict[StandsOn, list[tuple[StandsOn, ...]]] = {}
        for (articles,) in rows:
            group = tuple(
                (ArticleRef(source, article), revision) for source, article, revision in json.loads(articles)
            )
            for one in group:
                groups.setdefault(one, []).append(group)
        changed = groups != self._groups
        self._groups = groups
        return changed

    async def forget_person(self, person_id: str) -> int:
        """Forget who it was; that somebody objected is still counted."""
        mine = objections.c.person == person_id
        async with self._database.write() as connection:
            rows = (await connection.execute(select(objections.c.id).where(mine))).all()
            for row in rows:
                nobody = {"person": f"forgotten/{row.id}"}
                await connection.execute(update(objections).where(objections.c.id == row.id).values(nobody))
        return len(rows)

    async def _keep(self, evidence: str, articles: Sequence[StandsOn], person_id: str) -> bool:
        row: dict[str, Any] = {
            "evidence": evidence,
            "articles": json.dumps([[*ref, revision] for ref, revision in articles]),
            "person": person_id,
            "standing": 1,
            "made_at": self._clock().timestamp(),
        }
        mine = and_(objections.c.evidence == evidence, objections.c.person == person_id)
        try:
            async with self._database.write() as connection:
                again = update(objections).where(mine).values(standing=1)
                if (await connection.execute(again)).rowcount:
                    return False
                await connection.execute(insert(objections).values(row))
        except IntegrityError:  # the same click in another process
            return False
        return True


def evidence_of(asked: Asked) -> tuple[str, tuple[StandsOn, ...]]:
    """Give the digest of what the answer cites, and its articles with their revisions.

    An answer that cites nothing is itself alone.
    """
    cited: list[Mapping[str, Any]] = list(asked.trace.get("cited") or ())
    words = sorted([str(one[name]) for name in ("source", "article", "revision", "quote")] for one in cited)
    text = json.dumps(words or asked.answer_id)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    articles = {(ArticleRef(str(one["source"]), str(one["article"])), str(one["revision"])) for one in cited}
    return digest, tuple(sorted(articles))
