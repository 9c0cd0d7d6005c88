"""The packaged model, exported once and kept, and small models of other kinds made on the spot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding
from knowledge.embedding.exported import ExportedModel
from knowledge.embedding.model import EmbeddingModel, resolve_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WORDS = ("how", "do", "i", "reset", "my", "password", "open", "settings", "query", "passage", ":", ".", "?")


@pytest.fixture(scope="session")
def models_dir(request: pytest.FixtureRequest) -> Path:
    """Where the packaged model is kept exported from one run of the tests to the next."""
    cache = request.config.cache
    assert cache is not None
    return cache.mkdir("embedding-models")


@pytest.fixture(scope="session")
def model() -> EmbeddingModel:
    """The packaged model."""
    return resolve_model("")


@pytest.fixture
async def embedding(models_dir: Path) -> AsyncIterator[Embedding]:
    """The packaged model behind its door, exported."""
    embedding = Embedding(EmbeddingSettings(), models_dir)
    await embedding.start()
    yield embedding
    await embedding.close()


@pytest.fixture
def exported(embedding: Embedding, models_dir: Path) -> ExportedModel:
    """The packaged model's ONNX file."""
    return ExportedModel.of(embedding.model, models_dir)


def write_tiny_model(folder: Path, *, pooling: str = "cls", prompts: dict[str, str] | None = None) -> Path:
    """Write a BERT of two layers with random weights as other models come."""
    folder.mkdir(parents=True)
    _write_json(
        folder / "config.json",
        architectures=["BertModel"],
        model_type="bert",
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=4,
        num_hidden_layers=2,
        max_position_embeddings=64,
        type_vocab_size=2,
        vocab_size=len(WORDS) + 4,
    )
    _write_json(folder / "config_sentence_transformers.json", prompts=prompts or {})
    _write_json(folder / "sentence_bert_config.json", max_seq_length=48, do_lower_case=False)
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    _write_json(
        folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", model_max_length=64, **special
    )
    (folder / "1_Pooling").mkdir()
    _write_json(folder / "1_Pooling" / "config.json", embedding_dimension=32, pooling_mode=pooling)
    kinds = {"": "Transformer", "1_Pooling": "Pooling"}
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(kinds.items())
    ]
    (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    _tokenizer().save(str(folder / "tokenizer.json"))
    save_file(_weights(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _write_json(path: Path, **content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _tokenizer() -> Tokenizer:
    vocabulary = {word: number for number, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def _weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    shapes = {
        "embeddings.word_embeddings.weight": (len(WORDS) + 4, 32),
        "embeddings.position_embeddings.weight": (64, 32),
        "embeddings.token_type_embeddings.weight": (2, 32),
        "pooler.dense.weight": (32, 32),
        "pooler.dense.bias": (32,),
    }
    for layer in range(2):
        prefix = f"encoder.layer.{layer}"
        for name in (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ):
            shapes |= {f"{prefix}.{name}.weight": (32, 32), f"{prefix}.{name}.bias": (32,)}
        shapes |= {
            f"{prefix}.intermediate.dense.weight": (64, 32),
            f"{prefix}.intermediate.dense.bias": (64,),
        }
        shapes |= {f"{prefix}.output.dense.weight": (32, 64), f"{prefix}.output.dense.bias": (32,)}
    weights = {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    norms = ["embeddings.LayerNorm"]
    norms += [
        f"encoder.layer.{n}.{part}.LayerNorm" for n in range(2) for part in ("attention.output", "output")
    ]
    for norm in norms:
        weights[f"{norm}.weight"] = np.ones(32, dtype=np.float32)
        weights[f"{norm}.bias"] = np.zeros(32, dtype=np.float32)
    return weights
