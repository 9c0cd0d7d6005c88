"""Whether the passages that a sentence cites say what it says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from knowledge.answering.blocks import clean
from knowledge.answering.grounding.facts import bare, missing_fact
from knowledge.answering.grounding.hidden import visible
from knowledge.answering.grounding.meaning import opposed
from knowledge.answering.grounding.support import load_support, windows, word_features
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
_ENOUGH = 600
_MOST_VECTORS = 3_000
"""Of 384 numbers: under 5 MB."""


def source_text(passages: Sequence[Passage]) -> str:
    """Give what the passages say: as a reader sees it, and with their address."""
    return "\n".join(
        f"{p.title}\n{'. '.join(p.heading_path)}\n{visible(clean(p.text))}\n{p.url or ''}" for p in passages
    )


class Grounder:
    """Checks the sentences of one answer; `vectors`, of texts seen before, may be shared between answers."""

    def __init__(
        self,
        embedding: Embedding,
        question: str,
        *,
        support: SupportModel | None = None,
        vectors: dict[str, NDArray[float32]] | None = None,
    ) -> None:
        self._embedding = embedding
        self._question = question
        self._support = support or load_support()
        self._vectors = {} if vectors is None else vectors

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
        features = await asyncio.to_thread(word_features, text, source)
        if features["window"] >= _WORD_FOR_WORD:
            return None
        features |= await self.nearness(text, source)
        support = self._support.probability(features)
        if support >= self._support.threshold:
            return None
        return f"not said by the cited passages (support {support:.2f})"

    async def nearness(self, text: str, source: str) -> dict[str, float]:
        """Give the cosines of the sentence with the nearest sentence of the source, and with its beginning."""
        texts = [text[:_ENOUGH], source[:_ENOUGH], *windows(source)]
        known = {entry: self._vectors[entry] for entry in texts if entry in self._vectors}
        new = [entry for entry in dict.fromkeys(texts) if entry not in known]
        if new:
            known |= dict(zip(new, await self._embedding.embed_questions(new), strict=True))
            if len(self._vectors) > _MOST_VECTORS:
                self._vectors.clear()
            self._vectors |= known
        claim, whole, *near = (known[entry] for entry in texts)
        return {
            "nearest": max((float(vector @ claim) for vector in near), default=0.0),
            "whole": float(whole @ claim),
        }


def _by_rule(sentence: str, source: str, context: str, foreign: bool) -> str | None:  # noqa: FBT001 - runs in a thread
    found = missing_fact(sentence, source, foreign=foreign)
    return found or (None if foreign else opposed(sentence, source, context))
