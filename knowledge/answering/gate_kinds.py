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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.models import ScoredPassage

_NUMBERING = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
"""Of steps: no number that answers "how many"."""


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    asks: re.Pattern[str]
    tells: re.Pattern[str]


def kind_lacking(question: str, passages: Sequence[ScoredPassage]) -> str | None:
    """Give the kind of answer that a question in English, German or French asks for and the best article lacks.

    `passages` best first, at least one; those of the first one's article are looked at. None where they tell what is
    asked for, or where the question does not say what kind it wants.
    """
    kind = next((kind for kind in _kinds() if kind.asks.search(question)), None)
    if kind is None:
        return None
    best = passages[0].passage.article
    own = (scored.passage for scored in passages if scored.passage.article == best)
    told = (" ".join((p.title, *p.heading_path, _NUMBERING.sub("", p.text))) for p in own)
    return None if any(kind.tells.search(text) for text in told) else kind.name


@lru_cache(maxsize=1)
def _kinds() -> tuple[_Kind, ...]:
    listed = files("knowledge.answering").joinpath("gate_kinds.toml").read_text(encoding="utf-8")
    return tuple(
        _Kind(row["name"], _pattern(row["asks"]), _pattern(row["tells"]))
        for row in tomllib.loads(listed)["kind"]
    )


def _pattern(alternatives: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{each})" for each in alternatives), re.IGNORECASE)
