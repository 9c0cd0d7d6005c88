"""The ONNX file of a model: where it lies, and whether it is whole."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from knowledge.embedding.model import EmbeddingModel

# Raised when the graph's inputs or outputs change: files of another format are exported again.
FORMAT = 2

WEIGHTS = "model.weights"
FILES = ("model.onnx", WEIGHTS)


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """`models_dir`/<digest>/ with `model.onnx`, its `model.weights`, and `meta.json`, which names sizes and SHA-256.

    The weights stand beside the graph, so that onnxruntime maps them: of the word table only what is looked up is
    read, and processes share it.

    The graph takes `input_ids` and `attention_mask`, int64 (texts, tokens), and gives `embeddings`, float32
    (texts, dimensions), pooled and L2-normalised.
    """

    model: EmbeddingModel
    folder: Path

    @classmethod
    def of(cls, model: EmbeddingModel, models_dir: Path) -> ExportedModel:
        """Say where the export of `model` belongs; it need not be there."""
        return cls(model, models_dir / model.digest)

    @property
    def onnx(self) -> Path:
        """The ONNX file, which names its weights by their file's name."""
        return self.folder / "model.onnx"

    @property
    def meta(self) -> Path:
        """What the files have to be; written last."""
        return self.folder / "meta.json"

    def looks_whole(self) -> bool:
        """Whether the files are there in their full sizes; takes no time."""
        try:
            sizes = self._meta()["bytes"]
            return sizes == {name: (self.folder / name).stat().st_size for name in FILES}
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def is_whole(self) -> bool:
        """Whether the files hold what was written, to the byte (some 100 ms for 90 MB)."""
        return self.looks_whole() and self._meta().get("sha256") == self._hashes(self.folder)

    def publish(self, written: Path) -> None:
        """Move a folder's finished files into place, then say what they are: a reader between finds them not whole."""
        self.meta.unlink(missing_ok=True)
        facts = {
            "format": FORMAT,
            "bytes": {name: (written / name).stat().st_size for name in FILES},
            "sha256": self._hashes(written),
            "model": str(self.model.path),
            "dimensions": self.model.dimensions,
            "max_tokens": self.model.max_tokens,
            "pooling": self.model.pooling,
        }
        for name in FILES:
            (written / name).replace(self.folder / name)
        temporary = self.meta.with_name(f"meta.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(facts, indent=2), encoding="utf-8")
        temporary.replace(self.meta)

    @staticmethod
    def _hashes(folder: Path) -> dict[str, str]:
        return {name: sha256(folder / name) for name in FILES}

    def _meta(self) -> dict[str, object]:
        meta = json.loads(self.meta.read_text(encoding="utf-8"))
        return meta if isinstance(meta, dict) and meta.get("format") == FORMAT else {}


def sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
