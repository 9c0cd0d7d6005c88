"""What is said of a gate: AUROC and what is declined where most are answered, with intervals; a reliability curve."""

from __future__ import annotations

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


def measured(logits: Sequence[float] | np.ndarray, labels: Sequence[bool]) -> str:
    """Say how well log odds tell answerable questions from others; 95 % intervals by bootstrap over the questions."""
    scores, truths = np.asarray(logits, float), np.asarray(labels, bool)
    area = auroc(scores.tolist(), truths.tolist()) or float("nan")
    chance = np.random.default_rng(0)
    areas, declined = [], []
    for _ in range(RESAMPLES):
        drawn = chance.integers(0, len(scores), len(scores))
        if 0 < truths[drawn].sum() < len(drawn):
            areas.append(auroc(scores[drawn].tolist(), truths[drawn].tolist()) or 0.0)
            declined.append(declined_at(scores[drawn], truths[drawn]))
    low, high = np.quantile(areas, (0.025, 0.975))
    least, most = np.quantile(declined, (0.025, 0.975))
    parts = [
        f"n {len(scores)} ({int(truths.sum())} answerable)",
        f"AUROC {area:.3f} [{low:.3f}, {high:.3f}]",
        f"declined where 85 % are answered {declined_at(scores, truths):.2f} [{least:.2f}, {most:.2f}]",
    ]
    return ", ".join([*parts, *_at_thresholds(1.0 / (1.0 + np.exp(-scores)), truths)])


def _at_thresholds(confidences: np.ndarray, truths: np.ndarray) -> list[str]:
    """Give precision and recall of letting through."""
    parts = []
    for threshold in _THRESHOLDS:
        passed = confidences >= threshold
        right = int((passed & truths).sum())
        precision, recall = right / max(int(passed.sum()), 1), right / max(int(truths.sum()), 1)
        parts.append(f"at {threshold}: precision {precision:.2f}, recall {recall:.2f}")
    return parts


def reliability_of(model: GateModel, rows: Sequence[Example]) -> str:
    """Give a line a bin: how confident the gate was, how often it was right, and how many rows that were."""
    confidences = [model.probability(row.features) for row in rows]
    table = reliability(confidences, [bool(row.answers) for row in rows])
    lines = [
        f"  {row.low:.1f} to {row.high:.1f}: confidence {row.confidence:.2f}, right {row.right:.2f}, n {row.count}"
        for row in table
    ]
    return "\n".join([*lines, f"  expected calibration error {calibration_error(table):.3f}"])
