"""Two articles that state different numbers about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.answering.blocks import units_of
from knowledge.answering.words import content_stems, names, numbers, platforms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from knowledge.models import Passage, ScoredPassage

_SAME_SUBJECT = 0.7
_FEWEST_STEMS = 3


@dataclass(frozen=True, slots=True)
class Conflict:
    """`stated` is a sentence of the answer; `other`, of another article, has other numbers for the same."""

    stated: str
    other: str
    passage: Passage


def find_conflict(stated: Iterable[str], cited: Passage, ranked: Sequence[ScoredPassage]) -> Conflict | None:
    """Find the first sentence of another article that says the same as a stated one with other numbers.

    "The same" is an overlap (Jaccard) of 0.7 of their stems, numbers left aside, and no name or platform that
    only one of them holds: plans and products differ by name, and then their numbers may.
    """
    candidates = [sentence for sentence in stated if numbers(sentence)]
    for scored in ranked if candidates else ():
        if scored.passage.article == cited.article:
            continue
        for unit in units_of(scored.passage.text):
            if unit.kind != "sentence" or not numbers(unit.text):
                continue
            for sentence in candidates:
                if _disagree(sentence, unit.text, cited.language):
                    return Conflict(sentence, unit.text, scored.passage)
    return None


def _disagree(first: str, second: str, language: str | None) -> bool:
    if numbers(first) & numbers(second):
        return False
    left, right = _subject(first, language), _subject(second, language)
    if min(len(left), len(right)) < _FEWEST_STEMS:
        return False
    if names(first) ^ names(second) or platforms(first) ^ platforms(second):
        return False
    return len(left & right) / len(left | right) >= _SAME_SUBJECT


def _subject(text: str, language: str | None) -> frozenset[str]:
    return frozenset(term for term in content_stems(text, language) if not term.replace(".", "").isdigit())
