"""AnswerPipeline: evidence → the answer that goes out."""

# ruff: noqa: PLC0415 - what makes an answer is loaded with the first one: a start from the cache asks the version alone
from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from config.grounding import GroundingSettings
from knowledge.answering.addressed import harmless
from knowledge.answering.language import detect_language, same_language
from knowledge.answering.phrases import phrases, refusal, unsure_words
from knowledge.embedding import block_torch
from knowledge.models import Answer, Verdict

if TYPE_CHECKING:
    from haystack import Pipeline

    from config.persona import Persona
    from config.settings import AnswerSettings
    from knowledge.answering.grounding.grounder import Judge
    from knowledge.answering.llm.writer import LlmWriter
    from knowledge.answering.steps.payload import Made
    from knowledge.embedding.engine import Embedding
    from knowledge.index import ArticleIndex
    from knowledge.models import Citation, Evidence, OnText, Question, ScoredPassage

ANSWER_VERSION = "5"
"""Moves when the same evidence would give another answer; part of the answer cache's key."""


def new_answer_id() -> str:
    """Give a short id that no other answer has."""
    return secrets.token_urlsafe(9)


class AnswerPipeline:
    """A Haystack pipeline whose one component generates and grounds; extractive without a `writer`.

    An answer is never longer than `answer.max_characters`, the bot's own words aside, unless one list of
    steps alone is. Evidence that the gate turned down is not given to the generator. Raises KnowledgeError.
    """

    def __init__(
        self,
        index: ArticleIndex,
        embedding: Embedding,
        settings: AnswerSettings,
        writer: LlmWriter | None = None,
        *,
        grounding: GroundingSettings | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._index = index
        self._embedding = embedding
        self._settings = settings
        self._writer = writer
        self._grounding = grounding or GroundingSettings()
        self._judge = judge
        self._pipeline: Pipeline | None = None
        self._building = asyncio.Lock()

    def over(self, index: ArticleIndex) -> AnswerPipeline:
        """Give a pipeline that answers as this one does, from another index."""
        return AnswerPipeline(
            index,
            self._embedding,
            self._settings,
            self._writer,
            grounding=self._grounding,
            judge=self._judge,
        )

    async def warm(self) -> None:
        """Load Haystack, and the model's client, before the first question."""
        await self._ready()
        if self._writer:
            await self._writer.warm()

    async def run(
        self, question: Question, evidence: Evidence, persona: Persona, *, on_text: OnText | None = None
    ) -> Answer:
        """Answer from the evidence, or say in the persona's words that the articles do not.

        `on_text` gets the grounded pieces of an answer that a language model writes; an extract comes at once.
        """
        limits = [self._settings.min_confidence, self._settings.unsure_confidence]
        trace = {"thresholds": limits, **_evidence_trace(evidence)}
        evidence, orders = await asyncio.to_thread(_without_orders, evidence)
        if orders:
            trace["addressed"] = orders
        if evidence.verdict not in {Verdict.ANSWERED, Verdict.UNSURE} or not evidence.passages:
            return _unanswered(question, evidence, persona, trace)
        pipeline = await self._ready()
        from knowledge.answering.steps.payload import Given

        asked = question.text if evidence.reworded else ""
        output = await pipeline.run_async({"answerer": {"given": Given(evidence, persona, on_text, asked)}})
        made: Made = output["answerer"]["made"]
        trace |= made.trace
        if not made.composed.text:
            return _unanswered(question, evidence, persona, trace)
        if made.doubtful and evidence.verdict is Verdict.ANSWERED:
            evidence = replace(evidence, verdict=Verdict.UNSURE)
        return _answered(question, evidence, persona, made, trace)

    async def _ready(self) -> Pipeline:
        async with self._building:
            if self._pipeline is None:
                self._pipeline = await asyncio.to_thread(self._build)
            return self._pipeline

    def _build(self) -> Pipeline:
        block_torch()
        # Haystack takes a second to import; nobody pays who asks nothing
        from knowledge.answering.steps.extractive import ExtractiveAnswerer
        from knowledge.answering.steps.line import Line

        pipeline = Line()
        answerer = ExtractiveAnswerer(self._index, self._embedding, self._settings.max_characters)
        if self._writer is None:
            pipeline.add_component("answerer", answerer)
            return pipeline
        from knowledge.answering.steps.generative import GroundedWriter

        written = GroundedWriter(
            self._writer,
            answerer,
            self._embedding,
            self._settings.max_characters,
            grounding=self._grounding,
            judge=self._judge,
        )
        pipeline.add_component("answerer", written)
        return pipeline


def _without_orders(evidence: Evidence) -> tuple[Evidence, list[dict[str, str]]]:
    """Take out what speaks to the bot instead of to people, and give it with its articles: text is data."""
    kept: list[ScoredPassage] = []
    orders: dict[str, str] = {}
    for scored in evidence.passages:
        passage, dropped = harmless(scored.passage)
        orders |= dict.fromkeys((text[:200] for text in dropped), str(passage.article))
        if passage.text.strip():
            kept.append(scored if passage is scored.passage else replace(scored, passage=passage))
    if not orders:
        return evidence, []
    told = [{"text": text, "article": article} for text, article in orders.items()]
    return replace(evidence, passages=tuple(kept)), told


def _answered(
    question: Question, evidence: Evidence, persona: Persona, made: Made, trace: dict[str, Any]
) -> Answer:
    from knowledge.answering.compose import closest

    composed = made.composed
    spoken = phrases(persona.language)
    asked_in = question.language or detect_language(question.text)
    cited = {(citation.source, citation.article_id) for citation in composed.citations}
    main = next((s.passage for s in evidence.passages if tuple(s.passage.article) in cited), None)
    written_in = (main.language if main else None) or detect_language(composed.text)
    text = composed.text
    if written_in and not same_language(asked_in, written_in):
        text = f"{text}\n\n{spoken.note(written_in)}"
    near: tuple[Citation, ...] = ()
    if evidence.verdict is Verdict.UNSURE:
        if not made.opened:
            text = f"{unsure_words(persona, evidence.missing)}\n\n{text}"
        near = closest([s.passage for s in evidence.passages], composed.citations)
    return Answer(
        id=new_answer_id(),
        question=question.text,
        text=text,
        verdict=evidence.verdict,
        confidence=evidence.confidence,
        citations=composed.citations,
        closest=near,
        persona=persona.name,
        language=written_in,
        trace=trace,
    )


def _unanswered(question: Question, evidence: Evidence, persona: Persona, trace: dict[str, Any]) -> Answer:
    from knowledge.answering.compose import closest
    from knowledge.answering.gate_support import related
    from knowledge.answering.gate_words import load_word_vectors
    from knowledge.answering.missing import topic_first

    near = related(evidence.question.text, evidence.passages, load_word_vectors())
    if evidence.missing is not None and not evidence.missing.anywhere:
        near = topic_first(
            question.text, near
        )  # of "VPN on Android" the articles on the VPN, not those on Android
    return Answer(
        id=new_answer_id(),
        question=question.text,
        text=refusal(persona, evidence.missing),
        verdict=Verdict.UNANSWERED,
        confidence=evidence.confidence,
        closest=closest([scored.passage for scored in near]),
        persona=persona.name,
        language=persona.language,
        trace=trace,
    )


def _evidence_trace(evidence: Evidence) -> dict[str, Any]:
    missing = evidence.missing
    spelling = {"repaired": dict(evidence.repaired)} if evidence.repaired else {}
    return (
        spelling
        | ({"missing": asdict(missing)} if missing else {})
        | {
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
            "features": {name: round(value, 4) for name, value in evidence.features.items()},
        }
    )
