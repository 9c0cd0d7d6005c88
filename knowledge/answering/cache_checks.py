"""Whether what is kept of a question is still true: the rules of law 2, fresh or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from knowledge.cache_entry import CachedAnswer, as_asked
from knowledge.fingerprint import fingerprint, prints
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from knowledge.answering.doubts import Doubts
    from knowledge.cache_entry import Holder
    from knowledge.index import ArticleIndex
    from knowledge.library import ArticleLibrary
    from knowledge.models import Answer, Evidence, Question


class CacheChecks:
    """Knows the articles as they are now, and what is doubted.

    `ordered`: the order of the evidence counts (`fingerprint`). `desk_digest` is EvidencePipeline's.
    """

    def __init__(
        self,
        index: ArticleIndex,
        library: ArticleLibrary,
        doubts: Doubts,
        desk_digest: Callable[[], str],
        *,
        ordered: bool,
    ) -> None:
        self._desk_digest = desk_digest
        self._index = index
        self._library = library
        self._doubts = doubts
        self._ordered = ordered

    async def is_current(self, held: CachedAnswer, question: Question) -> bool:
        """Whether it may be served without retrieval.

        It was asked in these very words, and the corpus stands where it stood, the library, which moves first, and the
        doubts, too.
        """
        if held.asked != as_asked(question.text) or held.version != self._index.version():
            return False
        return await self._doubts.still_hold(held.answer) and await self._stand(held.articles)

    async def is_today(self, evidence: Evidence) -> bool:
        """Whether retrieval would find this very evidence now."""
        if evidence.version != self._index.version() or lags(evidence):
            return False
        return await self._stand(articles_of(evidence))

    async def _stand(self, articles: Iterable[Holder]) -> bool:
        held = {ref: (revision, audience) for ref, revision, audience in articles}
        return not held or await self._library.current(list(held)) == held

    async def still_true(self, held: CachedAnswer, evidence: Evidence) -> bool:
        """Whether today's evidence would give the same answer. Negative ones end with any change of the articles."""
        if held.is_negative and held.version != evidence.version:
            return False
        return held.fingerprint == self.fingerprint(evidence) and await self._doubts.still_hold(held.answer)

    def fingerprint(self, evidence: Evidence) -> str:
        """Give the fingerprint of evidence as this bot's answerer sees it."""
        return fingerprint(evidence, ordered=self._ordered)

    def may_stamp(self, evidence: Evidence, desk_digest: str) -> bool:
        """Whether what this evidence says of its version is sure, so that it may stand in the cache.

        Versions of two generations cannot be compared: what was found in a replaced one is not. Nor is what was found
        while the index lagged behind the library: it lacks what was dropped. Nor is what the gate judged with
        another measure of the desk than stands in the key, which is of `desk_digest`.
        """
        same_generation = evidence.version.generation == self._index.version().generation
        return same_generation and not lags(evidence) and self._desk_digest() == desk_digest

    def entry(self, answer: Answer, evidence: Evidence, question: Question) -> CachedAnswer | None:
        """Give what is to be kept of an answer.

        None for an error, and for what a language model would have said otherwise but for its budget or a failure.
        """
        if answer.verdict is Verdict.ERROR or answer.trace.get("passing"):
            return None
        return CachedAnswer(
            answer=answer,
            fingerprint=self.fingerprint(evidence),
            version=evidence.version,
            articles=articles_of(evidence),
            asked=as_asked(question.text),
            prints=prints(evidence),
        )


def lags(evidence: Evidence) -> bool:
    """Whether passages were dropped because the library holds their articles otherwise."""
    return evidence.features.get("stale", 0.0) > 0


def articles_of(evidence: Evidence) -> tuple[Holder, ...]:
    """Give the articles of the evidence as they were found."""
    passages = (scored.passage for scored in evidence.passages)
    return tuple(dict.fromkeys((p.article, p.revision, p.audience) for p in passages))
