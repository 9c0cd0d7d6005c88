"""Embeds many passages, and exports models, in a child process: its memory and its torch go when it goes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import TYPE_CHECKING, Literal

import numpy as np

from knowledge.embedding import frames
from knowledge.embedding.batches import EmbeddedBatch
from knowledge.embedding.child import EmbeddingChild
from knowledge.embedding.exported import ExportedModel
from knowledge.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from knowledge.embedding.model import EmbeddingModel

__all__ = ["BulkEmbedder", "EmbeddedBatch", "ensure_exported"]

Precision = Literal["auto", "fp32", "bf16"]


class BulkEmbedder:
    """A child that embeds passages, alive within `async with`; one `embed` at a time.

    `encoder` says after the first batch what computes: "onnxruntime fp32" or "torch bf16".
    """

    def __init__(
        self,
        exported: ExportedModel,
        *,
        batch_tokens: int = 1024,
        threads: int = 0,
        precision: Precision = "auto",
    ) -> None:
        """Start nothing yet; `threads` 0 takes every CPU, niced."""
        self._exported = exported
        self._batch_tokens = batch_tokens
        self._threads = threads
        self._precision = precision
        self._child = EmbeddingChild()
        self.encoder = ""

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.pid

    async def __aenter__(self) -> Self:
        """Start the child, niced from its first import on: half a second of CPU beside people's questions."""
        await self._child.__aenter__()
        pid = self._child.pid
        if pid is not None:
            with contextlib.suppress(OSError):  # it is gone, or not ours to nice: it does so itself
                os.setpriority(
                    os.PRIO_PROCESS, pid, max(frames.NICENESS, os.getpriority(os.PRIO_PROCESS, pid))
                )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child."""
        await self.close()

    async def close(self) -> None:
        """End the child, in the middle of a batch too; whoever reads its batches gets an EmbeddingError."""
        await self._child.kill()

    async def embed(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> AsyncGenerator[EmbeddedBatch, None]:
        """Yield the passages' vectors batch by batch, roughly in order; `progress` gets (done, total).

        Raises:
            EmbeddingError: The child refused or died; batches that came are right.
        """
        request = {
            "task": "embed",
            "model": str(self._exported.model.path),
            "models_dir": str(self._exported.folder.parent),
            "batch_tokens": self._batch_tokens,
            "threads": self._threads,
            "precision": self._precision,
        }
        done = 0
        # As ASCII: a lone surrogate in a text survives the way.
        payload = (await asyncio.to_thread(json.dumps, list(texts))).encode("ascii")
        async for header, data in self._child.ask(request, payload):
            if header["event"] == "started":
                self.encoder = header["encoder"]
                continue
            vectors = np.frombuffer(data, dtype="<f4").reshape(-1, header["dimensions"])
            done += len(vectors)
            if progress is not None:
                progress(done, len(texts))
            yield EmbeddedBatch(
                np.asarray(header["indices"], dtype=np.int64), vectors.astype(np.float32, copy=False)
            )
        if done != len(texts):
            raise EmbeddingError(
                f"the embedding process gave {done} of {len(texts)} vectors; run it again for the rest"
            )


async def ensure_exported(model: EmbeddingModel, models_dir: Path) -> Path:
    """Give the model's ONNX file, exported and checked by a child if it is not there (once, some 20 s).

    Only the file's size is looked at; whoever loads it checks its hash with `ExportedModel.is_whole`.

    Raises:
        EmbeddingError: The model cannot be exported.
        DiskFull: No space for the file.
    """
    exported = ExportedModel.of(model, models_dir)
    if not exported.looks_whole():
        await export(exported)
    return exported.onnx


async def export(exported: ExportedModel) -> None:
    """Have a child write the ONNX file unless it is whole to the byte."""
    request = {"task": "export", "model": str(exported.model.path), "models_dir": str(exported.folder.parent)}
    async with EmbeddingChild() as child:
        async for _ in child.ask(request):
            pass
