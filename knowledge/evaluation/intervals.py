"""Bootstrap intervals: how far a measure of so few questions may be off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_DRAWS = 1000
_SEED = 20260304
_LEVEL = 0.95


def bootstrap(count: int, measure: Callable[[Sequence[int]], float | None]) -> tuple[float, float] | None:
    """Give the 95 % percentile interval of `measure` over indices drawn with replacement from `count` rows.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13; a thousand draws of a fixed seed, so
    the same rows give the same interval. Draws that have no measure (one class only) are left out; None without any.
    """
    if not count:
        return None
    draws = np.random.default_rng(_SEED).integers(0, count, (_DRAWS, count))
    found = [value for draw in draws.tolist() if (value := measure(draw)) is not None]
    if not found:
        return None
    low, high = np.quantile(found, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    return float(low), float(high)


def mean_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Give the interval of the arithmetic mean; None of nothing."""
    if not values:
        return None
    table = np.asarray(values, dtype=float)
    draws = np.random.default_rng(_SEED).integers(0, len(table), (_DRAWS, len(table)))
    low, high = np.quantile(table[draws].mean(axis=1), ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    return float(low), float(high)
