"""Runs a question set through retrieval, the gate and the answerer; `EvaluationReport` measures what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from knowledge.answering.style import adherence
from knowledge.evaluation.metrics import recall_at
from knowledge.evaluation.outcomes import RANKED, FollowUpOutcome, Outcome, PersonaOutcome
from knowledge.evaluation.summary import EvaluationReport
from knowledge.models import Question, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from config.persona import Persona
    from knowledge.evaluation.answers import AnswerJudge
    from knowledge.evaluation.outcomes import Expected
    from knowledge.evaluation.question_set import ConversationRow, QuestionRow, TurnRow
    from knowledge.models import Evidence, ScoredPassage

    Rewrite = Callable[[str, Sequence[str]], Awaitable[str]]
    """Gives the standalone question of a message; the second are the thread's questions as they were searched."""

__all__ = ["EvaluationReport", "EvidenceSource", "Extras", "Outcome", "evaluate"]
_VOICED = 16
"""Answers a persona is measured on."""


class EvidenceSource(Protocol):
    """What is evaluated: an EvidencePipeline, or its like."""

    async def run(self, question: Question) -> Evidence:
        """Retrieve and judge."""
        ...

    async def ranked_articles(self, question: Question, limit: int = 10) -> list[ScoredPassage]:
        """Give the best passage of each of the best articles."""
        ...


@dataclass(frozen=True, slots=True)
class Extras:
    """What is measured beside retrieval and the gate; each part is left out where it has nothing to work with.

    `judge` answers in the voice of `personas[0]` (the adherence of each of them is measured on the first answers);
    `topics` and `expected` are of articles, by the names that the questions use; `conversations` need `rewrite`.
    """

    judge: AnswerJudge | None = None
    personas: tuple[Persona, ...] = ()
    topics: Mapping[str, str] = field(default_factory=dict)
    expected: Mapping[str, Expected] = field(default_factory=dict)
    conversations: tuple[ConversationRow, ...] = ()
    rewrite: Rewrite | None = None


async def evaluate(
    rows: Sequence[QuestionRow],
    evidence: EvidenceSource,
    *,
    audience: frozenset[str] | None = None,
    sources: frozenset[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    extras: Extras | None = None,
) -> EvaluationReport:
    """Run each question for `audience` (None: every audience); `progress` gets (done, total)."""
    extras = extras or Extras()
    asked = _Run(evidence, extras, audience, sources)
    if rows:
        await asked.warm(rows[0].text)
    total = len(rows) + len(extras.conversations)
    outcomes: list[Outcome] = []
    for row in rows:
        outcomes.append(await asked.question(row))
        if progress:
            progress(len(outcomes), total)
    followed: list[FollowUpOutcome] = []
    for number, talk in enumerate(extras.conversations, start=1):
        followed += await asked.conversation(talk)
        if progress:
            progress(len(rows) + number, total)
    voices = await asked.voices()
    return EvaluationReport(tuple(outcomes), tuple(followed), tuple(voices), extras.expected)


class _Run:
    """One evaluation under way."""

    def __init__(
        self,
        evidence: EvidenceSource,
        extras: Extras,
        audience: frozenset[str] | None,
        sources: frozenset[str] | None,
    ) -> None:
        self._evidence = evidence
        self._extras = extras
        self._audience = audience
        self._sources = sources
        self._voiced: list[tuple[Question, Evidence]] = []

    def _asked(self, text: str, exclude: frozenset[str] = frozenset()) -> Question:
        return Question(text, self._audience, self._sources, exclude=exclude)

    async def warm(self, text: str) -> None:
        """Load the model, unmeasured."""
        question = self._asked(text)
        judged = await self._evidence.run(question)
        if self._extras.judge and self._extras.personas:
            await self._extras.judge.text(question, judged, self._extras.personas[0])

    async def question(self, row: QuestionRow) -> Outcome:
        """Retrieve, judge and answer."""
        question = self._asked(row.text, row.exclude)
        start = time.perf_counter()
        judged = await self._evidence.run(question)
        milliseconds = (time.perf_counter() - start) * 1000
        answer = None
        if self._extras.judge and self._extras.personas:
            answer = await self._extras.judge.judge(question, judged, self._extras.personas[0])
        if row.answerable and judged.verdict is Verdict.ANSWERED and len(self._voiced) < _VOICED:
            self._voiced.append((question, judged))
        found = await self._evidence.ranked_articles(question, RANKED)
        ranked = tuple(_name(scored, row.gold) for scored in found)
        topics = self._extras.topics
        topic = row.topic or next((topics[gold] for gold in sorted(row.gold) if gold in topics), "")
        return Outcome(
            row, ranked, tuple(found), judged.confidence, judged.verdict, milliseconds, topic, answer
        )

    async def conversation(self, talk: ConversationRow) -> list[FollowUpOutcome]:
        """Search each later turn, built on the turns before it as they were searched."""
        assert self._extras.rewrite is not None
        searched, found = [talk.first], []
        for number, turn in enumerate(talk.turns, start=1):
            searched.append(await self._extras.rewrite(turn.said, tuple(searched)))
            changed = talk.changed and number == len(talk.turns)
            found.append(await self._follow_up(talk.id, turn, searched[-1], changed=changed))
        return found

    async def _follow_up(self, talk: str, turn: TurnRow, searched: str, *, changed: bool) -> FollowUpOutcome:
        hits = [await self._is_found(text, turn.gold) for text in (searched, turn.standalone, turn.said)]
        return FollowUpOutcome(talk, turn.said, turn.standalone, searched, changed, *hits)

    async def _is_found(self, text: str, gold: frozenset[str]) -> bool:
        ranked = await self._evidence.ranked_articles(self._asked(text), RANKED)
        return recall_at([_name(scored, gold) for scored in ranked], gold, 5) > 0

    async def voices(self) -> list[PersonaOutcome]:
        """Let each persona say the first answers, and hold them against its style."""
        judge = self._extras.judge
        if judge is None:
            return []
        found = []
        for persona in self._extras.personas:
            said = [await judge.text(question, judged, persona) for question, judged in self._voiced]
            kept = adherence(persona, [text for text in said if text])
            broken = tuple((violation.rule, violation.found) for violation in kept.broken)
            found.append(PersonaOutcome(persona.name, kept.texts, kept.share, kept.clean, broken))
        return found


def _name(scored: ScoredPassage, gold: frozenset[str]) -> str:
    """Name an article as the question set does: by its id, or by source/id."""
    full = str(scored.passage.article)
    return full if full in gold else scored.passage.article.id
