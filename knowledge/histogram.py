"""A histogram in plain numbers: counting costs some hundred nanoseconds."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Histogram:
    """Counts values by the first of `bounds` (ascending) that they do not pass; beyond the last there is one more."""

    __slots__ = ("_bounds", "_numbers", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._numbers = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self._numbers[bisect_left(self._bounds, value)] += 1
        self._sum += value

    @property
    def sum(self) -> float:
        """The sum of all values."""
        return self._sum

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Give each bound with how many values do not pass it; the last bound is infinity, and has all of them."""
        total = 0
        for bound, number in zip((*self._bounds, float("inf")), tuple(self._numbers), strict=True):
            total += number
            yield bound, total
