"""Embeds questions in this process, in fp32, without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from knowledge.embedding.encoder import OnnxEncoder, available_cpus
from knowledge.embedding.tokens import ModelTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from knowledge.embedding.exported import ExportedModel

# Beyond four threads one short text gains nothing.
_MOST_THREADS = 4
# Rows x tokens of one run: small, since what the largest run took stays with the process.
_BUDGET = 2048
MOST_WINDOWS = 8


class QuestionEmbedder:
    """An exported model as a function from texts to vectors; thread-safe, synchronous.

    fp32 throughout, so that a text has the same vector alone and among others (bf16 would not give that).
    """

    def __init__(
        self, exported: ExportedModel, threads: int = 0, tokenizer: ModelTokenizer | None = None
    ) -> None:
        """Load the ONNX file; `threads` 0 takes the CPUs there are, four at most."""
        self._model = exported.model
        self._tokenizer = tokenizer or ModelTokenizer(exported.model)
        self._encoder = OnnxEncoder(
            exported.onnx, threads or min(available_cpus(), _MOST_THREADS), spin=False
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed questions, shape (texts, dimensions), L2-normalised; what is beyond the window is ignored."""
        return self._vectors(self._tokenizer.encode(texts, self._model.question_prompt))

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed a few passages the same way, with the passages' prompt."""
        return self._vectors(self._tokenizer.encode(texts, self._model.passage_prompt))

    def embed_windows(self, text: str) -> NDArray[np.float32]:
        """Embed a question of any length, shape (windows, dimensions): a vector a stretch, 8 at most."""
        return self.embed(windows(text, self._tokenizer))

    def count_tokens(self, text: str) -> int:
        """Count the tokens of the window that `text` takes as a passage."""
        return self._tokenizer.count(text)

    def token_offsets(self, text: str) -> list[tuple[int, int]]:
        """Give the character range of each token of `text`."""
        return self._tokenizer.offsets(text)

    def _vectors(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        vectors = np.empty((len(rows), self._model.dimensions), dtype=np.float32)
        for indices, batch in self._encoder.encode_in_batches(rows, _BUDGET):
            vectors[indices] = batch
        return vectors


def windows(text: str, tokenizer: ModelTokenizer, most: int = MOST_WINDOWS) -> list[str]:
    """Cut `text` into at most `most` stretches that fit the window as a question; the empty text is one."""
    offsets = tokenizer.offsets(text)
    size = tokenizer.question_window
    cuts = [offsets[start : start + size] for start in range(0, len(offsets), size)]
    return [text[cut[0][0] : cut[-1][1]] for cut in cuts[:most]] or [text]
