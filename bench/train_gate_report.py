"""What is said of a gate: AUROC and what is declined where most are answered, with intervals; a reliability curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from knowledge.evaluation.metrics import auroc, calibration_error, reliability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train_gate_rows import Example

    from knowledge.answering.gate import GateModel

ANSWERED = 0.85
RESAMPLES = 1000
_THRESHOLDS = (0.5, 0.3)


def declined_at(scores: np.ndarray, labels: np.ndarray) -> float:
    """Give the share of unanswerable questions below the threshold that 85 % of the answerable ones pass."""
    threshold = np.quantile(scores[labels], 1.0 - ANSWERED)
    return float((scores[~labels] < threshold).mean())


@dataclass(frozen=True, slots=True)
class Measured:
    """How well log odds tell answerable questions from others; intervals hold 95 % of bootstrap samples of questions.

    `passed` has, for each threshold of confidence, precision and recall of letting through.
    """

    count: int
    answerable: int
    auroc: float
    auroc_interval: tuple[float, float]
    declined: float
    declined_interval: tuple[float, float]
    passed: dict[float, tuple[float, float]]

    def __str__(self) -> str:
        low, high = self.auroc_interval
        least, most = self.declined_interval
        parts = [
            f"n {self.count} ({self.answerable} answerable)",
            f"AUROC {self.auroc:.3f} [{low:.3f}, {high:.3f}]",
            f"declined where 85 % are answered {self.declined:.2f} [{least:.2f}, {most:.2f}]",
        ]
        return ", ".join(
            [*parts, *(f"at {t}: precision {p:.2f}, recall {r:.2f}" for t, (p, r) in self.passed.items())]
        )


def measured(logits: Sequence[float] | np.ndarray, labels: Sequence[bool]) -> Measured:
    """Measure log odds against what is known of the questions."""
    scores, truths = np.asarray(logits, float), np.asarray(labels, bool)
    chance = np.random.default_rng(0)
    areas, declined = [], []
    for _ in range(RESAMPLES):
        drawn = chance.integers(0, len(scores), len(scores))
        if 0 < truths[drawn].sum() < len(drawn):
            areas.append(auroc(scores[drawn].tolist(), truths[drawn].tolist()) or 0.0)
            declined.append(declined_at(scores[drawn], truths[drawn]))
    return Measured(
        len(scores),
        int(truths.sum()),
        auroc(scores.tolist(), truths.tolist()) or float("nan"),
        _interval(areas),
        declined_at(scores, truths),
        _interval(declined),
        _at_thresholds(1.0 / (1.0 + np.exp(-scores)), truths),
    )


def _interval(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def _at_thresholds(confidences: np.ndarray, truths: np.ndarray) -> dict[float, tuple[float, float]]:
    """Give precision and recall of letting through."""
    found = {}
    for threshold in _THRESHOLDS:
        passed = confidences >= threshold
        right = int((passed & truths).sum())
        found[threshold] = (right / max(int(passed.sum()), 1), right / max(int(truths.sum()), 1))
    return found


def reliability_of(model: GateModel, rows: Sequence[Example]) -> str:
    """Give a line a bin: how confident the gate was, how often it was right, and how many rows that were."""
    confidences = [model.probability(row.features) for row in rows]
    table = reliability(confidences, [bool(row.answers) for row in rows])
    lines = [
        f"  {row.low:.1f} to {row.high:.1f}: confidence {row.confidence:.2f}, right {row.right:.2f}, n {row.count}"
        for row in table
    ]
    return "\n".join([*lines, f"  expected calibration error {calibration_error(table):.3f}"])
