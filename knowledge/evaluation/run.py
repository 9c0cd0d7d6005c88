"""Runs a question set through retrieval and the gate, and measures both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from knowledge.evaluation.metrics import (
    Bin,
    auroc,
    calibration_error,
    declining,
    mean,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank_at,
    reliability,
)
from knowledge.models import Question, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from knowledge.evaluation.question_set import QuestionRow
    from knowledge.models import Evidence, ScoredPassage

_RANKED = 10
_RIGHT_WITHIN = 3


class EvidenceSource(Protocol):
    """What is evaluated: an EvidencePipeline, or its like."""

    async def run(self, question: Question) -> Evidence:
        """Retrieve and judge."""
        ...

    async def ranked_articles(self, question: Question, limit: int = 10) -> list[ScoredPassage]:
        """Give the best passage of each of the best articles."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question. `ranked` are article ids, `found` the best passage of each."""

    row: QuestionRow
    ranked: tuple[str, ...]
    found: tuple[ScoredPassage, ...]
    confidence: float
    verdict: Verdict
    milliseconds: float

    @property
    def reciprocal_rank(self) -> float:
        """1 / rank of the first gold article within ten."""
        return reciprocal_rank_at(self.ranked, self.row.gold, _RANKED)

    @property
    def is_right(self) -> bool:
        """Whether the evidence could answer: answerable, and a gold article is among the first three."""
        return self.row.answerable and recall_at(self.ranked, self.row.gold, _RIGHT_WITHIN) > 0


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The outcomes of a set, and its measures by name."""

    outcomes: tuple[Outcome, ...]

    @property
    def answerable(self) -> list[Outcome]:
        """The outcomes of the answerable questions."""
        return [outcome for outcome in self.outcomes if outcome.row.answerable]

    def ranking(self) -> dict[str, float]:
        """Measure the ranked articles, over the answerable questions; empty when there are none."""
        rows = self.answerable
        if not rows:
            return {}
        return {
            "recall_at_1": mean([recall_at(o.ranked, o.row.gold, 1) for o in rows]),
            "recall_at_5": mean([recall_at(o.ranked, o.row.gold, 5) for o in rows]),
            "mrr_at_10": mean([o.reciprocal_rank for o in rows]),
            "ndcg_at_10": mean([ndcg_at(o.ranked, o.row.gold, _RANKED) for o in rows]),
        }

    def abstention(self) -> dict[str, float] | None:
        """Measure the gate; None when every question is answerable.

        `auroc`: the confidence as a score of answerability, over all questions (None with one class only).
        `precision` and `recall` are those of declining: a question is declined when its verdict is
        `unanswered`, and that is right when it is unanswerable.
        """
        measured = declining(
            [o.verdict is Verdict.UNANSWERED for o in self.outcomes],
            [not o.row.answerable for o in self.outcomes],
        )
        if measured is None:
            return None
        area = auroc([o.confidence for o in self.outcomes], [o.row.answerable for o in self.outcomes])
        found = {} if area is None else {"auroc": area}
        return found | {"precision": measured.precision, "recall": measured.recall}

    def reliability(self) -> list[Bin]:
        """Sort by confidence: how often was a gold article among the first three."""
        return reliability([o.confidence for o in self.outcomes], [o.is_right for o in self.outcomes])

    def calibration_error(self) -> float:
        """Give the expected calibration error over ten bins."""
        return calibration_error(self.reliability())

    def latency_ms(self) -> dict[str, float]:
        """Give percentiles of embedding, retrieval and gate together, in milliseconds."""
        times = [outcome.milliseconds for outcome in self.outcomes]
        return {
            name: percentile(times, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        }

    def to_json(self) -> dict[str, Any]:
        """Give the object that `eval --json` prints."""
        measures = {name: round(value, 4) for name, value in self.ranking().items()}
        found: dict[str, Any] = {"n": len(self.outcomes), "answerable": len(self.answerable), **measures}
        if abstention := self.abstention():
            found["abstention"] = {name: round(value, 4) for name, value in abstention.items()}
        found["latency_ms"] = {name: round(value, 2) for name, value in self.latency_ms().items()}
        return found


async def evaluate(
    rows: Sequence[QuestionRow],
    evidence: EvidenceSource,
    *,
    audience: frozenset[str] | None = None,
    sources: frozenset[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EvaluationReport:
    """Run each question for `audience` (None: every audience); `progress` gets (done, total)."""
    outcomes: list[Outcome] = []
    if rows:
        await evidence.run(Question(rows[0].text, audience, sources))  # loads the model, unmeasured
    for row in rows:
        question = Question(row.text, audience, sources, exclude=row.exclude)
        start = time.perf_counter()
        judged = await evidence.run(question)
        milliseconds = (time.perf_counter() - start) * 1000
        found = await evidence.ranked_articles(question, _RANKED)
        ranked = tuple(_name(scored, row.gold) for scored in found)
        outcomes.append(Outcome(row, ranked, tuple(found), judged.confidence, judged.verdict, milliseconds))
        if progress:
            progress(len(outcomes), len(rows))
    return EvaluationReport(tuple(outcomes))


def _name(scored: ScoredPassage, gold: frozenset[str]) -> str:
    """Name an article as the question set does: by its id, or by source/id."""
    full = str(scored.passage.article)
    return full if full in gold else scored.passage.article.id
