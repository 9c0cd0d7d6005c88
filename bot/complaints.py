"""What follows when somebody calls an answer wrong: its cached copy goes, and two people make its evidence unsure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.commands.words import plain
from bot.objections import OBJECTING

if TYPE_CHECKING:
    from bot.access import Access
    from bot.objections import Objections
    from bot.questions import Asked
    from bot.staff import Staff
    from knowledge.answer_cache import AnswerCache
    from knowledge.answering.doubts import StandsOn
    from knowledge.library import ArticleLibrary

_LONGEST = 200


class Complaints:
    """Acts on ratings."""

    def __init__(
        self,
        *,
        objections: Objections,
        cache: AnswerCache,
        staff: Staff,
        access: Access,
        library: ArticleLibrary,
    ) -> None:
        self._objections = objections
        self._cache = cache
        self._staff = staff
        self._access = access
        self._library = library
        self._log = structlog.get_logger()

    async def rated(self, asked: Asked, person_id: str, *, reason: str) -> None:
        """Act on a person's rating of an answer; any reason but "wrong" and "outdated" takes an objection back.

        The cached answer is taken out once for each person and answer.
        """
        if reason not in OBJECTING:
            await self._objections.take_back(asked, person_id)
            return
        done = await self._objections.object_to(asked, person_id)
        if done.is_new:
            key = str((asked.trace.get("trace") or {}).get("cache_key") or "")
            gone = await self._cache.drop(key) if key else False
            self._log.info("answer_objected_to", answer_id=asked.answer_id, reason=reason, uncached=gone)
        if done.doubted:
            articles = [str(ref) for ref, _ in done.articles]
            self._log.warning("evidence_doubted", answer_id=asked.answer_id, articles=articles)
            await self._staff.tell(await self._words(asked, done.articles))

    async def _words(self, asked: Asked, articles: tuple[StandsOn, ...]) -> str:
        """Tell of it what everybody in the staff channel may read; a question only if it was asked in public."""
        place = self._staff.address
        readers = None if place is None else self._access.channel_audience(place)
        quoted = not asked.private and asked.audience == frozenset({"public"})
        question = f" to “{plain(asked.text, _LONGEST)}”" if quoted else ""
        head = (
            f"Two people called an answer{question} wrong or outdated. What stands on these articles is "
            "marked as unsure until one of them is revised:"
        )
        lines = [head]
        for article in await self._library.load(ref for ref, _ in articles):
            if readers is None or readers & article.audience:
                lines.append(f"- **{plain(article.title, _LONGEST)}** (`{article.ref}`)")
            else:
                lines.append(f"- an article of {article.source} that not everybody here may read")
        return "\n".join(lines)
