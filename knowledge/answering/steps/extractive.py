"""The answering step without a language model: quotes the articles, and grounds what it quotes."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from haystack import component

from knowledge.answering.addressed import harmless
from knowledge.answering.compose import Composed, compose
from knowledge.answering.conflict import find_conflicts
from knowledge.answering.extract import Part, parts_of, sections_for, texts_to_embed
from knowledge.answering.phrases import phrases
from knowledge.answering.scoring import Asked, asked, stem_sets
from knowledge.answering.sections import Section
from knowledge.answering.stated import texts_of
from knowledge.answering.steps.payload import Given, Made
from knowledge.embedding.engine import Embedding
from knowledge.index import ArticleIndex
from knowledge.models import ArticleRef, Evidence, Passage

_ENOUGH = 300
"""Characters of a unit that are embedded: what comes after does not change what it is about."""


@component
class ExtractiveAnswerer:
    """Generates and grounds in one step, so that no word leaves before it was checked."""

    def __init__(self, index: ArticleIndex, embedding: Embedding, max_characters: int) -> None:
        self._index = index
        self._embedding = embedding
        self._max_characters = max_characters

    @component.output_types(made=Made)
    def run(self, given: Given) -> dict[str, Made]:
        """Refuse: the index and the model are reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(made=Made)
    async def run_async(self, given: Given) -> dict[str, Made]:
        """Give what was `made`: the text with its citations, and how it came about."""
        question, sections = await asyncio.to_thread(self._sections, given.evidence)
        dense = await self._nearness(question, texts_to_embed(question, sections))
        return {"made": await asyncio.to_thread(self._made, given, question, sections, dense)}

    def _sections(self, evidence: Evidence) -> tuple[Asked, list[Section]]:
        text = evidence.question.text
        question = asked(text, stem_sets([_text(scored.passage) for scored in evidence.passages], text))
        return question, sections_for(question, evidence, self._articles(evidence))

    def _made(
        self, given: Given, question: Asked, sections: Sequence[Section], dense: dict[str, float]
    ) -> Made:
        parts = parts_of(question, sections, dense, self._max_characters)
        conflicts = find_conflicts(_stated(parts), given.evidence.passages)
        composed = compose(parts, conflicts, phrases(given.persona.language), given.persona.style)
        return Made(composed, _trace(parts, dense, composed))

    def _articles(self, evidence: Evidence) -> dict[ArticleRef, list[Passage]]:
        """Read the passages of the best articles, in the revision and for the audience that was retrieved."""
        refs = list(dict.fromkeys(scored.passage.article for scored in evidence.passages))[:4]
        known = {s.passage.article: (s.passage.revision, s.passage.audience) for s in evidence.passages}
        return {
            ref: [
                harmless(p)[0] for p in self._index.passages_of(ref) if (p.revision, p.audience) == known[ref]
            ]
            for ref in refs
        }

    async def _nearness(self, question: Asked, texts: Sequence[str]) -> dict[str, float]:
        if not texts:
            return {}
        vectors = await self._embedding.embed_questions(
            [question.text[:_ENOUGH], *(text[:_ENOUGH] for text in texts)]
        )
        cosines = vectors[1:] @ vectors[0]
        return {text: float(cosine) for text, cosine in zip(texts, cosines, strict=True)}


def _stated(parts: Sequence[Part]) -> Iterator[tuple[str, Passage]]:
    """Give what is quoted, a statement at a time, with a passage of its article."""
    for part in parts:
        for placed in part.units:
            yield from ((text, part.section.hit) for text in texts_of(placed.unit))


def _text(passage: Passage) -> str:
    return f"{passage.title}\n{' '.join(passage.heading_path)}\n{passage.text}"


def _trace(parts: Sequence[Part], dense: dict[str, float], composed: Composed) -> dict[str, Any]:
    return {
        "quoted": [
            {
                "article": str(part.article),
                "passages": [passage.id for passage in part.section.passages],
                "units": [
                    {"kind": placed.unit.kind, "dense": round(dense.get(placed.unit.text, 0.0), 3)}
                    for placed in part.units
                ],
            }
            for part in parts
        ],
        "dropped": [{"text": fault.text[:200], "reason": fault.reason} for fault in composed.dropped],
    } | ({"left_out": [text[:200] for text in composed.left_out]} if composed.left_out else {})
