"""The measures of an evaluation, from its outcomes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from knowledge.evaluation.intervals import bootstrap, mean_interval
from knowledge.evaluation.metrics import (
    Bin,
    auroc,
    calibration_error,
    declined_where_answered,
    declining,
    mean,
    ndcg_at,
    percentile,
    recall_at,
    reliability,
    roc_curve,
)
from knowledge.evaluation.outcomes import RANKED
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from knowledge.evaluation.outcomes import (
        AnswerOutcome,
        Expected,
        FollowUpOutcome,
        Outcome,
        PersonaOutcome,
    )

ANSWERED_SHARE = 0.85
"""At the threshold that lets so many of the questions pass whose article was found, how many others are declined."""


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The outcomes of a set, and its measures by name."""

    outcomes: tuple[Outcome, ...]
    follow_ups: tuple[FollowUpOutcome, ...] = ()
    personas: tuple[PersonaOutcome, ...] = ()
    expected: Mapping[str, Expected] = field(default_factory=dict)

    @property
    def answerable(self) -> list[Outcome]:
        """The outcomes of the answerable questions."""
        return [outcome for outcome in self.outcomes if outcome.row.answerable]

    @property
    def answers(self) -> list[AnswerOutcome]:
        """The answers that were made, declined ones too."""
        return [outcome.answer for outcome in self.outcomes if outcome.answer is not None]

    def ranking(self) -> dict[str, float]:
        """Measure the ranked articles, over the answerable questions; empty when there are none."""
        return {name: mean(values) for name, values in self._ranking_values().items()}

    def _ranking_values(self) -> dict[str, list[float]]:
        rows = self.answerable
        if not rows:
            return {}
        return {
            "recall_at_1": [recall_at(o.ranked, o.row.gold, 1) for o in rows],
            "recall_at_5": [recall_at(o.ranked, o.row.gold, 5) for o in rows],
            "mrr_at_10": [o.reciprocal_rank for o in rows],
            "ndcg_at_10": [ndcg_at(o.ranked, o.row.gold, RANKED) for o in rows],
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

    def gate(self) -> dict[str, float]:
        """Measure the confidence where it can be right: a found article against an unanswerable question.

        Answerable questions whose article is not among the first three are left out, but for the calibration error.
        """
        rows = self._separable()
        scores, labels = [o.confidence for o in rows], [o.is_right for o in rows]
        found = {
            "auroc_found": auroc(scores, labels),
            "declined_at_85_answered": declined_where_answered(scores, labels, ANSWERED_SHARE),
            "calibration_error": self.calibration_error(),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _separable(self) -> list[Outcome]:
        return [o for o in self.outcomes if o.is_right or not o.row.answerable]

    def intervals(self) -> dict[str, tuple[float, float]]:
        """Give the 95 % bootstrap interval of each measure of ranking and of the gate."""
        found = {name: mean_interval(values) for name, values in self._ranking_values().items()}
        rows = self._separable()
        scores, labels = [o.confidence for o in rows], [o.is_right for o in rows]

        def area(draw: Sequence[int]) -> float | None:
            return auroc([scores[i] for i in draw], [labels[i] for i in draw])

        def declined(draw: Sequence[int]) -> float | None:
            return declined_where_answered(
                [scores[i] for i in draw], [labels[i] for i in draw], ANSWERED_SHARE
            )

        if len(set(labels)) > 1:
            found["auroc_found"] = bootstrap(len(rows), area)
            found["declined_at_85_answered"] = bootstrap(len(rows), declined)
        return {name: value for name, value in found.items() if value is not None}

    def roc(self) -> list[tuple[float, float]]:
        """Give the ROC curve of `auroc_found`."""
        rows = self._separable()
        return roc_curve([o.confidence for o in rows], [o.is_right for o in rows])

    def reliability(self) -> list[Bin]:
        """Sort by confidence: how often was a gold article among the first three."""
        return reliability([o.confidence for o in self.outcomes], [o.is_right for o in self.outcomes])

    def calibration_error(self) -> float:
        """Give the expected calibration error over ten bins."""
        return calibration_error(self.reliability())

    def grounding(self) -> dict[str, float]:
        """Measure what is said against what is cited: shares of the sentences and of the facts; empty unasked."""
        if not self.answers:
            return {}
        sentences = sum(answer.sentences for answer in self.answers)
        facts = sum(answer.facts for answer in self.answers)
        held = sentences - sum(len(answer.faults) for answer in self.answers)
        said = [o for o in self.answerable if o.answer and o.answer.verdict is not Verdict.UNANSWERED]
        found = sum(answer.facts_found for answer in self.answers)
        return {
            "sentences": sentences,
            "sentences_held": held / sentences if sentences else 1.0,
            "facts": facts,
            "facts_found": found / facts if facts else 1.0,
            "answered": len(said) / len(self.answerable) if self.answerable else 0.0,
        }

    def followed(self) -> dict[str, float]:
        """Measure follow-ups by R@5: as searched, in full, as said, and the first over the second; empty unasked."""
        if not self.follow_ups:
            return {}
        searched, in_full = (
            mean([f.found for f in self.follow_ups]),
            mean([f.in_full for f in self.follow_ups]),
        )
        return {
            "n": len(self.follow_ups),
            "recall_at_5": searched,
            "in_full": in_full,
            "as_said": mean([f.as_said for f in self.follow_ups]),
            "ratio": searched / in_full if in_full else 0.0,
        }

    def by_topic(self) -> dict[str, tuple[int, float]]:
        """Give (answerable questions, R@5) of each topic, the worst first."""
        held: defaultdict[str, list[float]] = defaultdict(list)
        for outcome in self.answerable:
            held[outcome.topic].append(recall_at(outcome.ranked, outcome.row.gold, 5))
        rows = {topic: (len(values), mean(values)) for topic, values in held.items() if topic}
        return dict(sorted(rows.items(), key=lambda item: (item[1][1], -item[1][0], item[0])))

    def latency_ms(self) -> dict[str, float]:
        """Give percentiles of embedding, retrieval and gate together, in milliseconds."""
        times = [outcome.milliseconds for outcome in self.outcomes]
        return {
            name: percentile(times, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        }

    def steps_ms(self) -> dict[str, dict[str, float]]:
        """Give p50 and p95 of each step, and of the whole, in milliseconds."""
        steps = {"retrieve and judge": [o.milliseconds for o in self.outcomes]}
        if self.answers:
            steps["answer"] = [a.milliseconds for a in self.answers if a.verdict is not Verdict.UNANSWERED]
            steps["whole"] = [o.total_ms for o in self.outcomes]
        return {
            name: {"p50": percentile(times, 0.5), "p95": percentile(times, 0.95)}
            for name, times in steps.items()
        }

    def cost(self) -> dict[str, float]:
        """Sum up what a language model read, wrote and cost; empty where none was asked."""
        asked = [answer for answer in self.answers if answer.asked_model]
        if not asked:
            return {}
        total = sum(answer.cost for answer in asked)
        return {
            "answers": len(asked),
            "tokens_read": sum(answer.tokens_read for answer in asked),
            "tokens_written": sum(answer.tokens_written for answer in asked),
            "cost": total,
            "cost_per_answer": total / len(asked),
        }

    def to_json(self) -> dict[str, Any]:
        """Give the object that `eval --json` prints."""
        found: dict[str, Any] = {"n": len(self.outcomes), "answerable": len(self.answerable)}
        found |= _rounded(self.ranking())
        parts = {
            "abstention": self.abstention() or {},
            "gate": self.gate(),
            "grounding": self.grounding(),
            "follow_ups": self.followed(),
            "personas": {persona.persona: persona.share for persona in self.personas},
            "cost": self.cost(),
        }
        found |= {name: _rounded(part) for name, part in parts.items() if part}
        found["topics"] = {
            topic: {"n": count, "recall_at_5": round(value, 4)}
            for topic, (count, value) in self.by_topic().items()
        }
        found["intervals"] = {
            name: [round(low, 4), round(high, 4)] for name, (low, high) in self.intervals().items()
        }
        found["latency_ms"] = _rounded(self.latency_ms(), 2)
        found["steps_ms"] = {name: _rounded(part, 2) for name, part in self.steps_ms().items()}
        return found


def _rounded(values: Mapping[str, float], digits: int = 4) -> dict[str, float]:
    return {name: round(value, digits) for name, value in values.items()}
