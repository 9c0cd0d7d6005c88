"""The best of many scores: which can be among them at all, and in which order they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from knowledge.stores.entries import Vectors

_DECIMALS = 6
_ROUNDING = 4e-6
"""More than what rounding to so many decimals, in float32, can move two scores towards each other."""
_BLOCK = 64


def promising(estimates: Vectors, mask: NDArray[np.bool_], error: float, top_k: int) -> NDArray[np.intp]:
    """Give, ascending, slots within `mask` among which are the best `top_k` and all that equal the last of them.

    No score is further than `error` from its estimate. `estimates` is overwritten.
    """
    columns = max(len(estimates) // _BLOCK, 4 * top_k)
    rows = len(estimates) // columns
    if rows < 1 or not np.isfinite(error):
        return np.flatnonzero(mask)
    np.copyto(estimates, np.float32(-np.inf), where=~mask)
    # So many columns have one estimate each that is this good or better, so the last of the best is no worse.
    tops = estimates[: rows * columns].reshape(rows, columns).max(axis=0)
    reached = float(np.partition(tops, columns - top_k)[columns - top_k])
    if not np.isfinite(reached):
        return np.flatnonzero(mask)
    return np.flatnonzero(estimates >= np.float32(reached - 2 * error - _ROUNDING))


def best(scores: Vectors, slots: NDArray[np.intp], ids: Sequence[str], top_k: int) -> list[int]:
    """Give the places in `scores`, which are those of `slots`, of the best, best first, ties by the slots' ids."""
    # Rounded, so that the last bits of a sum do not decide between equals.
    rounded = np.round(scores, _DECIMALS)
    places = np.arange(len(slots))
    if len(slots) > top_k:
        threshold = np.partition(rounded, len(slots) - top_k)[len(slots) - top_k]
        places = np.flatnonzero(rounded >= threshold)
        rounded = rounded[places]
    names = (ids[slot] for slot in slots[places].tolist())
    order = sorted(zip((-rounded).tolist(), names, places.tolist(), strict=True))
    return [place for _, _, place in order[:top_k]]
