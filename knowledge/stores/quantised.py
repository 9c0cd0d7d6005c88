"""A copy of vectors in bytes: what their products with a query are at most, in a third of the time."""

# ruff: noqa: PLC0415 - numkong is loaded where there is much to search, not for a small desk
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge.stores.entries import Vectors

_LARGEST = 127
_AT_ONCE = 4096
_SUMS = 2.0**-23
"""Relative error of a float32 operation, twice over; a product of n numbers has n of them."""


class QuantisedRows:
    """Rows of vectors, each as signed bytes and a scale, and how far off they are."""

    def __init__(self) -> None:
        self._codes: NDArray[np.int8] = np.zeros((0, 0), np.int8)
        self._scales: NDArray[np.float32] = np.zeros(0, np.float32)
        self._error = 0.0
        self._norm = 0.0

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows there is room for, and how long they are."""
        return self._codes.shape

    def make_room(self, rows: int, dimensions: int) -> None:
        """Have room for so many rows; what is there stays, unless it has other dimensions."""
        codes, scales = self._codes, self._scales
        self._codes, self._scales = np.zeros((rows, dimensions), np.int8), np.zeros(rows, np.float32)
        if codes.shape[1] == dimensions:
            self._codes[: len(codes)], self._scales[: len(scales)] = codes, scales
        else:
            self._error = self._norm = 0.0

    def set(self, places: NDArray[np.intp], rows: Vectors) -> None:
        """Keep the rows at these places."""
        for start in range(0, len(places), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            peaks = np.abs(part).max(axis=1)
            if not np.isfinite(peaks).all():
                self._error = np.inf  # not vectors at all: nothing is said of products from here on
                return
            scales = np.where(peaks > 0, peaks / np.float32(_LARGEST), np.float32(1))
            codes = np.rint(part / scales[:, None])
            self._codes[places[start : start + _AT_ONCE]] = codes
            self._scales[places[start : start + _AT_ONCE]] = scales
            self._norm = max(self._norm, float(np.linalg.norm(part, axis=1).max()))
            self._error = max(
                self._error, float(np.linalg.norm(part - codes * scales[:, None], axis=1).max())
            )

    def products(self, query: Vectors, size: int) -> tuple[Vectors, float]:
        """Give the products of the first rows with a query, and how far off any can be from the true ones.

        With r for a row, r' for its bytes and likewise q, q': |rq - r'q'| = |(r - r')q + r'(q - q')|, at most
        |r - r'||q| + |r'||q - q'| (Cauchy and Schwarz). The rounding of sums is counted in, and that of the exact
        product that this one stands for. An infinite error says that nothing is known.
        """
        import numkong

        peak = float(np.abs(query).max())
        if not (np.isfinite(peak) and np.isfinite(self._error)):
            return np.zeros(size, np.float32), np.inf
        scale = np.float32(peak / _LARGEST or 1.0)
        codes = np.rint(query / scale)
        products: Vectors = np.empty((size, 1), np.float32)
        numkong.cdist(self._codes[:size], codes.astype(np.int8)[None], metric="dot", out=products)
        found = products[:, 0]
        found *= self._scales[:size]
        found *= scale
        length, missed = float(np.linalg.norm(query)), float(np.linalg.norm(query - codes * scale))
        sums = (len(query) + 64) * _SUMS * self._norm * length
        return found, self._error * length + (self._norm + self._error) * missed + sums
