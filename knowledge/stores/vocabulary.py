"""Whether a word stands in what a reader may see: as it is, stemmed, in parts, or nearly spelt so."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from knowledge.stores.analysis import Analyzer
    from knowledge.stores.postings import Postings

_SHORTEST_TYPO = 4
_SHORTEST_PART = 4
_ONE_ERROR_UP_TO = 7


class Vocabulary:
    """The terms of the entries that a mask of slots lets through; made for one question, then thrown away."""

    def __init__(
        self, postings: Postings, analyzer: Analyzer, languages: Collection[str], mask: NDArray[np.bool_]
    ) -> None:
        """Look through `mask`; `languages` are the Snowball names of the languages that the entries are in."""
        self._postings = postings
        self._analyzer = analyzer
        self._languages = sorted(languages)
        self._mask = mask

    def holds(self, word: str) -> bool:
        """Whether the word stands in sight, in doubt yes: inflected, misspelt, within a compound, or as two words.

        Misspelt means: the first letter is right, and of 4 to 7 letters one is wrong, of longer words two.
        """
        variants = [self._analyzer.terms(word, language) for language in self._languages]
        if any(self._stands(terms) for terms in variants):
            return True
        plain = "".join(character for character in word.casefold() if character.isalnum())
        stems = {plain, *(term for terms in variants for term in terms[:1])}
        return any(self._visible(term) for term in self._like(plain, stems)) or self._is_two(plain)

    def _stands(self, terms: list[str]) -> bool:
        if len(terms) <= 1:
            return bool(terms) and self._visible(terms[0])
        return self._visible(terms[0]) or all(self._visible(part) for part in terms[1:])

    def _visible(self, term: str) -> bool:
        slots = self._postings.slots_of(term)
        return bool(len(slots)) and bool(self._mask[slots].any())

    def _like(self, plain: str, stems: Collection[str]) -> Iterator[str]:
        if len(plain) >= _SHORTEST_PART:
            yield from self._postings.like.with_edge(plain)
        errors = 1 if len(plain) <= _ONE_ERROR_UP_TO else 2
        for stem in stems if len(plain) >= _SHORTEST_TYPO else ():
            near = list(self._postings.like.near(stem, errors)) if stem else []
            # What is near enough is found in C; few are left for the rest of the rule.
            found = extract(stem, near, scorer=OSA.distance, score_cutoff=errors, limit=None)
            yield from (term for term, _, _ in found if is_misspelling(stem, term, len(plain)))

    def _is_two(self, plain: str) -> bool:
        """Whether two words of one entry, written together, are this one: "wifi" where "Wi-Fi" stands."""
        for cut in range(2, len(plain) - 1):
            first, second = plain[:cut], plain[cut:]
            for language in self._languages:
                terms = [*self._analyzer.terms(first, language), *self._analyzer.terms(second, language)]
                if len(terms) == 2 and self._together(*terms):  # noqa: PLR2004 - one for each half
                    return True
        return False

    def _together(self, first: str, second: str) -> bool:
        slots, others = self._postings.slots_of(first), self._postings.slots_of(second)
        if not len(slots) or not len(others):
            return False
        has_first = self._mask & False
        has_first[slots] = self._mask[slots]
        return bool(has_first[others].any())


def is_misspelling(stem: str, term: str, letters: int) -> bool:
    """Whether `term` is `stem` with as few errors as a word of so many letters may have."""
    if letters < _SHORTEST_TYPO or not stem or stem[0] != term[0] or stem.startswith(term):
        return False  # what begins with a shorter word is another word: "kindle" is not "kind"
    errors = 1 if letters <= _ONE_ERROR_UP_TO else 2
    if abs(len(stem) - len(term)) > errors or not _share_a_piece(stem, term, errors + 1):
        return False
    return OSA.distance(stem, term, score_cutoff=errors) <= errors


def _share_a_piece(first: str, second: str, pieces: int) -> bool:
    """Whether one of the pieces survived: with fewer errors than pieces one must, a swap across two aside."""
    cuts = [round(i * len(first) / pieces) for i in range(pieces + 1)]
    held = [first[start + 1 : end - 1] or first[start:end] for start, end in pairwise(cuts)]
    return any(piece in second for piece in held)
