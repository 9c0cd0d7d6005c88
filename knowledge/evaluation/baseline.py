"""Holds an evaluation against an earlier one of the same set: what got worse by more than a tolerance.

The tolerances are differences of the measures themselves. None is smaller than what one row of the set is worth, so
that a small set does not fail over one question. Latency is not compared: machines differ.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class BaselineError(KnowledgeError):
    """A baseline cannot be compared; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Measure:
    """How a measure is compared: its tolerance, whether more of it is worse, and what counts its rows."""

    tolerance: float
    rows: str
    less_is_better: bool = False


TOLERANCES: Mapping[str, Measure] = MappingProxyType(
    {
        "recall_at_1": Measure(0.02, "answerable"),
        "recall_at_5": Measure(0.02, "answerable"),
        "mrr_at_10": Measure(0.02, "answerable"),
        "ndcg_at_10": Measure(0.02, "answerable"),
        "abstention.auroc": Measure(0.02, "unanswerable"),
        "abstention.precision": Measure(0.05, "unanswerable"),
        "abstention.recall": Measure(0.05, "unanswerable"),
        "gate.auroc_found": Measure(0.02, "unanswerable"),
        "gate.declined_at_85_answered": Measure(0.10, "unanswerable"),
        "gate.calibration_error": Measure(0.03, "n", less_is_better=True),
        "grounding.sentences_held": Measure(0.01, "grounding.sentences"),
        "grounding.facts_found": Measure(0.005, "grounding.facts"),
        "grounding.answered": Measure(0.05, "answerable"),
        "follow_ups.recall_at_5": Measure(0.02, "follow_ups.n"),
        "follow_ups.ratio": Measure(0.03, "follow_ups.n"),
        "cost.cost_per_answer": Measure(0.0, "n", less_is_better=True),
    }
)
_PERSONA = Measure(0.02, "")
_COST_SHARE = 0.25
"""A dearer answer is one that costs a quarter more."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A measure that got worse by more than its tolerance; `now` is None where it is not measured any more."""

    name: str
    before: float
    now: float | None
    tolerance: float

    def __str__(self) -> str:
        """Say it in one line."""
        if self.now is None:
            return f"{self.name}: {self.before:g} before, not measured now"
        return f"{self.name}: {self.before:g} before, {self.now:g} now, tolerance {self.tolerance:.3g}"


def read_baseline(path: Path) -> dict[str, Any]:
    """Read what an earlier run printed with --json or wrote with --save. Raises BaselineError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"the baseline {path} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise BaselineError(f"the baseline {path} is not JSON ({error.msg}); make one with --save") from error
    if not isinstance(found, dict) or not isinstance(found.get("n"), int):
        raise BaselineError(f"the baseline {path} is no evaluation; make one with --save {path}")
    return found


def regressions(
    before: Mapping[str, Any], now: Mapping[str, Any], given: Mapping[str, float] | None = None
) -> list[Regression]:
    """Give what got worse by more than its tolerance; `given` replaces tolerances by name, "" all of them.

    Raises BaselineError where the two are of different sets.
    """
    for name, what in (("questions_digest", "questions"), ("conversations_digest", "conversations")):
        if before.get(name) != now.get(name):
            raise BaselineError(
                f"the baseline was made with other {what}; make a new one of this set with --save"
            )
    given = given or {}
    old, new = dict(_flat(before)), dict(_flat(now))
    found: list[Regression] = []
    for name, was in old.items():
        measure = _measure(name)
        if measure is None:
            continue
        tolerance = given.get(name, given.get("", _tolerance(name, measure, was, old)))
        is_now = new.get(name)
        worse = 0.0 if is_now is None else (is_now - was if measure.less_is_better else was - is_now)
        if is_now is None or worse > tolerance + 1e-9:
            found.append(Regression(name, was, is_now, tolerance))
    return found


def is_measure(name: str) -> bool:
    """Whether a tolerance can be given for this name."""
    return _measure(name) is not None


def _measure(name: str) -> Measure | None:
    return _PERSONA if name.startswith("personas.") else TOLERANCES.get(name)


def _tolerance(name: str, measure: Measure, was: float, counts: Mapping[str, float]) -> float:
    if name.startswith("cost."):
        return _COST_SHARE * was
    unanswerable = counts["n"] - counts["answerable"]
    rows = unanswerable if measure.rows == "unanswerable" else counts.get(measure.rows, 0.0)
    return max(measure.tolerance, 1 / rows if rows else 0.0)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            yield f"{prefix}{name}", float(value)
