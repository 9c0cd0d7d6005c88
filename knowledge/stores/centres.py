"""The centre of each article's passages: what the article as a whole is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Vectors = NDArray[np.float32]


class ArticleCentres:
    """Unit vectors of articles, by numbers that stay while an article has passages."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._keys: dict[int, tuple[str, str]] = {}
        self._slots: dict[int, set[int]] = {}
        self._free: list[int] = []
        self._matrix: Vectors = np.zeros((0, 0), np.float32)

    def add(self, key: tuple[str, str], slot: int) -> int:
        """Count a slot to an article and give the article's number."""
        number = self._numbers.get(key)
        if number is None:
            number = self._free.pop() if self._free else len(self._slots)
            self._numbers[key], self._keys[number], self._slots[number] = number, key, set()
        self._slots[number].add(slot)
        return number

    def discard(self, number: int, slot: int) -> None:
        """Take a slot away from its article."""
        slots = self._slots[number]
        slots.discard(slot)
        if not slots and number in self._keys:
            del self._numbers[self._keys.pop(number)]
            self._free.append(number)

    def update(self, numbers: Iterable[int], matrix: Vectors, ids: Sequence[str]) -> None:
        """Move the centres of these articles to where their passages in `matrix` now are; `ids` name the slots.

        They are summed by id: who holds the same passages in other slots has the same centres to the last bit.
        """
        self._make_room(matrix.shape[1])
        for number in numbers:
            slots = sorted(self._slots[number], key=ids.__getitem__)
            total = matrix[slots].sum(axis=0, dtype=np.float32)
            self._matrix[number] = total / max(float(np.linalg.norm(total)), 1e-9)

    def slots(self, numbers: Iterable[int]) -> NDArray[np.intp]:
        """Give the slots of these articles."""
        return np.array([slot for number in numbers for slot in self._slots[number]], np.intp)

    def rows(self, numbers: NDArray[np.int32]) -> Vectors:
        """Give the centres of articles, a row each."""
        return self._matrix[numbers]

    def cosines(self, query: Vectors) -> Vectors:
        """Give the cosine of a query with every article, by number."""
        cosines: Vectors = np.einsum("ij,j->i", self._matrix[: len(self._slots)], query)
        return cosines

    def _make_room(self, dimensions: int) -> None:
        needed = len(self._slots)
        if needed > len(self._matrix) or self._matrix.shape[1] != dimensions:
            grown = np.zeros((max(256, needed + needed // 2), dimensions), np.float32)
            if self._matrix.shape[1] == dimensions:
                grown[: len(self._matrix)] = self._matrix
            self._matrix = grown
