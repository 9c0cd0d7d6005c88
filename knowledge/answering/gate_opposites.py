"""Operations that undo one another: an article on turning a thing on is no answer to how it is turned off."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from knowledge.answering.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class _Phrase:
    first: str
    last: str
    pattern: re.Pattern[str]

    def search(self, text: str) -> re.Match[str] | None:
        """Find it; most texts lack one of its words, which is seen much sooner than the pattern fails."""
        return self.pattern.search(text) if self.first in text and self.last in text else None


@dataclass(frozen=True, slots=True)
class _Side:
    words: frozenset[str]
    phrases: tuple[_Phrase, ...]

    def said_in(self, text: str, held: frozenset[str]) -> frozenset[str]:
        found = (phrase.search(text) for phrase in self.phrases)
        ends = (match.group().split() for match in found if match)
        return (self.words & held).union(*({phrase[0], phrase[-1]} for phrase in ends))


@dataclass(frozen=True, slots=True)
class _Group:
    do: _Side
    undo: _Side


def asks_the_opposite(question: str, texts: Sequence[str]) -> bool:
    """Whether the texts tell how to undo what the question wants done, or the other way round, and not that itself.

    Only known pairs of operations count, in English, German and French.
    """
    wanted = operations(question).keys()
    one_way = {(group, side) for group, side in wanted if (group, not side) not in wanted}
    if not one_way:
        return False
    told = operations("\n".join(texts)).keys()
    return not one_way & told and any((group, not side) in told for group, side in one_way)


@lru_cache(maxsize=1024)
def operations(text: str) -> Mapping[tuple[int, bool], frozenset[str]]:
    """Give the operations that a text speaks of, each with the casefolded words that say so.

    Two texts that share a key speak of the same operation, whatever words they use: "switch on", "aktivieren".
    """
    folded = text.casefold()
    held = frozenset(words(folded))
    return MappingProxyType(
        {
            (number, done): said
            for number, group in enumerate(_groups())
            for done, side in ((True, group.do), (False, group.undo))
            if (said := side.said_in(folded, held))
        }
    )


def opposite_of(word: str) -> frozenset[str]:
    """Give the casefolded words for undoing what a word means; empty for most words."""
    return _opposites().get(word, frozenset())


@lru_cache(maxsize=1)
def _groups() -> tuple[_Group, ...]:
    listed = files("knowledge.answering").joinpath("gate_opposites.toml").read_text(encoding="utf-8")
    return tuple(
        _Group(
            _Side(frozenset(row["do"].split()), tuple(map(_phrase, row.get("do_phrases", ())))),
            _Side(frozenset(row["undo"].split()), tuple(map(_phrase, row.get("undo_phrases", ())))),
        )
        for row in tomllib.loads(listed)["group"]
    )


@lru_cache(maxsize=1)
def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for group in _groups():
        for one, other in ((group.do, group.undo), (group.undo, group.do)):
            for word in one.words:
                found[word] = found.get(word, frozenset()) | other.words
    return found


def _phrase(phrase: str) -> _Phrase:
    """Match a phrase; between its two words may stand up to four others ("turn two-factor off", "schalte es aus")."""
    first, last = phrase.replace(" … ", " ").rsplit(" ", 1)
    between = r"(?:\s+[^\s.!?]+){0,4}?\s+"
    return _Phrase(first, last, re.compile(rf"\b{re.escape(first)}{between}{re.escape(last)}\b"))
