"""What counts as worse than an earlier evaluation."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from knowledge.evaluation.baseline import BaselineError, read_baseline, regressions

if TYPE_CHECKING:
    from pathlib import Path

BEFORE: dict[str, Any] = {
    "n": 1000,
    "answerable": 600,
    "recall_at_5": 0.9,
    "ndcg_at_10": 0.8,
    "gate": {"calibration_error": 0.1, "auroc_found": 0.9},
    "grounding": {"sentences": 2000, "sentences_held": 1.0},
    "personas": {"friendly": 1.0},
    "cost": {"cost_per_answer": 0.01},
    "latency_ms": {"p50": 10.0},
    "questions_digest": "a",
}


def worse(path: str, value: float | None) -> dict[str, Any]:
    """Give the measures with one changed, or taken out."""
    now = deepcopy(BEFORE)
    *parts, last = path.split(".")
    place = now
    for part in parts:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return now


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("recall_at_5", 0.879, "recall_at_5: 0.9 before, 0.879 now, tolerance 0.02"),
        (
            "gate.calibration_error",
            0.14,
            "gate.calibration_error: 0.1 before, 0.14 now, tolerance 0.03",
        ),
        (
            "grounding.sentences_held",
            0.98,
            "grounding.sentences_held: 1 before, 0.98 now, tolerance 0.01",
        ),
        ("personas.friendly", 0.9, "personas.friendly: 1 before, 0.9 now, tolerance 0.02"),
        ("cost.cost_per_answer", 0.02, "cost.cost_per_answer: 0.01 before, 0.02 now, tolerance 0.0025"),
        ("ndcg_at_10", None, "ndcg_at_10: 0.8 before, not measured now"),
    ],
)
def test_a_measure_that_got_worse_is_named(path: str, value: float | None, said: str) -> None:
    """With what it was, what it is, and the tolerance; nothing else is."""
    assert [str(found) for found in regressions(BEFORE, worse(path, value))] == [said]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("recall_at_5", 0.88),
        ("recall_at_5", 1.0),
        ("gate.calibration_error", 0.0),
        ("latency_ms.p50", 1e6),
        ("cost.cost_per_answer", 0.0124),
    ],
)
def test_better_slower_or_within_the_tolerance_is_no_regression(path: str, value: float) -> None:
    """Neither a measure within its tolerance nor any latency fails."""
    assert regressions(BEFORE, worse(path, value)) == []


def test_a_small_set_does_not_fail_over_one_question() -> None:
    """Of ten answerable questions one is a tenth, and of five sentences one a fifth."""
    before = BEFORE | {"n": 20, "answerable": 10, "grounding": {"sentences": 5, "sentences_held": 1.0}}
    now = before | {"recall_at_5": 0.8, "grounding": {"sentences": 5, "sentences_held": 0.8}}
    assert regressions(before, now) == []
    assert [found.name for found in regressions(before, now | {"recall_at_5": 0.7})] == ["recall_at_5"]


def test_tolerances_can_be_given() -> None:
    """One for a measure, or one for all that have none of their own."""
    now = worse("recall_at_5", 0.85) | {"ndcg_at_10": 0.7}
    assert regressions(BEFORE, now, {"": 0.2}) == []
    assert [found.name for found in regressions(BEFORE, now, {"": 0.2, "ndcg_at_10": 0.05})] == ["ndcg_at_10"]


def test_only_runs_of_the_same_set_are_compared(tmp_path: Path) -> None:
    """Another set, no file, no JSON and no evaluation are errors that say what to do."""
    with pytest.raises(BaselineError, match="other questions; make a new one"):
        regressions(BEFORE, BEFORE | {"questions_digest": "b"})
    path = tmp_path / "baseline.json"
    with pytest.raises(BaselineError, match="cannot be read"):
        read_baseline(path)
    path.write_text("{")
    with pytest.raises(BaselineError, match="is not JSON"):
        read_baseline(path)
    path.write_text("[]")
    with pytest.raises(BaselineError, match="is no evaluation"):
        read_baseline(path)
    path.write_text(json.dumps(BEFORE))
    assert read_baseline(path) == BEFORE
