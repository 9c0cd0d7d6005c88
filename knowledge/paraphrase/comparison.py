"""How two questions differ, as numbers: the features that the guard's regression weighs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

from knowledge.answering.gate_words import load_word_vectors
from knowledge.answering.words import stem
from knowledge.paraphrase.wording import FAILING, NOT, OPEN, PAST, TELLING, Wording, meaning

if TYPE_CHECKING:
    from collections.abc import Sequence

_SYNONYM = 0.85
_TYPO = 0.95
_NEAR = 0.45
_OF_VECTORS = 0.8
_LONG = 5
_LEAST_WEIGHT = 0.15


@dataclass(frozen=True, slots=True)
class _Matched:
    """The words of two questions that mean nearly the same, with how nearly, and those of each that are left."""

    pairs: list[tuple[str, str, float]]
    left: tuple[list[str], list[str]]


def features(first: Wording, second: Wording, cosine: float) -> dict[str, float]:
    """Compare two questions; symmetric. `cosine` is that of their vectors by the embedding model."""
    matched = _matched(first, second)
    weights = [max(_weight(one), _weight(other)) for one, other, _ in matched.pairs]
    same = sum(weight * near for weight, (_, _, near) in zip(weights, matched.pairs, strict=True))
    apart = [weight * (1 - near) for weight, (_, _, near) in zip(weights, matched.pairs, strict=True)]
    lost = [[_weight(word) for word in side] for side in matched.left]
    worst = sorted(max(side, default=0.0) for side in lost)
    total = sum(weights) + sum(map(sum, lost))
    return {
        "cosine": cosine,
        "held": same / total if total else 1.0,
        "same_weight": math.log1p(same),
        "worst_pair": max(apart, default=0.0),
        "left_more": max(map(sum, lost)),
        "left_less": min(map(sum, lost)),
        "worst_more": worst[1],
        "worst_less": worst[0],
        **_said(first, second),
        **_forms(first.form, second.form),
    }


def _said(first: Wording, second: Wording) -> dict[str, float]:
    """Compare how the questions are put, small words included."""
    said = (first.all_words, second.all_words)
    stems = [Counter(map(stem, words)) for words in said]
    return {
        "ends": float(first.keys[-1:] == second.keys[-1:]),
        "begins": float(first.keys[:1] == second.keys[:1]),
        "letters_sorted": fuzz.token_sort_ratio(first.plain, second.plain) / 100,
        "light": math.log1p(((stems[0] - stems[1]) + (stems[1] - stems[0])).total()),
        "length_ratio": abs(math.log((1 + len(said[0])) / (1 + len(said[1])))),
        "telling": float(len(_only(said, TELLING))),
        "failing": _unequal(said, NOT | FAILING),
        "past": _unequal(said, PAST),
        "open": _unequal(said, OPEN),
    }


def _forms(one: str, other: str) -> dict[str, float]:
    both = {one, other}
    asks = bool(both & {"way", "place", "possible", "wish"})
    return {
        "form_same": float(one == other),
        "form_reason_statement": float(both == {"reason", "statement"}),
        "form_statement_ask": float("statement" in both and asks),
        "form_meaning_ask": float("meaning" in both and asks),
        "form_can_how": float(len(both) > 1 and both <= {"way", "place", "possible", "wish"}),
    }


def _matched(first: Wording, second: Wording) -> _Matched:
    one, other = list(dict.fromkeys(first.content)), list(dict.fromkeys(second.content))
    near = sorted(
        (
            (similarity(a, b), min(a, b), max(a, b), a, b)
            for a in one
            for b in other
            if similarity(a, b) >= _NEAR
        ),
        reverse=True,
    )
    left = (one, other)
    pairs = []
    for nearness, _, _, a, b in near:
        if a in left[0] and b in left[1]:
            left[0].remove(a)
            left[1].remove(b)
            pairs.append((a, b, nearness))
    return _Matched(pairs, left)


def similarity(one: str, other: str) -> float:
    """Give how near two casefolded words are, 1 being the same word; symmetric."""
    if stem(one) == stem(other):
        return 1.0
    vectors = load_word_vectors()
    unknown = one not in vectors or other not in vectors
    if unknown and min(len(one), len(other)) >= _LONG and DamerauLevenshtein.distance(one, other) == 1:
        return _TYPO
    if meaning(one) == meaning(other):
        return _SYNONYM
    rows = [vectors.row(word.replace("_", "")) for word in (one, other)]
    held = [row for row in rows if row is not None]
    return _OF_VECTORS * float(vectors.cosines(held[:1], held[1:])[0, 0]) if len(held) > 1 else 0.0


def _weight(word: str) -> float:
    """Give what a word counts: common ones little, rare ones and unknown ones most."""
    return _LEAST_WEIGHT + (1 - _LEAST_WEIGHT) * load_word_vectors().rarity(word.partition("_")[0])


def _only(said: Sequence[Sequence[str]], listed: frozenset[str]) -> set[str]:
    one, other = ({meaning(word) for word in words if word in listed} for words in said)
    return one ^ other


def _unequal(said: Sequence[Sequence[str]], listed: frozenset[str]) -> float:
    return float(len({listed.isdisjoint(words) for words in said}) > 1)
