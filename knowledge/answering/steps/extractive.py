"""The answering step without a language model: quotes the articles, and grounds what it quotes."""

import asyncio
from collections.abc import Sequence
from typing import Any

from haystack import component

from config.persona import Persona
from knowledge.answering.compose import Composed, compose
from knowledge.answering.conflict import find_conflict
from knowledge.answering.extract import Part, parts_of, sections_for, texts_to_embed
from knowledge.answering.phrases import phrases
from knowledge.answering.scoring import Asked, asked
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

    @component.output_types(composed=Composed, trace=dict[str, Any])
    def run(self, evidence: Evidence, persona: Persona) -> dict[str, Any]:
        """Refuse: the index and the model are reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(composed=Composed, trace=dict[str, Any])
    async def run_async(self, evidence: Evidence, persona: Persona) -> dict[str, Any]:
        """Give `composed`, the text with its citations, and a `trace` of how it came about."""
        question = asked(evidence.question.text, [_text(s.passage) for s in evidence.passages])
        articles = await asyncio.to_thread(self._articles, evidence)
        sections = await asyncio.to_thread(sections_for, question, evidence, articles)
        dense = await self._nearness(question, texts_to_embed(sections))
        parts = await asyncio.to_thread(parts_of, question, sections, dense, self._max_characters)
        conflict = None
        if parts:
            cited = parts[0].section.hit
            stated = [placed.unit.text for placed in parts[0].units if placed.unit.kind == "sentence"]
            conflict = find_conflict(stated, cited, evidence.passages)
        composed = compose(parts, conflict, phrases(persona.language))
        return {"composed": composed, "trace": _trace(parts, dense, composed)}

    def _articles(self, evidence: Evidence) -> dict[ArticleRef, list[Passage]]:
        """Read the passages of the best articles, in the revision and for the audience that was retrieved."""
        refs = list(dict.fromkeys(scored.passage.article for scored in evidence.passages))[:4]
        known = {s.passage.article: (s.passage.revision, s.passage.audience) for s in evidence.passages}
        return {
            ref: [p for p in self._index.passages_of(ref) if (p.revision, p.audience) == known[ref]]
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
    }
