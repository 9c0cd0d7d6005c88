"""Token ids to vectors by torch, in the child only: for the export, and for bf16 where the CPU has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from knowledge.embedding.batches import padded, token_budget_batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from knowledge.embedding.model import EmbeddingModel, Pooling


# Where onnxruntime is quickest with batches that fit the cache, torch needs larger ones against its overhead.
_BUDGET_FACTOR = 8


class Pooled(torch.nn.Module):  # type: ignore[misc]  # torch is not followed by mypy
    """A transformer with its pooling and L2 normalisation behind it."""

    def __init__(self, transformer: torch.nn.Module, pooling: Pooling) -> None:
        """Put `pooling` behind `transformer`."""
        super().__init__()
        self.transformer = transformer
        self.pooling = pooling

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Give one vector a row."""
        hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "cls":
            vectors = hidden[:, 0]
        else:
            weights = attention_mask.unsqueeze(-1).to(hidden.dtype)
            vectors = (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
        return torch.nn.functional.normalize(vectors, p=2.0, dim=1)


class Bfloat16Encoder:
    """The model in bf16; half the arithmetic where the CPU multiplies it natively."""

    def __init__(self, model: EmbeddingModel, threads: int) -> None:
        """Load the model's own weights."""
        from transformers import AutoModel  # noqa: PLC0415 - slower to import than torch itself

        torch.set_num_threads(threads)
        transformer = AutoModel.from_pretrained(
            str(model.path), attn_implementation="sdpa", dtype=torch.bfloat16
        )
        self._model = Pooled(transformer, model.pooling).eval()

    def encode(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Embed the rows as one batch."""
        ids, mask = (torch.from_numpy(matrix) for matrix in padded(rows))
        with torch.inference_mode():
            vectors = self._model(ids, mask).float()
        # Rounded to bf16, the length is off by some 1e-3: normalise again.
        return np.asarray(torch.nn.functional.normalize(vectors, p=2.0, dim=1).numpy(), dtype=np.float32)

    def encode_in_batches(
        self, rows: Sequence[Sequence[int]], budget: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Embed many rows, batch by batch, as (indices, vectors)."""
        for indices in token_budget_batches([len(row) for row in rows], budget * _BUDGET_FACTOR):
            yield indices, self.encode([rows[index] for index in indices])
