"""Holds the answers of an evaluation against what they cite, sentence by sentence and fact by fact."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from knowledge.answering.blocks import units_of
from knowledge.answering.grounding.facts import bare, missing_fact
from knowledge.answering.grounding.grounder import source_text
from knowledge.answering.grounding.markers import cited_numbers
from knowledge.answering.phrases import phrases, unsure_words
from knowledge.answering.sentences import sentences
from knowledge.answering.words import content_stems
from knowledge.evaluation.outcomes import AnswerOutcome, Fault
from knowledge.models import ArticleRef, Passage, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from config.persona import Persona
    from knowledge.answering.blocks import Unit
    from knowledge.models import Answer, Citation, Evidence, Question

_FACT = re.compile(
    r"`+[^`\n]+`+|\*\*[^*\n]+\*\*|https?://[^\s<>()\[\]]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![A-Za-z\d])(?<![A-Za-z][-\u2010\u2011\u2013])\d+(?:[.,:/-]\d+)*"
)
_SAID = frozenset({Verdict.ANSWERED, Verdict.UNSURE})


class AnswerSource(Protocol):
    """What makes an answer of evidence: an AnswerPipeline, or its like."""

    async def run(self, question: Question, evidence: Evidence, persona: Persona) -> Answer:
        """Answer."""
        ...


class SentenceCheck(Protocol):
    """What says why passages do not support a sentence: a Grounder, or its like."""

    async def fault(self, sentence: str, passages: Sequence[Passage]) -> str | None:
        """Give the reason, None when they do."""
        ...


class AnswerJudge:
    """Answers questions, and judges the answers by the passages of the articles that they cite."""

    def __init__(
        self,
        source: AnswerSource,
        check_for: Callable[[str], SentenceCheck],
        passages_of: Callable[[ArticleRef], Sequence[Passage]],
    ) -> None:
        """`check_for` gives what checks the sentences of the answer to a question."""
        self._source = source
        self._check_for = check_for
        self._passages_of = passages_of

    async def text(self, question: Question, evidence: Evidence, persona: Persona) -> str | None:
        """Give the words of an answer in a persona's voice; None where it declines."""
        answer = await self._source.run(question, evidence, persona)
        return answer.text if answer.verdict in _SAID else None

    async def judge(self, question: Question, evidence: Evidence, persona: Persona) -> AnswerOutcome:
        """Answer, timed, and hold each statement against its citations. The pipeline's errors go through."""
        started = time.perf_counter()
        answer = await self._source.run(question, evidence, persona)
        milliseconds = (time.perf_counter() - started) * 1000
        asked = answer.trace.get("llm") or {}
        outcome = AnswerOutcome(
            answer.text,
            answer.verdict,
            milliseconds,
            asked_model=bool(asked),
            tokens_read=int(asked.get("tokens_read", 0)),
            tokens_written=int(asked.get("tokens_written", 0)),
            cost=float(asked.get("cost", 0.0)),
        )
        if answer.verdict not in _SAID:
            return outcome
        return await self._held(outcome, question, answer, _stated(answer, evidence, persona))

    async def _held(
        self, outcome: AnswerOutcome, question: Question, answer: Answer, stated: str
    ) -> AnswerOutcome:
        check = self._check_for(question.text)
        faults: list[Fault] = []
        stated_count = facts = found = 0
        for unit, numbers in _marked(units_of(stated)):
            passages = self._cited(answer.citations, numbers)
            source = source_text(passages)
            for statement in _statements(unit):
                if statement.is_code:
                    facts += 1
                    found += _words(statement.text) in _words(source)
                    continue
                named = _FACT.findall(statement.text)
                facts += len(named)
                found += sum(missing_fact(fact, source) is None for fact in named)
                if not content_stems(statement.text):
                    continue
                stated_count += 1
                if reason := await check.fault(statement.text, passages):
                    faults.append(Fault(statement.text, reason))
        return AnswerOutcome(
            outcome.text,
            outcome.verdict,
            outcome.milliseconds,
            stated_count,
            tuple(faults),
            facts,
            found,
            outcome.asked_model,
            outcome.tokens_read,
            outcome.tokens_written,
            outcome.cost,
        )

    def _cited(self, citations: Sequence[Citation], numbers: Sequence[int]) -> list[Passage]:
        """Give the passages of the articles that the numbers name; of all that are cited where there are none."""
        named = [citations[number - 1] for number in numbers if 0 < number <= len(citations)]
        return [
            passage
            for citation in named or citations
            for passage in (
                *self._passages_of(ArticleRef(citation.source, citation.article_id)),
                _dated(citation),
            )
        ]


def _dated(citation: Citation) -> Passage:
    """Give the citation itself as a passage: an answer may name an article and its date."""
    date = citation.updated_at.date().isoformat() if citation.updated_at else ""
    ref = ArticleRef(citation.source, citation.article_id)
    return Passage(f"{ref}#cited", ref, citation.revision, 0, citation.title, (), date, frozenset({"public"}))


def _stated(answer: Answer, evidence: Evidence, persona: Persona) -> str:
    """Give the answer without the bot's own words around what the articles say."""
    said = phrases(persona.language)
    own = [unsure_words(persona, evidence.missing), said.unsure, said.doubted, f"**{said.conflict}**"]
    if answer.language:
        own.append(said.note(answer.language))
    text = answer.text
    for words in own:
        text = text.replace(words, "")
    return text


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    is_code: bool = False


def _marked(units: Sequence[Unit]) -> Iterator[tuple[Unit, tuple[int, ...]]]:
    """Give each unit with the numbers that it cites: its own, else its block's, else those of the block before."""
    said: tuple[int, ...] = ()
    for _, block in groupby(units, key=lambda unit: unit.block):
        members = list(block)
        said = cited_numbers(" ".join(unit.text for unit in members)) or said
        for unit in members:
            yield unit, cited_numbers(unit.text) or said


def _words(text: str) -> str:
    return " ".join(text.split())


def _statements(unit: Unit) -> Iterator[_Statement]:
    """Give the sentences of prose, lists and tables, and the lines of code."""
    for line in unit.text.split("\n"):
        if unit.kind != "code":
            yield from (_Statement(part.removesuffix("\u2026")) for part in sentences(bare(line)))
        elif line.strip() and not line.lstrip().startswith(("```", "~~~")):
            yield _Statement(line.strip(), is_code=True)
