"""How much of a sentence its cited passages say: shared words and nearness of meaning, weighed into one number."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from knowledge.answering.grounding.markers import without_markers
from knowledge.answering.sentences import sentences
from knowledge.answering.words import content_stems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


FEATURES = ("covered", "window", "pairs", "run", "length", "nearest", "whole")
"""`nearest` and `whole` are cosines; a model without their weights needs no embeddings."""
_LONGEST_WINDOW = 600
_MOST_WINDOWS = 40


@dataclass(frozen=True, slots=True)
class SupportModel:
    """A logistic regression as plain numbers: how likely an expert calls a sentence supported."""

    bias: float
    weight: Mapping[str, float]
    mean: Mapping[str, float]
    scale: Mapping[str, float]
    threshold: float

    def probability(self, features: Mapping[str, float]) -> float:
        """Give the probability from 0 to 1."""
        total = self.bias + sum(
            weight * (features[name] - self.mean[name]) / self.scale[name]
            for name, weight in self.weight.items()
        )
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


@lru_cache(maxsize=1)
def load_support() -> SupportModel:
    """Read the shipped numbers; bench/grounding.py makes them."""
    text = files("knowledge.answering.grounding").joinpath("support.toml").read_text(encoding="utf-8")
    return SupportModel(**tomllib.loads(text))


def windows(text: str) -> list[str]:
    """Give each sentence of a text together with its follower: a claim often joins two."""
    found = [part for line in text.split("\n") if line.strip() for part in sentences(line)]
    pairs = [" ".join(found[index : index + 2])[:_LONGEST_WINDOW] for index in range(len(found))]
    return pairs[:_MOST_WINDOWS]


def word_features(claim: str, source: str, language: str | None = None) -> dict[str, float]:
    """Give the features that need no model: all are shares from 0 to 1, `length` aside."""
    stems = content_stems(without_markers(claim), language)
    held = content_stems(source, language)
    if not stems:
        return {"covered": 1.0, "window": 1.0, "pairs": 1.0, "run": 1.0, "length": 0.0}
    wanted, present = set(stems), set(held)
    near = max((_share(wanted, set(content_stems(w, language))) for w in windows(source)), default=0.0)
    pairs = set(pairwise(stems))
    return {
        "covered": _share(wanted, present),
        "window": near,
        "pairs": _share(pairs, set(pairwise(held))) if pairs else _share(wanted, present),
        "run": _longest_run(stems, held) / len(stems),
        "length": math.log1p(len(stems)),
    }


def _share(wanted: set[Any], present: set[Any]) -> float:
    return len(wanted & present) / len(wanted) if wanted else 1.0


def _longest_run(stems: Sequence[str], held: Sequence[str]) -> int:
    """Length of the longest run of words that both have, dynamic programming over the two."""
    best = 0
    previous = [0] * (len(held) + 1)
    for stem in stems:
        current = [0] * (len(held) + 1)
        for index, other in enumerate(held, start=1):
            if stem == other:
                current[index] = previous[index - 1] + 1
                best = max(best, current[index])
        previous = current
    return best
