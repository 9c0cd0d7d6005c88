"""What a sentence states: about what, which numbers, whether it denies, and what limits it."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from knowledge.answering.quantities import Quantity, quantities
from knowledge.answering.statement_limits import (
    CASES,
    is_case,
    is_rough,
    names_in,
    one_word,
    plainly,
    topic,
    which,
)
from knowledge.answering.style_words import tells_what_to_do
from knowledge.answering.words import content_stems, platforms, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from knowledge.models import Passage

_LONGEST = 300
_DEICTIC = re.compile(
    r"^(?:\*\*)?(?:it|this|that|these|those|they|he|she|which|es|das|dies|diese|er|sie|il|elle|ils|cela|ce|the link|"
    r"the code|the message)\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[*_`~]+|\[\d{1,3}\]|(?<=\])\([^)]*\)|[\[\]]")
_DIGITS = re.compile(r"\d+")
_GAP = "\x00"


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, taken apart.

    `words` are the stems of what it is about, numbers, denials and opposites left aside; `before` those that stand
    right before one of them. `kinds_around` are the plans and platforms that it, its headings and its title name.
    A number that its title or a heading has too is part of a name. `asserts`: a whole sentence, and no instruction.
    `is_case`: its numbers are an example's, or the reader's choice. `is_rough`: they are what is usual. `which` tells
    which one "the party" is: words of the title and headings beside each of theirs, where it does not say so itself.
    """

    text: str
    words: tuple[str, ...]
    before: frozenset[str]
    numbers: tuple[Quantity, ...]
    denials: int
    poles: frozenset[tuple[int, bool]]
    kinds: frozenset[str]
    kinds_around: frozenset[str]
    qualifiers: frozenset[str]
    conditions: frozenset[str]
    names: frozenset[str]
    identifiers: frozenset[tuple[str, float]]
    context: frozenset[str]
    is_deictic: bool
    asserts: bool
    is_case: bool = False
    is_rough: bool = False
    which: frozenset[tuple[str, str]] = frozenset()

    def by_kind(self) -> Mapping[str, list[Quantity]]:
        """Give the quantities that compare, by what they count."""
        found: defaultdict[str, list[Quantity]] = defaultdict(list)
        for one in self.numbers:
            if not one.identifies:
                found[one.kind].append(one)
        return found

    @property
    def limits(self) -> frozenset[str]:
        """The words that limit it to some cases, without those that stand before a time or a number."""
        return self.conditions & CASES

    def narrowed(self, extra: frozenset[str]) -> bool:
        """Whether one of these words of it narrows what it is about: it stands right before another of its words."""
        return bool(extra & self.before)


@dataclass(frozen=True, slots=True)
class _Words:
    kinds: tuple[frozenset[str], ...]
    qualifiers: tuple[frozenset[str], ...]
    same: Mapping[str, str]
    soft: frozenset[str]
    plain: frozenset[str]
    numbered: frozenset[str]
    poles: Mapping[str, frozenset[tuple[int, bool]]]
    negators: frozenset[str]
    conditions: frozenset[str]


@lru_cache(maxsize=1)
def _table() -> _Words:
    text = files("knowledge.answering").joinpath("conflict_words.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    same = {stem(word): stem(row.split()[0]) for row in table["same"] for word in row.split()}
    poles: defaultdict[str, set[tuple[int, bool]]] = defaultdict(set)
    for number, row in enumerate(table["opposites"]):
        for side, part in zip((True, False), row.split("|"), strict=True):
            for word in part.split():
                poles[word].add((number, side))
    return _Words(
        tuple(frozenset(row.split()) for row in table["kinds"]),
        tuple(frozenset(row.split()) for row in table["qualifiers"]),
        same,
        frozenset(table["soft"].split()),
        frozenset(table["plain"].split()),
        frozenset(table["numbered"].split()),
        {word: frozenset(found) for word, found in poles.items()},
        frozenset(table["negators"].split()),
        frozenset(table["conditions"].split()),
    )


def read_statement(text: str, passage: Passage) -> Statement | None:
    """Read one sentence as said by a passage; None where it states nothing: a question, or far too long."""
    language = (passage.language or "en").split("-")[0].lower()
    return _read(text, passage.title, passage.heading_path, language)


@lru_cache(maxsize=2_048)
def _read(text: str, title: str, headings: tuple[str, ...], language: str) -> Statement | None:
    bare = " ".join(_MARKS.sub("", text).split())
    if len(bare) > _LONGEST or bare.endswith(("?", ":")) or not bare:
        return None
    table = _table()
    around = one_word(" ".join([title, *headings]))
    plain = plainly(bare)
    named = set(_DIGITS.findall(around))
    numbers = tuple(
        replace(one, identifies=True) if named & set(_DIGITS.findall(plain[slice(*one.span)])) else one
        for one in quantities(plain, table.numbered)
    )
    plain = _without(plain, numbers)
    said = words(plain)
    tokens = _tokens(said, language)
    kinds = _members(table.kinds, said) | platforms(plain)
    return Statement(
        bare,
        tuple(token for token in tokens if token != _GAP),
        frozenset(one for one, after in pairwise(tokens) if _GAP not in {one, after}),
        numbers,
        sum(word in table.negators for word in said),
        _poles(said),
        kinds,
        kinds | _members(table.kinds, words(around)) | platforms(around),
        _members(table.qualifiers, said),
        frozenset(word for word in said if word in table.conditions),
        names_in(plain, language) - set(words(title)) - table.soft,
        frozenset((one.kind, one.low) for one in numbers if one.identifies),
        _context((title, *headings), language),
        bool(_DEICTIC.match(bare)),
        bare.endswith(".") and not tells_what_to_do(bare) and said[:1] not in (["to"], ["um"], ["pour"]),
        is_case(bare),
        is_rough(bare),
        _which(bare, (title, *headings), frozenset(tokens), language),
    )


def _which(
    text: str, around: Iterable[str], said: frozenset[str], language: str
) -> frozenset[tuple[str, str]]:
    table = _table()
    pairs = which(text, around, language, table.plain)
    return frozenset((table.same.get(one, one), other) for one, other in pairs if other not in said)


def _without(text: str, numbers: tuple[Quantity, ...]) -> str:
    for one in numbers:
        text = f"{text[: one.span[0]]}{' ' * (one.span[1] - one.span[0])}{text[one.span[1] :]}"
    return text


def _tokens(said: list[str], language: str) -> list[str]:
    """Give the stems of a sentence with a gap for each word that says nothing, and each denial and opposite."""
    table = _table()
    found: list[str] = []
    for word in said:
        stems = content_stems(word, language)
        skipped = not stems or word in table.soft | table.negators | table.conditions or word in table.poles
        one = _GAP if skipped or stems[0].isdigit() else stems[0]
        found.append(table.same.get(one, one))
    return found


def _poles(said: list[str]) -> frozenset[tuple[int, bool]]:
    """Give the sides of opposites that it names, unless it names both sides of one."""
    held = {pole for word in said for pole in _table().poles.get(word, ())}
    return frozenset((pair, side) for pair, side in held if (pair, not side) not in held)


def _members(groups: tuple[frozenset[str], ...], said: list[str]) -> frozenset[str]:
    held = set(said)
    return frozenset(stem(word) for group in groups for word in group & held)


def _context(around: Iterable[str], language: str) -> frozenset[str]:
    """Give what titles and headings are about: the stems of their words, without the verb of "Change your name"."""
    same = _table().same
    found: set[str] = set()
    for line in around:
        found.update(content_stems(" ".join(topic(line)), language))
    return frozenset(same.get(one, one) for one in found)
