"""The evidence gate: how probable it is that the passages found answer the question."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from knowledge.answering.features import gate_features
from knowledge.answering.gate_words import load_word_vectors
from knowledge.models import Verdict, revision_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from knowledge.models import Missing, ScoredPassage


_MISSING_ODDS = math.exp(-1.5)
_BELOW = 0.99


@dataclass(frozen=True, slots=True)
class GateModel:
    """A logistic regression: P = 1 / (1 + exp(-(bias + sum(weight * (x - mean) / scale))))."""

    bias: float
    weight: Mapping[str, float]
    mean: Mapping[str, float]
    scale: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """Give the probability (0-1) that the passages answer; a feature that is not given counts as 0."""
        logit = self.bias + sum(
            weight * (features.get(name, 0.0) - self.mean[name]) / self.scale[name]
            for name, weight in self.weight.items()
        )
        return 1.0 / (1.0 + math.exp(-max(min(logit, 30.0), -30.0)))

    @property
    def digest(self) -> str:
        """Changes with any number of the model; part of the answer cache's key."""
        return revision_of(_MISSING_ODDS, self.bias, dict(self.weight), dict(self.mean), dict(self.scale))


def load_gate() -> GateModel:
    """Read the shipped model; `gate.toml` says how its numbers were made."""
    table = tomllib.loads(files("knowledge.answering").joinpath("gate.toml").read_text(encoding="utf-8"))
    features: dict[str, dict[str, float]] = table["features"]
    return GateModel(
        bias=table["bias"],
        weight={name: row["weight"] for name, row in features.items()},
        mean={name: row["mean"] for name, row in features.items()},
        scale={name: row["scale"] for name, row in features.items()},
    )


@dataclass(frozen=True, slots=True)
class EvidenceGate:
    """Decides by two thresholds: from `min_confidence` answered, from `unsure_confidence` unsure.

    On top of the model stands a rule: when the question names a thing that the articles do not (`missing.py`), the
    odds are divided by e^1.5 and the confidence stays below `min_confidence`. Passages about Jira look like an
    answer to "How do I connect Salesforce?", whatever the similarity.
    """

    model: GateModel
    min_confidence: float
    unsure_confidence: float

    def judge(
        self, question: str, passages: Sequence[ScoredPassage], missing: Missing | None = None
    ) -> tuple[float, Verdict, dict[str, float]]:
        """Give the confidence, the verdict and their features; without passages it is unanswered."""
        if not passages:
            return 0.0, Verdict.UNANSWERED, {}
        features = gate_features(question, passages, load_word_vectors())
        confidence = self.model.probability(features)
        if missing:
            features |= {"missing_thing": 1.0, "without_missing": confidence}
            confidence = self._discounted(confidence)
        return confidence, self.verdict(confidence), features

    def _discounted(self, confidence: float) -> float:
        odds = confidence / (1.0 - confidence) * _MISSING_ODDS
        return min(odds / (1.0 + odds), _BELOW * self.min_confidence)

    def verdict(self, confidence: float) -> Verdict:
        """Give the verdict for a confidence."""
        if confidence >= self.min_confidence:
            return Verdict.ANSWERED
        return Verdict.UNSURE if confidence >= self.unsure_confidence else Verdict.UNANSWERED
