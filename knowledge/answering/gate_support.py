"""Whether passages hold what a question is about, word by word: as it stands, or as a word that means the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from knowledge.aliases import named_in, spoken
from knowledge.answering.gate_opposites import operations, opposite_of
from knowledge.answering.language import STOP_WORDS, detect_language
from knowledge.answering.missing_words import ALIASES, NO_THINGS, SHELL
from knowledge.answering.words import clip, names_platform, stem, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from knowledge.aliases import Named
    from knowledge.answering.gate_words import WordVectors
    from knowledge.models import ScoredPassage

MOST_WORDS = 12
"""Words of a question that are looked at: whoever writes more tells a story, whose subject comes first."""
_LEAD = 160
_MOST_SHARES = 64
_SHORTEST_PART = 4
_COMMONEST = 0.3
"""What the commonest word weighs, the rarest weighing 1."""
_ELSEWHERE = 0.5
_SUBJECTS = frozenset(
    {"bot", "phone", "phones", "smartphone", "tablet", "laptop", "laptops", "computer", "desktop"}
)
"""Not missed by name in a question (`NO_THINGS`), but they say what it is about."""
_SAME, _OTHER = 0.62, 0.26
"""Cosines of word vectors from which two words mean the same, and below which they have nothing in common."""


@dataclass(frozen=True, slots=True)
class Support:
    """How well texts hold the topic words of a question: `held` (words, texts) from 0 to 1; `weights` by rarity."""

    words: tuple[str, ...]
    weights: NDArray[np.float32]
    held: NDArray[np.float32]

    def of(self, texts: Sequence[int]) -> NDArray[np.float32]:
        """Give for each word how well the best of some of the texts holds it."""
        best: NDArray[np.float32] = self.held[:, list(texts)].max(axis=1, initial=0.0)
        return best

    def mean(self, texts: Sequence[int]) -> float:
        """Give the share (0-1) of the topic, by weight, that these texts hold; 0.5 for a question without one."""
        total = float(self.weights.sum())
        return float(self.weights @ self.of(texts)) / total if total else 0.5

    def gaps(self, texts: Sequence[int]) -> NDArray[np.float32]:
        """Give for each word how much is missing of it in these texts, times its weight."""
        lacking: NDArray[np.float32] = self.weights * (1.0 - self.of(texts))
        return lacking


@dataclass(frozen=True, slots=True)
class _Held:
    """The words of a text, as a set and one on a line each, their stems, and the rows of their vectors.

    `shares` remembers how well it holds words that were asked for, `_MOST_SHARES` at most.
    """

    words: frozenset[str]
    lines: str
    stems: frozenset[str]
    rows: NDArray[np.int64]
    shares: dict[str, float] = field(default_factory=dict)


_NEAR, _RELATED, _SHARED = 0.35, 0.2, 0.6
"""Cosines from which a passage is near a question, and from which it is if its title has a word of the topic."""


def related(question: str, passages: Sequence[ScoredPassage], vectors: WordVectors) -> list[ScoredPassage]:
    """Give those of the passages that are worth naming where none of them answers; in their order."""
    heads = [f"{scored.passage.title} {' '.join(scored.passage.heading_path)}" for scored in passages]
    shared = support_for(question, heads, vectors).held.max(axis=0, initial=0.0)
    return [
        scored
        for scored, share in zip(passages, shared.tolist(), strict=True)
        if scored.dense >= _NEAR or (share >= _SHARED and scored.dense >= _RELATED)
    ]


def topic_words(text: str, language: str | None = None) -> list[str]:
    """Give the words that say what a text is about, casefolded, each once; of a story those of its lead."""
    lead = clip(text).split("\n\n")[0][:_LEAD]
    stops = _stops(language or detect_language(lead) or "en")
    found = [word for word in dict.fromkeys(words(lead)) if word not in stops and _tells(word)]
    return found[:MOST_WORDS]


def support_for(question: str, texts: Sequence[str], vectors: WordVectors) -> Support:
    """Hold the topic words of a question against texts."""
    language = detect_language(question) or "en"
    topic = topic_words(question, language)
    wanted, named = operations(question), named_in(question)
    same = [_said_otherwise(wanted, named, text) for text in texts]
    held = [_held(text, language, vectors) for text in texts]
    table = [
        [
            1.0 if word in said else _supported(word, language, one, vectors)
            for one, said in zip(held, same, strict=True)
        ]
        for word in topic
    ]
    weights = [_weight(word, language, vectors) for word in topic]
    return Support(
        tuple(topic),
        np.asarray(weights, np.float32),
        np.asarray(table, np.float32).reshape(len(topic), len(texts)),
    )


def _said_otherwise(
    wanted: Mapping[tuple[int, bool], frozenset[str]], named: Sequence[Named], text: str
) -> frozenset[str]:
    """Give the words for wanted operations and named things that the text has under another name."""
    if not wanted and not named:
        return frozenset()
    found = [wanted[key] for key in wanted.keys() & _done_in(text)] if wanted else []
    found += [thing.words for thing in named if thing.stands_in(spoken(text))]
    return frozenset[str]().union(*found)


@lru_cache(maxsize=4096)
def _done_in(text: str) -> frozenset[tuple[int, bool]]:
    return frozenset(operations(text))


def _weight(word: str, language: str, vectors: WordVectors) -> float:
    """Give more for a rarer word; of other languages no words are known that mean the same, so they count less."""
    if language != "en" and vectors.row(word) is None:
        return _ELSEWHERE
    return _COMMONEST + (1.0 - _COMMONEST) * vectors.rarity(word)


def _tells(word: str) -> bool:
    said = word in SHELL or (word in NO_THINGS and word not in _SUBJECTS)
    return len(word) > 1 and not word.isdigit() and not said


@lru_cache(maxsize=16)
def _stops(language: str) -> frozenset[str]:
    return STOP_WORDS["en"] | STOP_WORDS.get(language, frozenset())


@lru_cache(maxsize=1024)  # some 10 kB each
def _held(text: str, language: str, vectors: WordVectors) -> _Held:
    stops = _stops(language)
    found = [word for word in dict.fromkeys(words(text)) if word not in stops]
    stems = frozenset(stem(word, tag) for word in found for tag in {language, "en"})
    rows = dict.fromkeys(vectors.row(word) for word in found)
    lines = "\n".join(["", *found, ""])
    known = np.array([row for row in rows if row is not None], np.int64)
    return _Held(frozenset(found), lines, stems, known)


def _supported(word: str, language: str, held: _Held, vectors: WordVectors) -> float:
    """Look up, or find out, how well a text holds a word: people ask in the same words about the same passages."""
    known = held.shares.get(word)
    if known is None:
        if len(held.shares) >= _MOST_SHARES:
            held.shares.clear()
        known = held.shares[word] = _support(word, language, held, vectors)
    return known


def _support(word: str, language: str, held: _Held, vectors: WordVectors) -> float:
    if any(_stands(form, language, held) for form in _forms(word)):
        return 1.0
    row = vectors.row(word)
    if row is None or not len(held.rows):
        return 0.0
    apart = [known for other in opposite_of(word) if (known := vectors.row(other)) is not None]
    rows = held.rows[~np.isin(held.rows, apart)] if apart else held.rows
    best = float(vectors.cosines([row], rows).max(initial=-1.0))
    return min(max((best - _OTHER) / (_SAME - _OTHER), 0.0), 1.0)


@lru_cache(maxsize=4096)
def _forms(word: str) -> tuple[str, ...]:
    aliases = tuple(part for alias in ALIASES.get(word, ()) for part in alias.split("-"))
    return (word, *aliases, *names_platform(word))


def _stands(form: str, language: str, held: _Held) -> bool:
    if stem(form, language) in held.stems or stem(form, "en") in held.stems:
        return True
    return len(form) >= _SHORTEST_PART and _shares_compound(form, held)


def _shares_compound(form: str, held: _Held) -> bool:
    """Whether a word of the text begins or ends with the form, or the form with a word that is not the shortest."""
    if f"\n{form}" in held.lines or f"{form}\n" in held.lines:
        return True
    return any(
        form[:size] in held.words or form[-size:] in held.words
        for size in range(_SHORTEST_PART + 1, len(form) + 1)
    )
