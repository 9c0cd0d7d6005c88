"""What a model's own files say of it, and which models are refused."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from knowledge.embedding.model import EmbeddingModel, resolve_model
from knowledge.errors import EmbeddingError

from .conftest import write_tiny_model

if TYPE_CHECKING:
    from pathlib import Path


def test_the_packaged_model_is_the_default(model: EmbeddingModel) -> None:
    """An empty setting is all-MiniLM-L6-v2: 384 dimensions, 256 tokens, mean pooling, no prompts."""
    assert (model.dimensions, model.max_tokens, model.pooling) == (384, 256, "mean")
    assert (model.question_prompt, model.passage_prompt) == ("", "")


def test_the_digest_is_the_same_wherever_the_model_lies(tmp_path: Path) -> None:
    """A copy of a model has its digest: the index and the exported file are good for both."""
    original = write_tiny_model(tmp_path / "a")
    shutil.copytree(original, tmp_path / "b")
    assert resolve_model(str(tmp_path / "a")).digest == resolve_model(str(tmp_path / "b")).digest


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "1_Pooling/config.json", "model.safetensors"]
)
def test_the_digest_changes_with_what_changes_the_vectors(tmp_path: Path, name: str) -> None:
    """One byte more in a config, or other weights in the same shape, is another model."""
    folder = write_tiny_model(tmp_path / "model")
    before = resolve_model(str(folder)).digest
    content = bytearray((folder / name).read_bytes())
    if name.endswith("safetensors"):
        content[-3] ^= 0xFF
    else:
        content += b" "
    (folder / name).write_bytes(content)
    assert resolve_model(str(folder)).digest != before


def test_prompts_are_read_as_the_model_was_trained(tmp_path: Path) -> None:
    """An e5 model's "query: " and "passage: " come from its own config."""
    folder = write_tiny_model(tmp_path / "e5", prompts={"query": "query: ", "passage": "passage: "})
    model = resolve_model(str(folder))
    assert (model.question_prompt, model.passage_prompt) == ("query: ", "passage: ")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the path and the setting."""
    with pytest.raises(EmbeddingError, match=r"nowhere.*embedding\.model"):
        resolve_model(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_model_that_lacks_a_file_is_refused(tmp_path: Path, missing: str) -> None:
    """An incomplete folder gives an error that names what is missing."""
    folder = write_tiny_model(tmp_path / "model")
    (folder / missing).unlink()
    with pytest.raises(EmbeddingError, match=missing):
        resolve_model(str(folder))


def test_pooling_that_cannot_be_served_is_refused(tmp_path: Path) -> None:
    """Max pooling is refused by name, rather than embedded wrongly."""
    with pytest.raises(EmbeddingError, match="max pooling"):
        resolve_model(str(write_tiny_model(tmp_path / "model", pooling="max")))


def test_a_layer_behind_the_pooling_is_refused(tmp_path: Path) -> None:
    """A Dense layer would be lost in the ONNX file: the model is refused by that name."""
    folder = write_tiny_model(tmp_path / "model")
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EmbeddingError, match="Dense"):
        resolve_model(str(folder))


def test_a_broken_config_is_named(tmp_path: Path) -> None:
    """Half a JSON file is an EmbeddingError that names the file."""
    folder = write_tiny_model(tmp_path / "model")
    (folder / "config.json").write_text('{"hidden_size": ')
    with pytest.raises(EmbeddingError, match=r"config\.json"):
        resolve_model(str(folder))
