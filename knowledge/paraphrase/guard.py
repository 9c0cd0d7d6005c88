"""The guard: whether two questions ask the same, with the reasons where they do not. Precision comes first.

Two steps. Rules look for a difference (`differences.py`): numbers, units, platforms, kinds of a thing, opposites,
negation, form, verb, names, who does what to whom. Where they see none, a regression weighs how near the questions are
(`comparison.py`); its numbers and the least score are those of guard.toml, made by bench/train_guard.py.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files

from knowledge.answering.gate import Logistic
from knowledge.answering.language import detect_language
from knowledge.models import revision_of
from knowledge.paraphrase.comparison import features
from knowledge.paraphrase.differences import differences
from knowledge.paraphrase.wording import Wording, wording

GUARD_VERSION = "2"
"""Moves when the rules' code takes other questions for the same."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of two questions: `reasons` are empty where they ask the same.

    `score` are the regression's log odds that they do, whatever the rules say.
    """

    reasons: tuple[str, ...]
    score: float

    @property
    def same(self) -> bool:
        """Whether the questions ask the same."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Guard:
    """Compares questions; pure, and symmetric in them."""

    model: Logistic
    least: float
    """The least log odds of two questions that are taken for one."""

    @property
    def digest(self) -> str:
        """Give what changes with its numbers and rules: what was kept under one guard no other serves."""
        return revision_of(asdict(self.model), self.least, _tables())

    def compare(self, first: str, second: str, cosine: float) -> Verdict:
        """Say whether two questions ask the same; `cosine` is that of their vectors by all-MiniLM-L6-v2.

        Questions of the same words ask the same. What is not English has to be asked in the same words.
        """
        one, other = _taken_apart(first), _taken_apart(second)
        if one.plain == other.plain and one.plain:
            return Verdict((), self.model.logit(features(one, other, cosine)))
        reasons = differences(first, second, one, other)
        score = self.model.logit(features(one, other, cosine))
        if not _english(first, second) and sorted(one.all_words) != sorted(other.all_words):
            reasons.append("language: other words, and not English")
        if not one.content or not other.content:
            reasons.append("empty: nothing says what is asked")
        if score < self.least:
            reasons.append(f"far: {score:.2f} is less than {self.least:.2f}")
        return Verdict(tuple(reasons), score)


@lru_cache(maxsize=1)
def load_guard() -> Guard:
    """Read the shipped numbers."""
    table = tomllib.loads(files("knowledge.paraphrase").joinpath("guard.toml").read_text(encoding="utf-8"))
    listed = table["features"]
    model = Logistic(
        bias=table["bias"],
        weight={name: row["weight"] for name, row in listed.items()},
        mean={name: row["mean"] for name, row in listed.items()},
        scale={name: row["scale"] for name, row in listed.items()},
    )
    return Guard(model, table["least"])


@lru_cache(maxsize=1)
def _tables() -> tuple[str, ...]:
    folder = files("knowledge.paraphrase")
    names = ("differences.toml", "wording.toml")
    return (GUARD_VERSION, *(folder.joinpath(name).read_text(encoding="utf-8") for name in names))


@lru_cache(maxsize=4096)
def _taken_apart(question: str) -> Wording:
    return wording(question)


def _english(*questions: str) -> bool:
    return all(detect_language(question) in {"en", None} and question.isascii() for question in questions)
