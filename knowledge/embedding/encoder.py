"""Token ids to vectors by onnxruntime; the questions' path and, on most CPUs, the bulk's too."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from knowledge.embedding.batches import padded, token_budget_batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class OnnxEncoder:
    """An exported model in memory; thread-safe."""

    def __init__(self, onnx: Path, threads: int, *, spin: bool) -> None:
        """Load `onnx`. Spinning threads are quicker under constant load and burn an idle CPU."""
        self._session = open_session(onnx, threads, spin=spin)

    def encode(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Embed the rows as one batch."""
        ids, mask = padded(rows)
        (vectors,) = self._session.run(["embeddings"], {"input_ids": ids, "attention_mask": mask})
        return np.asarray(vectors, dtype=np.float32)

    def encode_in_batches(
        self, rows: Sequence[Sequence[int]], budget: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Embed many rows, batch by batch, as (indices, vectors)."""
        for indices in token_budget_batches([len(row) for row in rows], budget):
            yield indices, self.encode([rows[index] for index in indices])


def open_session(onnx: Path, threads: int, *, spin: bool) -> onnxruntime.InferenceSession:
    """Load an ONNX file to run on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])


def available_cpus() -> int:
    """How many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
