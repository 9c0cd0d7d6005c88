"""Texts grouped by their meaning. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIKE: Final = 0.55
"""The mean cosine from which two groups of questions ask the same; docs/admin.md has what it was chosen by."""


def grouped(
    vectors: NDArray[np.float32], weights: NDArray[np.float64], alike: float = ALIKE
) -> list[list[int]]:
    """Group unit vectors, and give the groups by their weight, each as indices with the most central one first.

    Average linkage: two groups become one while their members are alike on the whole, the closest pair first. The
    same input gives the same groups.
    """
    if not len(vectors):
        return []
    groups = [[index] for index in range(len(vectors))]
    # the mean cosine of two groups' members is the product of their mean vectors
    means = np.asarray(vectors, np.float64) * weights[:, None]
    masses = weights.astype(np.float64).copy()
    near = (means / masses[:, None]) @ (means / masses[:, None]).T
    np.fill_diagonal(near, -np.inf)
    while True:
        first, second = divmod(int(near.argmax()), len(groups))
        if near[first, second] < alike:
            break
        groups[first] += groups[second]
        groups[second] = []
        means[first] += means[second]
        masses[first] += masses[second]
        alive = np.array([bool(group) for group in groups])
        row = (means / masses[:, None]) @ (means[first] / masses[first])
        row[~alive] = -np.inf
        near[first], near[:, first] = row, row
        near[second], near[:, second] = -np.inf, -np.inf
        near[first, first] = -np.inf
    kept = [index for index, group in enumerate(groups) if group]
    kept.sort(key=lambda index: (-masses[index], groups[index][0]))
    return [_central_first(groups[index], vectors, means[index]) for index in kept]


def _central_first(group: list[int], vectors: NDArray[np.float32], mean: NDArray[np.float64]) -> list[int]:
    nearness = vectors[group] @ mean
    return [group[position] for position in np.lexsort((np.array(group), -nearness))]
