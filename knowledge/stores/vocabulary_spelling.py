"""The word that a misspelt one was meant to be, among the words that a reader may see."""

from __future__ import annotations

import re
from heapq import nsmallest
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from knowledge.stores.analysis import Analyzer
    from knowledge.stores.postings import Postings

SHORTEST = 4
_ONE_ERROR_UP_TO = 7
_LOOKED_AT = 8
_WORD = re.compile(r"[^\W\d_]+")


class Spelling:
    """Repairs words by the terms of the entries that a mask of slots lets through; made for one question.

    An error is a letter too many, too few, wrong, or swapped with its neighbour (optimal string alignment). Words of
    4 to 7 letters may have one, longer ones two; the first letter is right. Of several words as near the one in most
    entries is taken.
    """

    def __init__(
        self,
        postings: Postings,
        analyzer: Analyzer,
        languages: Collection[str],
        mask: NDArray[np.bool_],
        text_of: Callable[[int], str],
        *,
        ids: Sequence[str],
    ) -> None:
        """`text_of` gives all that is readable of a slot, `ids` its entry; `languages` are Snowball names."""
        self._postings = postings
        self._analyzer = analyzer
        self._languages = sorted(languages)
        self._mask = mask
        self._text_of = text_of
        self._ids = ids

    def repaired(self, word: str) -> str | None:
        """Give the word as the entries write it; None where it is one of theirs, or none is near enough."""
        plain = word.casefold()
        if len(plain) < SHORTEST or not plain.isalpha() or self._stands(plain):
            return None
        near = sorted(self._near(plain), key=lambda found: (found[1], -len(self._seen(found[0])), found[0]))
        for term, _ in near[:_LOOKED_AT]:
            written = self._written(term)
            if written is not None and written[0] == plain[0]:
                return written
        return None

    def _stands(self, plain: str) -> bool:
        """Whether the word is there as it is, inflected, or as a part of a compound."""
        terms = {term for language in self._languages for term in self._analyzer.terms(plain, language)}
        if any(len(self._seen(term)) for term in terms):
            return True
        return any(len(self._seen(term)) for term in self._postings.like.with_edge(plain))

    def _near(self, plain: str) -> Iterable[tuple[str, int]]:
        errors = 1 if len(plain) <= _ONE_ERROR_UP_TO else 2
        stems = {plain, *(term for tag in self._languages for term in self._analyzer.terms(plain, tag)[:1])}
        for stem in sorted(stems):
            found = extract(
                stem,
                list(self._postings.like.near(stem, errors)),
                scorer=OSA.distance,
                score_cutoff=errors,
                limit=None,
            )
            for term, distance, _ in found:
                if term[0] == plain[0] and term.isalpha() and len(self._seen(term)):
                    yield term, int(distance)

    def _seen(self, term: str) -> NDArray[np.int32]:
        slots = self._postings.slots_of(term)
        seen: NDArray[np.int32] = slots[self._mask[slots]]
        return seen

    def _written(self, term: str) -> str | None:
        """Give a word with this stem as it stands in an entry in sight: of the entries with the first ids."""
        for slot in nsmallest(_LOOKED_AT, self._seen(term).tolist(), key=self._ids.__getitem__):
            for word in dict.fromkeys(_WORD.findall(self._text_of(slot).casefold())):
                if any(self._analyzer.terms(word, language) == [term] for language in self._languages):
                    return str(word)
        return None
