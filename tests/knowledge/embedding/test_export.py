"""The ONNX file: made once, checked, and made again when it is broken."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import structlog

from config.settings import EmbeddingSettings
from knowledge.embedding.bulk import ensure_exported
from knowledge.embedding.engine import Embedding
from knowledge.embedding.exported import FILES, WEIGHTS, ExportedModel
from knowledge.embedding.model import EmbeddingModel, resolve_model
from knowledge.errors import EmbeddingError

from .conftest import write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = {"query": "query: ", "passage": "passage: "}


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_two_at_once_export_a_model_of_another_kind_once(tmp_path: Path) -> None:
    """CLS pooling, prompts, no Normalize: the vectors are right, and a process beside waits for them."""
    model = resolve_model(str(write_tiny_model(tmp_path / "tiny", prompts=PROMPTS)))
    async with asyncio.TaskGroup() as group:
        first, second = (group.create_task(ensure_exported(model, tmp_path / "models")) for _ in range(2))
    exported = ExportedModel.of(model, tmp_path / "models")
    assert first.result() == second.result() == exported.onnx
    assert exported.is_whole()
    assert sorted(path.name for path in exported.folder.iterdir()) == [
        ".lock",
        "meta.json",
        "model.onnx",
        "model.weights",
    ]
    assert json.loads(exported.meta.read_text())["pooling"] == "cls"
    await _check_prompts(Embedding(EmbeddingSettings(model=str(model.path)), tmp_path / "models"))
    await _check_mending(Embedding(EmbeddingSettings(model=str(model.path)), tmp_path / "models"), exported)


async def _check_prompts(embedding: Embedding) -> None:
    """A text is embedded otherwise as a question than as a passage, as the model was trained."""
    question = await embedding.embed_questions(["reset my password"])
    (passage,) = [batch.vectors async for batch in embedding.embed_passages(["reset my password"])]
    await embedding.close()
    np.testing.assert_allclose(np.linalg.norm(passage, axis=1), 1, atol=1e-5)
    assert float((question * passage).sum()) < 0.999


async def _check_mending(embedding: Embedding, exported: ExportedModel) -> None:
    """A file of the right size with a wrong byte is found by its hash and exported again, and it is said."""
    weights = exported.folder / WEIGHTS
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 0xFF
    weights.write_bytes(content)
    assert exported.looks_whole()
    assert not exported.is_whole()
    with structlog.testing.capture_logs() as logs:
        assert np.isfinite(await embedding.embed_questions(["reset"])).all()
    await embedding.close()
    assert exported.is_whole()
    assert [entry["event"] for entry in logs] == ["embedding_model_corrupt"]


@pytest.mark.parametrize("cut", FILES)
def test_a_file_cut_short_does_not_look_whole(model: EmbeddingModel, tmp_path: Path, cut: str) -> None:
    """A half-written file is noticed without reading it."""
    exported = ExportedModel.of(model, tmp_path)
    exported.folder.mkdir()
    (tmp_path / "written").mkdir()
    for name in FILES:
        (tmp_path / "written" / name).write_bytes(b"0123456789")
    exported.publish(tmp_path / "written")
    assert exported.is_whole()
    (exported.folder / cut).write_bytes(b"01234")
    assert not exported.looks_whole()
    assert not exported.is_whole()


@pytest.mark.parametrize("meta", ["", "[]", "{}", '{"format": 0, "bytes": 3}', "\x00"])
def test_a_meta_file_that_says_nothing_is_no_export(model: EmbeddingModel, tmp_path: Path, meta: str) -> None:
    """Whatever stands in meta.json, the answer is to export again and never an exception."""
    exported = ExportedModel.of(model, tmp_path)
    exported.folder.mkdir()
    exported.onnx.write_bytes(b"abc")
    exported.meta.write_text(meta)
    assert not exported.is_whole()


async def test_a_folder_that_cannot_be_written_is_named(model: EmbeddingModel, tmp_path: Path) -> None:
    """Where the data folder refuses, the error names the place and no file is half there."""
    (tmp_path / "models").write_text("a file where a folder should be")
    with pytest.raises(EmbeddingError, match=r"cannot write the embedding model to .*models"):
        await ensure_exported(model, tmp_path / "models")
