"""The bulk by onnxruntime: a batch a core, so that no core waits for another in the middle of one."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from knowledge.embedding.batches import token_budget_batches
from knowledge.embedding.encoder import OnnxEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

# A passage or two: their activations fit the core's own cache, and next to nothing is padded.
_LEAST_BUDGET = 256


class ParallelEncoder:
    """An exported model for bulk: `threads` batches at once, each on one core.

    Splitting one batch over the cores makes each wait for the slowest at every layer, the more so on a busy machine.
    """

    def __init__(self, onnx: Path, threads: int) -> None:
        """Load `onnx`, once for all cores."""
        self._encoder = OnnxEncoder(onnx, 1, spin=False)
        self._threads = threads

    def encode_in_batches(
        self, rows: Sequence[Sequence[int]], budget: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Embed many rows with `budget` tokens under way at once; yield (indices, vectors) batch by batch."""
        share = max(_LEAST_BUDGET, budget // self._threads)
        waiting: deque[tuple[NDArray[np.int64], Future[NDArray[np.float32]]]] = deque()
        with ThreadPoolExecutor(self._threads, "embedding") as pool:
            for indices in token_budget_batches([len(row) for row in rows], share):
                if len(waiting) == 2 * self._threads:  # one under way and one ready for each core
                    done, vectors = waiting.popleft()
                    yield done, vectors.result()
                waiting.append(
                    (indices, pool.submit(self._encoder.encode, [rows[index] for index in indices]))
                )
            for done, vectors in waiting:
                yield done, vectors.result()
