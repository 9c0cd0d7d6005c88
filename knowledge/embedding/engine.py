"""Embedding: the one door to the model, for the index and for answering."""

# ruff: noqa: PLC0415 - numpy and what embeds are loaded with the first text: a start from the cache asks the model's name alone
from __future__ import annotations

import asyncio
import contextlib
from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from knowledge.embedding.batches import EmbeddedBatch
from knowledge.embedding.exported import ExportedModel
from knowledge.embedding.model import EmbeddingModel, resolve_model
from knowledge.embedding.question_queue import QuestionQueue

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from config.settings import EmbeddingSettings
    from knowledge.embedding.bulk import BulkEmbedder
    from knowledge.embedding.questions import QuestionEmbedder
    from knowledge.embedding.tokens import ModelTokenizer
    from knowledge.histogram import Histogram

__all__ = ["IN_PROCESS_PASSAGES", "EmbeddedBatch", "Embedding"]

# So few passages are embedded here: a child would take longer to start.
IN_PROCESS_PASSAGES = 64
_PASSAGES_A_RUN = 8
RECENT = 4_096
"""So many short texts keep their vectors, some 10 MB: questions come again, and so do the sentences of answers."""


class Embedding:
    """The embedding model: questions in this process, many passages in a child, neither before it is needed.

    Every method loads what it needs by itself; `start` only does the slow part (the export, once a model and
    machine) at a moment of the caller's choice. All vectors are float32 and L2-normalised.
    """

    def __init__(self, settings: EmbeddingSettings, models_dir: Path) -> None:
        """Read nothing yet; exported models are kept in `models_dir`."""
        self._settings = settings
        self._models_dir = models_dir
        self._loading = asyncio.Lock()
        self._questions: QuestionEmbedder | None = None
        self._queue = QuestionQueue(self._embed_now)
        self._recent: dict[str, NDArray[np.float32]] = {}
        self._bulks: set[BulkEmbedder] = set()
        self._log = structlog.get_logger()

    @cached_property
    def model(self) -> EmbeddingModel:
        """The model and its digest, read from its folder (milliseconds) at first; raises EmbeddingError."""
        return resolve_model(self._settings.model)

    @property
    def question_runs(self) -> Histogram:
        """How many texts the runs of the model for questions had."""
        return self._queue.sizes

    async def start(self) -> None:
        """Make sure that the ONNX file exists; cheap when it does, some 20 s the first time.

        Raises:
            EmbeddingError: The model is missing or cannot be exported.
            DiskFull: No space for the exported model.
        """
        async with self._loading:
            await self._ensure_exported()

    async def load(self) -> None:
        """Load the model before the first question asks for it. Raises as `embed_questions` does."""
        await self._loaded()

    async def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed questions, shape (texts, dimensions); simultaneous callers share a run of the model.

        What is beyond the model's window is ignored: see `embed_question_windows`.
        """
        import numpy as np

        if not texts:
            return np.empty((0, self.model.dimensions), dtype=np.float32)
        held = {text: self._recent.pop(text) for text in dict.fromkeys(texts) if text in self._recent}
        lacking = [text for text in dict.fromkeys(texts) if text not in held]
        self._recent |= held  # what was asked for last stands last
        if lacking:
            # copies, since a row of a batch would keep the whole of it
            held |= {
                text: vector.copy()
                for text, vector in zip(lacking, await self._queue.embed(lacking), strict=True)
            }
            self._recent |= {text: held[text] for text in lacking}
        while len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        return np.stack([held[text] for text in texts])

    async def embed_question_windows(self, text: str) -> NDArray[np.float32]:
        """Embed a question of any length, shape (windows, dimensions): a vector a stretch, 8 at most."""
        from knowledge.embedding.questions import windows

        return await self.embed_questions(await asyncio.to_thread(windows, text, self._tokenizer))

    async def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> AsyncGenerator[EmbeddedBatch, None]:
        """Yield the passages' vectors batch by batch, roughly in order; `progress` gets (done, total).

        Close it (`contextlib.aclosing`) when leaving it early: that ends the child.

        Raises:
            EmbeddingError: The model failed or its process died; batches that came are right.
        """
        if len(texts) <= IN_PROCESS_PASSAGES:
            batches = self._embed_passages_here(texts, progress)
        else:
            batches = self._embed_passages_in_child(texts, progress)
        async with contextlib.aclosing(batches):
            async for batch in batches:
                yield batch

    def count_tokens(self, text: str) -> int:
        """Count the tokens of the window (`model.max_tokens`) that `text` takes as a passage."""
        return self._tokenizer.count(text)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        """Give the character range (start, end) of each token of `text`, without special tokens."""
        return self._tokenizer.offsets(text)

    @property
    def passage_window(self) -> int:
        """How many of a passage's own tokens (`offsets`) fit the window."""
        return self._tokenizer.passage_window

    async def close(self) -> None:
        """End children and drop the model; questions that wait are cancelled."""
        await self._queue.close()
        for bulk in tuple(self._bulks):
            await bulk.close()
        self._questions = None

    @cached_property
    def _tokenizer(self) -> ModelTokenizer:
        from knowledge.embedding.tokens import ModelTokenizer

        return ModelTokenizer(self.model)

    async def _ensure_exported(self) -> ExportedModel:
        exported = ExportedModel.of(self.model, self._models_dir)
        if not exported.looks_whole():
            self._log.info("embedding_model_export", model=str(self.model.path), to=str(exported.folder))
            from knowledge.embedding.bulk import ensure_exported

            await ensure_exported(self.model, self._models_dir)
        return exported

    async def _loaded(self) -> QuestionEmbedder:
        async with self._loading:
            if self._questions is None:
                exported = await self._ensure_exported()
                if not await asyncio.to_thread(exported.is_whole):
                    self._log.warning(
                        "embedding_model_corrupt", file=str(exported.onnx), remedy="exporting it again"
                    )
                    from knowledge.embedding.bulk import export

                    await export(exported)
                self._questions = await asyncio.to_thread(self._load, exported)
            return self._questions

    def _load(self, exported: ExportedModel) -> QuestionEmbedder:
        from knowledge.embedding.questions import QuestionEmbedder

        return QuestionEmbedder(exported, self._settings.threads, self._tokenizer)

    async def _embed_now(self, texts: list[str]) -> NDArray[np.float32]:
        embedder = await self._loaded()
        return await asyncio.to_thread(embedder.embed, texts)

    async def _embed_passages_here(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None
    ) -> AsyncGenerator[EmbeddedBatch, None]:
        import numpy as np

        for start in range(0, len(texts), _PASSAGES_A_RUN):
            embedder = await self._loaded()
            run = texts[start : start + _PASSAGES_A_RUN]
            vectors = await asyncio.to_thread(embedder.embed_passages, run)
            if progress is not None:
                progress(start + len(run), len(texts))
            yield EmbeddedBatch(np.arange(start, start + len(run), dtype=np.int64), vectors)

    async def _embed_passages_in_child(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None
    ) -> AsyncGenerator[EmbeddedBatch, None]:
        from knowledge.embedding.bulk import BulkEmbedder

        async with self._loading:
            exported = await self._ensure_exported()
        bulk = BulkEmbedder(
            exported, batch_tokens=self._settings.batch_tokens, threads=self._settings.threads
        )
        self._bulks.add(bulk)
        try:
            async with bulk, contextlib.aclosing(bulk.embed(texts, progress)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            self._bulks.discard(bulk)
