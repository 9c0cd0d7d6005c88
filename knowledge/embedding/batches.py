"""Which texts share a batch: pure arithmetic over token counts."""

# ruff: noqa: PLC0415 - numpy is loaded with the first batch
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

# Sorted within stretches of this many texts and not over all of them, so that articles become whole one after
# the other and a run that is killed has finished some; at this size little more is padded than in a full sort
STRETCH = 512


@dataclass(frozen=True, slots=True)
class EmbeddedBatch:
    """Vectors of some of the texts: row r of `vectors` (float32, L2-normalised) is of texts[indices[r]]."""

    indices: NDArray[np.int64]
    vectors: NDArray[np.float32]


def token_budget_batches(
    lengths: Sequence[int], budget: int, stretch: int = STRETCH
) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of each batch: of like length, rows x longest within `budget` tokens, never empty."""
    import numpy as np

    counts = np.asarray(lengths, dtype=np.int64)
    for start in range(0, len(counts), stretch):
        # Longest first: the memory that the first batch takes is enough for the others.
        order = start + np.argsort(-counts[start : start + stretch], kind="stable")
        while len(order):
            rows = max(1, budget // max(1, int(counts[order[0]])))
            yield order[:rows]
            order = order[rows:]


def padded(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lay rows of token ids into one matrix, zeros behind the short; the second is the attention mask."""
    import numpy as np

    width = max((len(row) for row in rows), default=0)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for position, row in enumerate(rows):
        ids[position, : len(row)] = row
        mask[position, : len(row)] = 1
    return ids, mask
