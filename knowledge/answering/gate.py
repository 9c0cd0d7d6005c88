"""The evidence gate: how probable it is that the passages found answer the question."""

# ruff: noqa: PLC0415 - features and word vectors are loaded with the first judgement, not with the numbers
from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from knowledge.models import Verdict, revision_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from knowledge.models import Missing, ScoredPassage


_RULES_VERSION = "4"
"""Moves when the same features would be judged otherwise by the rules, or other features be made."""
_RULE_ODDS = math.exp(-1.5)
_BELOW = 0.99
_LACKING = 0.45
"""Weight of a topic word times how much is missing of it: half of a rare word."""
_FEW_WORDS = math.log1p(6)
"""As `topic_words` has it: in a longer question a word more or less is not the subject."""
_TWO_WORDS = math.log1p(2)
_WHOLLY, _ALONE = 0.97, 0.3
"""Share of the title that is asked for, and of the topic that no other article holds."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: P = 1 / (1 + exp(-(bias + sum(weight * (x - mean) / scale))))."""

    bias: float
    weight: Mapping[str, float]
    mean: Mapping[str, float]
    scale: Mapping[str, float]

    def logit(self, features: Mapping[str, float]) -> float:
        """Give the log odds; a feature that is not given counts as 0."""
        return self.bias + sum(
            weight * (features.get(name, 0.0) - self.mean[name]) / self.scale[name]
            for name, weight in self.weight.items()
        )


@dataclass(frozen=True, slots=True)
class GateModel:
    """Two regressions: one for brief questions, one for stories. `usual_middle` is what a desk is measured against.

    That is the log odds half way between headings asked with their articles and without (`gate_calibration.py`), over
    the articles that the numbers were made with.
    """

    brief: Logistic
    story: Logistic
    usual_middle: float = 0.0

    def logit(self, features: Mapping[str, float]) -> float:
        """Give the log odds that the passages answer."""
        return (self.story if features.get("story") else self.brief).logit(features)

    def probability(self, features: Mapping[str, float], offset: float = 0.0) -> float:
        """Give the probability (0-1) that the passages answer, on a desk whose log odds are shifted by `offset`."""
        return 1.0 / (1.0 + math.exp(-max(min(self.logit(features) + offset, 30.0), -30.0)))

    @property
    def digest(self) -> str:
        """Changes with any shipped number; part of the answer cache's key."""
        return revision_of(
            _RULES_VERSION, _RULE_ODDS, asdict(self.brief), asdict(self.story), self.usual_middle
        )


def load_gate() -> GateModel:
    """Read the shipped model; `gate.toml` says how its numbers were made."""
    table = tomllib.loads(files("knowledge.answering").joinpath("gate.toml").read_text(encoding="utf-8"))
    return GateModel(_logistic(table["brief"]), _logistic(table["story"]), table["usual_middle"])


def _logistic(table: Mapping[str, Any]) -> Logistic:
    features: dict[str, dict[str, float]] = table["features"]
    return Logistic(
        bias=table["bias"],
        weight={name: row["weight"] for name, row in features.items()},
        mean={name: row["mean"] for name, row in features.items()},
        scale={name: row["scale"] for name, row in features.items()},
    )


@dataclass(frozen=True, slots=True)
class EvidenceGate:
    """Decides by two thresholds: from `min_confidence` answered, from `unsure_confidence` unsure.

    On top of the model stand rules: the odds are divided by e^1.5 and the confidence stays below `min_confidence`

    - when the question names a thing that the articles do not (`missing.py`): passages about Jira look like an
      answer to "How do I connect Salesforce?", whatever the similarity;
    - when the article tells the opposite of what is asked (`gate_opposites.py`): how to turn a thing on, not off;
    - when it is asked who did something, and the article tells how it is done (`features_topic.py`).

    And a brief question whose article lacks a word of its topic, and any that means nearly the same, or tells nothing
    of the kind that is asked for (`gate_kinds.py`), is unsure at best: the lift code is not the door code, and what a
    locker costs is not how big it is. (Words that ask for a kind which the article tells are not its topic.) One whose
    article alone holds two words of it or more, all of them, under a title that it asks for wholly, is answered:
    similarity says little of a language that the model was not made for.
    """

    model: GateModel
    min_confidence: float
    unsure_confidence: float

    def judge(
        self,
        question: str,
        passages: Sequence[ScoredPassage],
        missing: Missing | None = None,
        offset: float = 0.0,
    ) -> tuple[float, Verdict, dict[str, float]]:
        """Give the confidence, the verdict and their features; without passages it is unanswered.

        `offset` shifts the log odds on this desk (`gate_calibration.py`).
        """
        if not passages:
            return 0.0, Verdict.UNANSWERED, {}
        from knowledge.answering.features import gate_features
        from knowledge.answering.gate_kinds import asked_kind, worst_gap
        from knowledge.answering.gate_words import load_word_vectors

        features = gate_features(question, passages, load_word_vectors())
        confidence = self.model.probability(features, offset)
        if offset:
            features |= {"desk_offset": offset}
        if missing:
            features |= {"missing_thing": 1.0}
        kind = asked_kind(question, passages)
        if kind is not None and not kind.told:
            features |= {"kind_lacking": 1.0}
        elif kind is not None:
            features |= {"topic_worst_else": worst_gap(question, passages, load_word_vectors(), kind.words)}
        ruled = self._ruled(confidence, features, missing)
        if ruled != confidence:
            features |= {"without_rules": confidence}
            confidence = ruled
        return confidence, self.verdict(confidence), features

    def _ruled(self, confidence: float, features: Mapping[str, float], missing: Missing | None) -> float:
        unsure = min(confidence, _BELOW * self.min_confidence)
        if missing or features["opposite"] or features["asks_who_did"]:
            odds = confidence / max(1.0 - confidence, 1e-9) * _RULE_ODDS
            return min(odds / (1.0 + odds), unsure)
        if features["story"] or features["topic_words"] > _FEW_WORDS:
            return confidence
        worst = features.get("topic_worst_else", features["topic_worst"])
        if worst >= _LACKING or "kind_lacking" in features:
            return unsure
        return max(confidence, self._floor(features))

    def _floor(self, features: Mapping[str, float]) -> float:
        held = (
            features["topic_whole"] and features["title_held"] >= _WHOLLY and features["topic_lead"] >= _ALONE
        )
        return self.min_confidence if held and features["topic_words"] >= _TWO_WORDS else 0.0

    def verdict(self, confidence: float) -> Verdict:
        """Give the verdict for a confidence."""
        if confidence >= self.min_confidence:
            return Verdict.ANSWERED
        return Verdict.UNSURE if confidence >= self.unsure_confidence else Verdict.UNANSWERED
