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

    from numpy import float32
    from numpy.typing import NDArray


WORD_FEATURES = ("covered", "window", "pairs", "run", "length", "held")
FEATURES = (*WORD_FEATURES, "said")
"""`said`: cosine of the sentence and the nearest stretch of the source. What the question has in common with the source
is no feature, though it would rank claims better: it would let any sentence out under a question that was found."""
STRETCH = 900
"""Characters of a source that are embedded together: what fits the model's window of 256 tokens."""
MOST_STRETCHES = 12
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
        """Give the probability from 0 to 1; a feature that is not known counts as an average one."""
        total = self.bias + sum(
            weight * (features[name] - self.mean[name]) / self.scale[name]
            for name, weight in self.weight.items()
            if name in features
        )
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


@lru_cache(maxsize=1)
def load_support() -> SupportModel:
    """Read the shipped numbers; bench/train_grounding.py makes them."""
    text = files("knowledge.answering.grounding").joinpath("support.toml").read_text(encoding="utf-8")
    return SupportModel(**tomllib.loads(text))


@lru_cache(maxsize=256)
def stretches(source: str) -> tuple[str, ...]:
    """Cut a source between its sentences into stretches that the model reads whole."""
    found: list[str] = []
    for part in (part for line in source.split("\n") if line.strip() for part in sentences(line)):
        if found and len(found[-1]) + len(part) < STRETCH:
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part[:STRETCH])
    return tuple(found[:MOST_STRETCHES])


def nearness(
    claim: NDArray[float32], source: Sequence[NDArray[float32]], question: NDArray[float32] | None = None
) -> dict[str, float]:
    """Give the cosine of unit vectors, 0 for a source without text; with a question also its two, to be compared."""
    found = {"said": max((float(part @ claim) for part in source), default=0.0)}
    if question is not None:
        found["asked"] = max((float(part @ question) for part in source), default=0.0)
        found["aimed"] = float(claim @ question)
    return found


def word_features(claim: str, source: str, language: str | None = None) -> dict[str, float]:
    """Give the features that need no model: shares from 0 to 1; `length` and `held` are logarithms of word counts."""
    stems = content_stems(without_markers(claim), language)
    held, present, pairs, near = _read(source, language)
    if not stems:
        return {
            "covered": 1.0,
            "window": 1.0,
            "pairs": 1.0,
            "run": 1.0,
            "length": 0.0,
            "held": math.log1p(len(held)),
        }
    wanted, mine = set(stems), set(pairwise(stems))
    return {
        "covered": _share(wanted, present),
        "window": max((_share(wanted, window) for window in near), default=0.0),
        "pairs": _share(mine, pairs) if mine else _share(wanted, present),
        "run": _longest_run(stems, held) / len(stems),
        "length": math.log1p(len(stems)),
        "held": math.log1p(len(held)),
    }


@lru_cache(maxsize=256)
def _read(
    source: str, language: str | None
) -> tuple[tuple[str, ...], frozenset[str], frozenset[tuple[str, str]], tuple[frozenset[str], ...]]:
    """Give a source's stems, the set of them, their pairs, and the set of each two sentences that follow each other."""
    held = tuple(content_stems(source, language))
    found = [part for line in source.split("\n") if line.strip() for part in sentences(line)]
    texts = [" ".join(found[index : index + 2])[:_LONGEST_WINDOW] for index in range(len(found))]
    near = tuple(frozenset(content_stems(text, language)) for text in texts[:_MOST_WINDOWS])
    return held, frozenset(held), frozenset(pairwise(held)), near


def _share(wanted: set[Any], present: set[Any] | frozenset[Any]) -> float:
    return len(wanted & present) / len(wanted) if wanted else 1.0


def _longest_run(stems: Sequence[str], held: Sequence[str]) -> int:
    """Length of the longest run of words that both have, dynamic programming over the two."""
    best = 0
    at: dict[str, list[int]] = {}
    for index, other in enumerate(held):
        at.setdefault(other, []).append(index)
    previous: dict[int, int] = {}
    for stem in stems:
        current = {index: previous.get(index - 1, 0) + 1 for index in at.get(stem, ())}
        best = max(best, max(current.values(), default=0))
        previous = current
    return best
