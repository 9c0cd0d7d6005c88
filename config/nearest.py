"""What a misspelt word was meant to be."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIKELY = 0.6
"""From this similarity on a guess is worth a "did you mean"; it is difflib's own default."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word most like `word` (ties: the first in the alphabet), None when none is known."""
    return max(sorted(known), key=lambda candidate: similarity(word, candidate), default=None)


def similarity(word: str, other: str) -> float:
    """Say how alike two words are, from 0 to 1, whatever their case and their dashes."""
    return SequenceMatcher(None, _plain(word), _plain(other), autojunk=False).ratio()


def is_likely(word: str, other: str) -> bool:
    """Whether `other` may well be what was meant by `word`."""
    return similarity(word, other) >= _LIKELY


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """End a sentence about an unknown word: the nearest known one, and all where the guess is weak."""
    words = sorted(known)
    guess = nearest(word, words)
    if guess is None:
        return "there is none"
    if is_likely(word, guess):
        return f"did you mean {guess}?"
    return f"the nearest is {guess}; known are {', '.join(words)}"


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
