"""Turns a sentence-transformers model into the ONNX file that serves it; needs torch: only in the child."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.embedding.encoder import OnnxEncoder, available_cpus
from knowledge.embedding.exported import WEIGHTS
from knowledge.embedding.tokens import ModelTokenizer
from knowledge.errors import DiskFull, EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from knowledge.embedding.exported import ExportedModel

LEAST_COSINE = 0.9999
_OPSET = 17
_CHECK_TEXTS = (
    "How do I reset my password?",
    "",
    "Ünïcödé, 日本語のテキスト, العربية, emoji 🎉🎉 and a\ttab.",
    "1. Open **Settings**. 2. Choose `Export…`. 3. Wait.\n\n```sh\ncurl -X POST https://example.com/v1/keys\n```",
    "A passage that is longer than any window, so that it has to be cut at the same token. " * 60,
)


def export(exported: ExportedModel) -> None:
    """Write the ONNX file unless it is there and whole; of several processes at once one does the work.

    Raises:
        EmbeddingError: The model does not survive the export: its vectors differ from sentence-transformers'.
        DiskFull: No space for the file.
    """
    try:
        exported.folder.mkdir(parents=True, exist_ok=True)
        with _lock(exported.folder / ".lock"):
            if not exported.is_whole():
                _export(exported)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(
                f"no space left for the embedding model in {exported.folder}: free some and try again"
            ) from error
        raise EmbeddingError(f"cannot write the embedding model to {exported.folder}: {error}") from error


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    # The kernel drops the lock with the process, however it ends.
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _export(exported: ExportedModel) -> None:
    for leftover in exported.folder.glob("*.tmp"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    written = exported.folder / f"model.{os.getpid()}.tmp"
    written.mkdir()
    try:
        onnx = written / exported.onnx.name
        reference = _trace(exported, onnx)
        _put_weights_beside(onnx)
        agreement = _agreement(exported, onnx, reference)
        if agreement < LEAST_COSINE:
            raise EmbeddingError(
                f"embedding model {exported.model.path}: exported to ONNX its vectors differ "
                f"(cosine {agreement:.4f} where {LEAST_COSINE} is needed); choose another embedding.model"
            )
        exported.publish(written)
    finally:
        shutil.rmtree(written, ignore_errors=True)


def _trace(exported: ExportedModel, target: Path) -> np.ndarray[Any, Any]:
    """Write the ONNX file and return sentence-transformers' own vectors of the check texts."""
    import torch  # noqa: PLC0415 - seconds and 500 MB, needed once per model
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    from knowledge.embedding.torch_encoder import Pooled  # noqa: PLC0415

    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    # Scaled-dot-product attention does not trace; eager computes the same.
    model = SentenceTransformer(
        str(exported.model.path),
        device="cpu",
        model_kwargs={"attn_implementation": "eager", "dtype": torch.float32},
    )
    reference = model.encode(
        list(_CHECK_TEXTS),
        prompt=exported.model.question_prompt or None,
        normalize_embeddings=True,
        show_progress_bar=False,
    )
    example = torch.ones((2, 8), dtype=torch.int64)
    dynamic = {0: "texts", 1: "tokens"}
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's doubts are settled by comparing vectors
        torch.onnx.export(
            Pooled(model[0].auto_model, exported.model.pooling).eval(),
            (example, example),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["embeddings"],
            dynamic_axes={"input_ids": dynamic, "attention_mask": dynamic, "embeddings": {0: "texts"}},
            dynamo=False,
            opset_version=_OPSET,
        )
    return np.asarray(reference, dtype=np.float32)


def _put_weights_beside(written: Path) -> None:
    """Write the file again, its weights in a file of their own; both are under their final names."""
    import onnx  # noqa: PLC0415 - needed once per model, as torch is

    model = onnx.load(str(written))
    onnx.save_model(
        model, str(written), save_as_external_data=True, all_tensors_to_one_file=True, location=WEIGHTS
    )
    written.with_name(WEIGHTS).touch()  # a model of the tests' size has none worth a file


def _agreement(exported: ExportedModel, onnx: Path, reference: np.ndarray[Any, Any]) -> float:
    """Give the least cosine of the ONNX file's vectors to the reference, alone and in one padded batch."""
    encoder = OnnxEncoder(onnx, available_cpus(), spin=False)
    rows = ModelTokenizer(exported.model).encode(_CHECK_TEXTS, exported.model.question_prompt)
    together = encoder.encode(rows)
    alone = np.concatenate([encoder.encode([row]) for row in rows])
    return float(min((together * reference).sum(axis=1).min(), (alone * reference).sum(axis=1).min()))
