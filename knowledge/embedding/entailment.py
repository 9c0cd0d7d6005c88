"""Whether one text follows from another, by an NLI cross-encoder from a folder on disk; without torch."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_FILES = ("config.json", "tokenizer.json")
_GRAPHS = ("model.onnx", "onnx/model.onnx")
_MOST_TOKENS = 512
_RUN = 8


@dataclass(frozen=True, slots=True)
class _Loaded:
    session: Any
    tokenizer: Any
    inputs: frozenset[str]


class EntailmentModel:
    """A sequence classifier exported to ONNX, as a function of (premise, hypothesis); thread-safe, synchronous.

    The folder has `config.json`, whose `id2label` names "entailment" and "contradiction" among two or three labels;
    `tokenizer.json`; and `model.onnx` or `onnx/model.onnx`, from `input_ids` and `attention_mask` (and
    `token_type_ids` where the model has them), int64 (pairs, tokens), to `logits`, (pairs, labels). That is what
    `optimum-cli export onnx` writes, and what sentence-transformers' CrossEncoder saves with backend="onnx".
    """

    def __init__(self, folder: Path | str, threads: int = 0) -> None:
        """Read the labels; the graph is loaded with the first pair. Raises EmbeddingError: what is missing or wrong."""
        folder = Path(folder).expanduser()
        self.folder = folder
        self._graph = _checked(folder)
        config = _config(folder)
        self._entailment, self._labels = _labels(folder, config)
        self._longest = min(int(config.get("max_position_embeddings") or _MOST_TOKENS), _MOST_TOKENS)
        self._pad = int(config.get("pad_token_id") or 0)
        self._threads = threads
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Give the probability that each hypothesis follows from its premise, shape (pairs,).

        A premise that is too long for the model is cut at its end. Raises EmbeddingError: the model does not run.
        """
        loaded = self._ready()
        runs = [pairs[start : start + _RUN] for start in range(0, len(pairs), _RUN)]
        found = [self._probabilities(loaded, run) for run in runs]
        return np.concatenate(found) if found else np.empty(0, dtype=np.float32)

    def _probabilities(self, loaded: _Loaded, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        encoded = loaded.tokenizer.encode_batch(list(pairs))
        feed = {
            "input_ids": np.array([row.ids for row in encoded], dtype=np.int64),
            "attention_mask": np.array([row.attention_mask for row in encoded], dtype=np.int64),
            "token_type_ids": np.array([row.type_ids for row in encoded], dtype=np.int64),
        }
        try:
            output = loaded.session.run(None, {name: feed[name] for name in loaded.inputs})
        except Exception as error:  # onnxruntime's errors have no base but Exception
            raise EmbeddingError(f"NLI model {self.folder}: it does not run: {error}") from error
        logits = np.asarray(output[0], dtype=np.float64)
        if logits.ndim != 2 or logits.shape[1] != self._labels:  # noqa: PLR2004 - pairs, labels
            raise EmbeddingError(
                f"NLI model {self.folder}: model.onnx gives {logits.shape} where config.json has {self._labels} labels"
            )
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        share: NDArray[np.float32] = (odds[:, self._entailment] / odds.sum(axis=1)).astype(np.float32)
        return share

    def _ready(self) -> _Loaded:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> _Loaded:
        from tokenizers import Tokenizer  # noqa: PLC0415 - not before it is needed

        from knowledge.embedding.encoder import available_cpus, open_session  # noqa: PLC0415 - onnxruntime

        try:
            tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
            session = open_session(self._graph, self._threads or available_cpus(), spin=False)
        except Exception as error:  # as above
            raise EmbeddingError(f"NLI model {self.folder}: it cannot be loaded: {error}") from error
        tokenizer.enable_truncation(self._longest, strategy="only_first")
        tokenizer.enable_padding(pad_id=self._pad)
        inputs = frozenset(entry.name for entry in session.get_inputs())
        if odd := inputs - {"input_ids", "attention_mask", "token_type_ids"}:
            raise EmbeddingError(
                f"NLI model {self.folder}: model.onnx wants {min(odd)}, which no tokenizer gives"
            )
        return _Loaded(session, tokenizer, inputs)


def _checked(folder: Path) -> Path:
    if not folder.is_dir():
        raise EmbeddingError(
            f"[grounding] nli_model: there is no folder {folder}; set its path, or leave it empty"
        )
    for name in _FILES:
        if not (folder / name).is_file():
            raise EmbeddingError(
                f"[grounding] nli_model: {folder} has no {name}; export the model again, see docs/llm.md"
            )
    for name in _GRAPHS:
        if (folder / name).is_file():
            return folder / name
    raise EmbeddingError(
        f"[grounding] nli_model: {folder} has no model.onnx; export the model to ONNX, see docs/llm.md"
    )


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EmbeddingError(
            f"[grounding] nli_model: {folder}/config.json cannot be read: {error}"
        ) from error
    if not isinstance(config, dict):
        raise EmbeddingError(f"[grounding] nli_model: {folder}/config.json holds no table")
    return config


def _labels(folder: Path, config: dict[str, Any]) -> tuple[int, int]:
    """Give the place of "entailment" among the labels, and how many there are."""
    labels = {int(number): str(name).casefold() for number, name in (config.get("id2label") or {}).items()}
    places = [number for number, name in labels.items() if name.startswith("entail")]
    if len(places) != 1 or sorted(labels) != list(range(len(labels))) or len(labels) not in {2, 3}:
        named = ", ".join(labels.values()) or "none"
        raise EmbeddingError(
            f"[grounding] nli_model: {folder} has the labels {named}; an NLI model has two or three, one of them "
            f'"entailment" (id2label in config.json)'
        )
    return places[0], len(labels)
