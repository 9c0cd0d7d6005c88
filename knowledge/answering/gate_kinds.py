"""What kind of answer a brief question asks for: an article that tells no size does not say how big a thing is.

A kind is a price, a size, a weight, a duration, a time, a frequency, a count, a person, a reason, a phone number. What
tells one is looked for widely, in all that was found of the article: the rule is to be seldom wrong, not to fire often.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from knowledge.answering.gate_support import support_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.answering.gate_words import WordVectors
    from knowledge.models import ScoredPassage

_NUMBERING = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
"""Of steps: no number that answers "how many"."""


@dataclass(frozen=True, slots=True)
class AskedKind:
    """The kind of answer that a question asks for; `told`: whether the best article has one of the kind.

    `words` are those that say no more than that this kind is wanted, casefolded: who asks what you charge for a locker
    is answered by its price.
    """

    name: str
    told: bool
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    asks: re.Pattern[str]
    tells: re.Pattern[str]
    words: frozenset[str]


def asked_kind(question: str, passages: Sequence[ScoredPassage]) -> AskedKind | None:
    """Give the kind of answer that a question in English, German or French asks for; None where it does not say.

    `passages` best first, at least one; those of the first one's article are looked at.
    """
    kind = next((kind for kind in _kinds() if kind.asks.search(question)), None)
    if kind is None:
        return None
    best = passages[0].passage.article
    own = (scored.passage for scored in passages if scored.passage.article == best)
    texts = (" ".join((p.title, *p.heading_path, _NUMBERING.sub("", p.text))) for p in own)
    return AskedKind(kind.name, any(kind.tells.search(text) for text in texts), kind.words)


def worst_gap(
    question: str, passages: Sequence[ScoredPassage], vectors: WordVectors, but: frozenset[str]
) -> float:
    """Give how much the best article lacks of the topic word that it lacks most, times its weight, `but` for some."""
    best = passages[0].passage.article
    own = [scored.passage for scored in passages if scored.passage.article == best]
    support = support_for(
        question, [f"{p.title}\n{' '.join(p.heading_path)}\n{p.text}" for p in own], vectors
    )
    gaps = support.gaps(range(len(own)))
    return max(
        (float(gap) for word, gap in zip(support.words, gaps, strict=True) if word not in but), default=0.0
    )


@lru_cache(maxsize=1)
def _kinds() -> tuple[_Kind, ...]:
    listed = files("knowledge.answering").joinpath("gate_kinds.toml").read_text(encoding="utf-8")
    return tuple(
        _Kind(row["name"], _pattern(row["asks"]), _pattern(row["tells"]), frozenset(row["words"].split()))
        for row in tomllib.loads(listed)["kind"]
    )


def _pattern(alternatives: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in alternatives), re.IGNORECASE)
