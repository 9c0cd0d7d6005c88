"""How well a unit of text answers a question: by the words of the question that it holds, and by meaning."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.answering.language import detect_language
from knowledge.answering.words import clip, content_stems, stem_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

_HOW_TO = re.compile(
    r"\bhow (?:do|can|to|would|should|could|does|did)\b|\bhow\W*$|\bsteps?\b|\binstructions?\b"
    r"|\bwie (?!viel|lang|oft|hoch|teuer)|\bcomment\b|\bc[oó]mo\b|\bhoe\b|\bcome (?!mai)|"
    r"^(?:set ?up|install|connect|reset|create|add|change|enable|disable|remove|delete|export|import|turn|"
    r"switch|invite|cancel)\b",
    re.IGNORECASE,
)
_QUANTITY = re.compile(
    r"\bhow (?:much|many|long|often|big|large|far|soon|old)\b|\bwhen\b|\blimits?\b|\bprice"
    r"|\bcosts?\b|\bmaximum\b|\bminimum\b|\bwie (?:viel|lange|oft|hoch|teuer|gro(?:ß|ss))|\bwann\b"
    r"|\bcombien\b|\bquand\b|\bcu[aá]nt[oa]s?\b|\bquant[oaie]\b",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_EXPECTED_NUMBER = 0.08


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the scoring sees it: what its content stems weigh, and what kind of answer it wants."""

    text: str
    language: str | None
    weights: Mapping[str, float]
    how_to: bool
    quantity: bool

    def covered(self, text: str) -> float:
        """Give the share (0-1) of the question's content, by weight, that `text` holds."""
        return self.covered_by(stem_set(text, self.language))

    def covered_by(self, stems: AbstractSet[str]) -> float:
        """Do the same for a text that was stemmed already."""
        total = sum(self.weights.values())
        held = sum(weight for term, weight in self.weights.items() if term in stems)
        return held / total if total else 0.0

    def missing(self, text: str) -> frozenset[str]:
        """Give the content stems of the question that `text` does not hold."""
        return frozenset(self.weights).difference(stem_set(text, self.language))


def stem_sets(texts: Iterable[str], question: str) -> list[frozenset[str]]:
    """Stem texts in the language of the question, for `asked`."""
    language = detect_language(question)
    return [stem_set(text, language) for text in texts]


def asked(question: str, background: Sequence[AbstractSet[str]]) -> Asked:
    """Read a question; a stem that few of the `background` sets hold weighs more (inverse frequency)."""
    text = clip(question)
    language = detect_language(text)
    weights = {
        term: (1.0 + math.log((1 + len(background)) / (1 + sum(term in held for held in background))))
        * min(times, 2) ** 0.5
        for term, times in Counter(content_stems(text, language)).items()
    }
    return Asked(text, language, weights, bool(_HOW_TO.search(text)), bool(_QUANTITY.search(text)))


def unit_score(question: Asked, text: str, dense: float | None) -> float:
    """Score a unit from 0 to about 1; `dense` is its cosine with the question, None where not computed."""
    covered = question.covered(text)
    score = covered if dense is None else 0.5 * covered + 0.5 * max(dense, 0.0)
    if question.quantity and _DIGIT.search(text):
        score += _EXPECTED_NUMBER
    return score
