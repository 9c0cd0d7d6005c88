"""How meaning and keywords become one score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KEYWORD_WEIGHT = 0.3


def fuse(dense: NDArray[np.float32], keyword: NDArray[np.float32], ceiling: float) -> NDArray[np.float32]:
    """Add cosines and BM25 scores, these as a share of `ceiling`, what a passage with every term would get.

    Both parts mean the same from one question to the next, unlike ranks or scores scaled by their maximum.
    """
    share = keyword / np.float32(ceiling) if ceiling > 0 else keyword
    fused: NDArray[np.float32] = dense + np.float32(KEYWORD_WEIGHT) * share
    return fused
