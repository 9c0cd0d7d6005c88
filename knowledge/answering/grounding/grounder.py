"""Whether the passages that a sentence cites say what it says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from knowledge.answering.blocks import clean
from knowledge.answering.grounding.facts import bare, missing_fact
from knowledge.answering.grounding.hidden import visible
from knowledge.answering.grounding.meaning import opposed
from knowledge.answering.grounding.support import (
    STRETCH,
    load_support,
    nearness,
    stretches,
    word_features,
)
from knowledge.answering.words import content_stems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy import float32
    from numpy.typing import NDArray

    from knowledge.answering.grounding.support import SupportModel
    from knowledge.embedding.engine import Embedding
    from knowledge.models import Passage

_WORD_FOR_WORD = 0.85
"""Share of the sentence's words in one sentence of the passage that needs no look at meanings."""
_MOST_VECTORS = 3_000
"""Of 384 numbers: under 5 MB."""


def source_text(passages: Sequence[Passage]) -> str:
    """Give what the passages say: as a reader sees it, and with their address."""
    return "\n".join(
        f"{p.title}\n{'. '.join(p.heading_path)}\n{visible(clean(p.text))}\n{p.url or ''}" for p in passages
    )


class Judge(Protocol):
    """What knows whether a text follows from another: knowledge.embedding.entailment."""

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[float32]:
        """Give the probability that each (premise, hypothesis) holds; called in a thread."""
        ...


class Grounder:
    """Checks the sentences of one answer; `vectors`, of texts seen before, may be shared between answers.

    A `judge`, where there is one, decides in place of the shipped numbers, by its `least` probability.
    """

    def __init__(
        self,
        embedding: Embedding,
        question: str,
        *,
        support: SupportModel | None = None,
        vectors: dict[str, NDArray[float32]] | None = None,
        judge: Judge | None = None,
        least: float = 0.5,
    ) -> None:
        self._embedding = embedding
        self._question = question
        self._support = support or load_support()
        self._vectors = {} if vectors is None else vectors
        self._judge = judge
        self._least = least

    async def fault(
        self, sentence: str, passages: Sequence[Passage], *, context: str = "", foreign: bool = False
    ) -> str | None:
        """Say why the passages do not support the sentence; None when they do.

        First the facts (numbers, addresses, commands, menus, names), then negations, opposites and conditions, then
        nearness. `foreign`: it is in another language than the passages, so that only the facts can be compared.
        """
        source = source_text(passages)
        asked = f"{self._question}\n{context}"
        if found := await asyncio.to_thread(_by_rule, sentence, source, asked, foreign):
            return found
        if foreign:
            return None
        text = bare(sentence)
        if not content_stems(text):
            return "it says nothing that a passage could support"
        return await self._unsupported(text, source)

    async def _unsupported(self, text: str, source: str) -> str | None:
        features = await asyncio.to_thread(word_features, text, source)
        if features["window"] >= _WORD_FOR_WORD:
            return None
        if self._judge is not None:
            return await self._judged(self._judge, text, source)
        support = self._support.probability(features | await self.nearness(text, source))
        if support >= self._support.threshold:
            return None
        return f"not said by the cited passages (support {support:.2f})"

    async def _judged(self, judge: Judge, text: str, source: str) -> str | None:
        """Ask the judge of each stretch of the source: one from which the sentence follows is enough."""
        pairs = [(part, text) for part in stretches(source)]
        found = await asyncio.to_thread(judge.probabilities, pairs)
        best = float(max(found, default=0.0))
        if best >= self._least:
            return None
        return f"it does not follow from the cited passages (entailment {best:.2f})"

    async def nearness(self, text: str, source: str) -> dict[str, float]:
        """Give the cosines of sentence and source; what was embedded for one sentence serves the next."""
        parts = stretches(source)
        texts = [text[:STRETCH], *parts]
        known = {entry: self._vectors[entry] for entry in texts if entry in self._vectors}
        new = [entry for entry in dict.fromkeys(texts) if entry not in known]
        if new:
            known |= dict(zip(new, await self._embedding.embed_questions(new), strict=True))
            if len(self._vectors) > _MOST_VECTORS:
                self._vectors.clear()
            self._vectors |= known
        return nearness(known[texts[0]], [known[part] for part in parts])


def _by_rule(sentence: str, source: str, context: str, foreign: bool) -> str | None:  # noqa: FBT001 - runs in a thread
    found = missing_fact(sentence, source, foreign=foreign)
    return found or (None if foreign else opposed(sentence, source, context))
