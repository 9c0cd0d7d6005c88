"""The vectors of passages in slots, and of the articles that these make up: what a question's cosines with them are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from knowledge.stores.centres import ArticleCentres
from knowledge.stores.fusion import BALANCED
from knowledge.stores.quantised import QuantisedRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from knowledge.stores.entries import Vectors

_AT_ONCE = 4096

_Kind = TypeVar("_Kind", bound=np.generic)


class PassageVectors:
    """A row for each slot, and the number of the article that the slot's passage belongs to."""

    def __init__(self, large: int) -> None:
        """From `large` slots on, products with all rows are estimated from a copy in bytes."""
        self._large = large
        self._matrix: Vectors = np.zeros((0, 0), np.float32)
        self._article_of: NDArray[np.int32] = np.zeros(0, np.int32)
        self._centres = ArticleCentres()
        # Of passage + weight x centre, so that one scan estimates both cosines of the score.
        self._quantised = QuantisedRows()

    @property
    def dimensions(self) -> int:
        """The length of the vectors; 0 before the first."""
        return int(self._matrix.shape[1])

    def make_room(self, size: int) -> None:
        """Have room for so many slots."""
        self._article_of = grown(self._article_of, size)
        self._matrix = grown(self._matrix, size)

    def article(self, slot: int) -> int:
        """Give the number of a slot's article."""
        return int(self._article_of[slot])

    def articles(self, slots: Sequence[int]) -> set[int]:
        """Give the numbers of the articles of slots."""
        return set(self._article_of[slots].tolist())

    def row(self, slot: int) -> Vectors:
        """Give the vector of a slot, as it is now."""
        row: Vectors = self._matrix[slot].copy()
        return row

    def join(self, key: tuple[str, str], slot: int) -> int:
        """Count a slot to an article and give the article's number."""
        number = self._article_of[slot] = self._centres.add(key, slot)
        return int(number)

    def leave(self, slot: int) -> None:
        """Take a slot away from its article."""
        self._centres.discard(self.article(slot), slot)

    def put(self, slot: int, vector: Vectors | None) -> None:
        """Keep a slot's vector, None as zeros."""
        if vector is not None and self._matrix.shape[1] == 0:
            self._matrix = np.zeros((len(self._matrix), len(vector)), np.float32)
        self._matrix[slot] = 0.0 if vector is None else vector

    def put_all(self, vectors: Mapping[int, Vectors | None]) -> None:
        """Keep the vectors of slots that have zeros, all rows at once."""
        known = {slot: vector for slot, vector in vectors.items() if vector is not None}
        if known:
            rows = np.stack(list(known.values()))
            self.put(next(iter(known)), rows[0])
            self._matrix[list(known)] = rows

    def settle(self, articles: set[int], ids: Sequence[str]) -> None:
        """Do what follows once the passages of these articles have changed; `ids` are those of all slots."""
        self._centres.update(articles, self._matrix, ids)
        if len(ids) < self._large or not self.dimensions:
            return
        whole = self._quantised.shape[1] != self.dimensions
        if self._quantised.shape != self._matrix.shape:
            self._quantised.make_room(*self._matrix.shape)
        slots = np.arange(len(ids)) if whole else self._centres.slots(articles)
        for start in range(0, len(slots), _AT_ONCE):
            part = slots[start : start + _AT_ONCE]
            centres = self._centres.rows(self._article_of[part])
            self._quantised.set(part, self._matrix[part] + np.float32(BALANCED.article) * centres)

    def query(self, vectors: Vectors | None, weights: Sequence[float]) -> Vectors | None:
        """Weigh several query vectors into one, since cosines are linear in them; None where there is no cosine."""
        if vectors is None or not self.dimensions:
            return None
        weighed: Vectors = np.asarray(weights, np.float32) @ np.atleast_2d(vectors)
        return weighed

    def estimates(self, query: Vectors | None, size: int, article: float) -> tuple[Vectors, float] | None:
        """Estimate, of slots 0 to `size`, cosine + `article` x cosine of the article; None where it is not worth it.

        With it comes how far off any of them can be.
        """
        if query is None or size < self._large or article != BALANCED.article:
            return None
        return self._quantised.products(query, size)

    def cosines(self, query: Vectors | None, slots: NDArray[np.intp], size: int) -> tuple[Vectors, Vectors]:
        """Give the cosines of some of the slots 0 to `size`, and those of their articles.

        Each is the same to the last bit whichever others are asked for.
        """
        if query is None:
            return np.zeros(len(slots), np.float32), np.zeros(len(slots), np.float32)
        articles = self._article_of[slots]
        # Not `@`: bound by memory, BLAS is no quicker here, and its threads stall one another on a busy machine;
        # and its sums depend on how many rows there are.
        if len(slots) * 2 < size:
            dense: Vectors = np.einsum("ij,j->i", self._matrix[slots], query)
            return dense, np.einsum("ij,j->i", self._centres.rows(articles), query)
        dense = np.einsum("ij,j->i", self._matrix[:size], query)
        return dense[slots], self._centres.cosines(query)[articles]


def grown(values: NDArray[_Kind], size: int) -> NDArray[_Kind]:
    """Give a copy with room for more, filled up with zeros."""
    larger = np.zeros((size, *values.shape[1:]), values.dtype)
    larger[: len(values)] = values
    return larger
