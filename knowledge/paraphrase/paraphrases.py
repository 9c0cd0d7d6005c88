"""Paraphrases: a kept answer to a question that asks the same in other words, if today's evidence is still its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from knowledge.answering.cache_checks import lags
from knowledge.cache_entry import cache_key
from knowledge.fingerprint import prints
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from config.persona import Persona
    from knowledge.answer_cache import AnswerCache
    from knowledge.answering.doubts import Doubts
    from knowledge.cache_entry import CachedAnswer
    from knowledge.models import Answer, Evidence, Question
    from knowledge.paraphrase.guard import Guard
    from knowledge.paraphrase.nearest import NearestQuestions


class Embed(Protocol):
    """What embeds questions: `Embedding.embed_questions`."""

    async def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give unit vectors, shape (texts, dimensions)."""
        ...


_LOOKED_AT: Final = 3
_LEAST_COSINE: Final = 0.7
_LONGEST: Final = 600
"""Characters of a question: longer ones are stories, and no two people tell the same."""


@dataclass(frozen=True, slots=True)
class Paraphrase:
    """A kept answer that may be served for another question; `key` is its entry's."""

    key: str
    held: CachedAnswer
    cosine: float


class Paraphrases:
    """Finds the kept answer of a question that asks the same, and remembers what is kept.

    Served is only what the guard takes for the same question, where retrieval today for the new question passes the
    gate, has the passage on top that the kept answer had on top, and finds every passage that it cites, all unchanged.
    Questions are compared only with those of the same audience, sources, language, persona, pipeline and guard.
    """

    def __init__(
        self, cache: AnswerCache, nearest: NearestQuestions, guard: Guard, embed: Embed, doubts: Doubts
    ) -> None:
        """`embed` gives the unit vectors of texts by the model that the guard was trained with."""
        self._cache = cache
        self._nearest = nearest
        self._guard = guard
        self._embed = embed
        self._doubts = doubts

    async def find(
        self, question: Question, persona: Persona, digest: str, evidence: Evidence
    ) -> Paraphrase | None:
        """Give what may be served for `question`, of which `evidence` is today's; `digest` is that of the key."""
        if (
            evidence.verdict is not Verdict.ANSWERED
            or evidence.missing
            or lags(evidence)
            or _is_long(question)
        ):
            return None
        partition = self._partition(question, persona, digest)
        vector = (await self._embed([question.text]))[0]
        for key, cosine in await self._nearest.nearest(partition, vector, _LOOKED_AT, _LEAST_COSINE):
            held = await self._cache.peek(key)
            if held is None:
                self._nearest.forget(partition, key)
            elif await self._may_serve(held, question, evidence, cosine):
                return Paraphrase(key, held, cosine)
        return None

    async def remember(
        self, question: Question, persona: Persona, digest: str, key: str, answer: Answer
    ) -> None:
        """Let others find the answer that was kept under `key`; only sure ones are served to others."""
        if answer.verdict is Verdict.ANSWERED and not _is_long(question):
            vector = (await self._embed([question.text]))[0]
            await self._nearest.add(self._partition(question, persona, digest), key, vector)

    def _partition(self, question: Question, persona: Persona, digest: str) -> str:
        """Give a digest of all that stands in the cache key but the words, and of the guard."""
        return cache_key(replace(question, text=""), persona, f"{digest}{self._guard.digest}")

    async def _may_serve(
        self, held: CachedAnswer, question: Question, evidence: Evidence, cosine: float
    ) -> bool:
        same = held.answer.verdict is Verdict.ANSWERED and _stands_on(held, evidence)
        return (
            same
            and self._guard.compare(held.asked, question.text, cosine).same
            and await self._doubts.still_hold(held.answer)
        )


def spoken_for(found: Paraphrase, question: Question, evidence: Evidence) -> Answer:
    """Give the kept answer as one to `question`.

    Of the other question nothing is left but the id of the answer to it (`first_answer`), by which an admin can ask.
    """
    answer = found.held.answer
    kept = {
        name: answer.trace[name] for name in ("quoted", "first_answer", "doubted") if name in answer.trace
    }
    trace = {
        **kept,
        "cache_key": found.key,
        "paraphrase": {"cosine": round(found.cosine, 4)},
        "passages": [
            {
                "id": scored.passage.id,
                "title": scored.passage.title,
                "heading": " > ".join(scored.passage.heading_path),
                "score": round(scored.score, 4),
                "dense": round(scored.dense, 4),
                "keyword": round(scored.keyword, 4),
            }
            for scored in evidence.passages
        ],
    }
    return replace(answer, question=question.text, trace=trace)


def _stands_on(held: CachedAnswer, evidence: Evidence) -> bool:
    """Whether today's evidence has the same passage on top, and every passage that is cited, as they were."""
    today = prints(evidence)
    if not today or not held.prints or today[0] != held.prints[0]:
        return False
    quoted = {str(passage) for part in held.answer.trace.get("quoted") or () for passage in part["passages"]}
    cited = [row for row in held.prints if row[0] in quoted]
    return len(cited) == len(quoted) > 0 and set(cited) <= set(today)


def _is_long(question: Question) -> bool:
    return len(question.text) > _LONGEST
