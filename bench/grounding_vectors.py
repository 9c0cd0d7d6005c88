"""Embeds each text once, in batches of texts as long as each other; keeps the vectors where a folder is given."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_RUN = 128


class Vectors:
    """Unit vectors by text; a kept file is used for the texts that it holds."""

    def __init__(self, work: Path | None) -> None:
        self._folder = tempfile.TemporaryDirectory() if work is None else None
        self._work = Path(self._folder.name) if self._folder else work
        assert self._work is not None
        self._work.mkdir(parents=True, exist_ok=True)
        self.embedding = Embedding(EmbeddingSettings(), self._work / "models")
        self._file = self._work / "grounding_vectors.npz"
        self._known: dict[str, NDArray[np.float32]] = {}

    async def __aenter__(self) -> Self:
        if self._file.exists():
            with np.load(self._file, allow_pickle=False) as kept:
                self._known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._folder is None and self._known:
            keys = np.array(list(self._known))
            np.savez(self._file, keys=keys, vectors=np.stack(list(self._known.values())))
        await self.embedding.close()
        if self._folder:
            self._folder.cleanup()

    async def of(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Give the vector of each text."""
        keys = {text: self._key(text) for text in dict.fromkeys(texts)}
        new = sorted((text for text, key in keys.items() if key not in self._known), key=len)
        for start in range(0, len(new), _RUN):
            run = new[start : start + _RUN]
            for text, vector in zip(run, await self.embedding.embed_questions(run), strict=True):
                self._known[keys[text]] = vector
        return {text: self._known[key] for text, key in keys.items()}

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self.embedding.model.digest}\n{text}".encode()).hexdigest()[:32]
