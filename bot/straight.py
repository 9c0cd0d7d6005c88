"""Answers without a cache."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from config.persona import Persona
    from knowledge.answering.answer import AnswerPipeline
    from knowledge.answering.evidence import EvidencePipeline
    from knowledge.models import Answer, Question


class StraightAnswers:
    """Retrieves and answers every time."""

    def __init__(self, evidence: EvidencePipeline, answering: AnswerPipeline) -> None:
        self._evidence = evidence
        self._answering = answering

    async def answer(self, question: Question, persona: Persona, *, use_cache: bool = True) -> Answer:  # noqa: ARG002
        """Answer from today's articles."""
        started = time.perf_counter()
        evidence = await self._evidence.run(question)
        retrieved = time.perf_counter()
        answer = await self._answering.run(question, evidence, persona)
        timings = {"retrieve": retrieved - started, "answer": time.perf_counter() - retrieved}
        return replace(answer, timings_ms={name: round(taken * 1000, 3) for name, taken in timings.items()})
