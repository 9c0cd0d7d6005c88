"""GPTCache: `init_similar_cache` with its defaults (SQLite and FAISS, search distance, threshold 0.8), in process.

Its default embedding is a download, so the model that everybody has here takes its place, by GPTCache's own SBERT.
"""

from __future__ import annotations

import shutil
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from gptcache import Cache, Config
from gptcache.adapter.api import get, init_similar_cache, put
from gptcache.embedding.sbert import SBERT

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = "Open Settings, choose Account and then Change. It takes effect at once. [1] Change your account, 2026-05-01"


class Embedding(SBERT):
    """GPTCache's own; `known` is filled only where time is not measured."""

    known: ClassVar[dict[str, Any]] = {}

    def to_embeddings(self, data: Any, **options: Any) -> Any:
        """Embed, or look up."""
        found = self.known.get(data) if isinstance(data, str) else None
        return super().to_embeddings(data, **options) if found is None else found


class GPTCache:
    """A cache that is made anew where it is cleared, since it has no call for that."""

    def __init__(self, folder: Path, model: str) -> None:
        self._folder, self._numbers = folder, count()
        self._embedding = Embedding(model)
        self._cache = Cache()
        self.clear()

    def know(self, questions: list[str]) -> None:
        """Embed questions beforehand, for `judge`."""
        vectors = self._embedding.model.encode(questions).astype("float32")
        self._embedding.known.update(zip(questions, vectors, strict=True))

    def put(self, question: str) -> None:
        """Keep an answer."""
        put(question, ANSWER, cache_obj=self._cache)

    def get(self, question: str) -> bool:
        """Look up."""
        return get(question, cache_obj=self._cache) is not None

    def clear(self) -> None:
        """Begin with an empty folder."""
        folder = self._folder / f"gptcache{next(self._numbers)}"
        shutil.rmtree(folder, ignore_errors=True)
        self._cache = Cache()
        init_similar_cache(
            str(folder), self._cache, embedding=self._embedding, config=Config(disable_report=True)
        )

    def judge(self, pair: list[str]) -> bool:
        """Whether the answer to the first question is served to the second."""
        self.clear()
        self.put(pair[0])
        return self.get(pair[1])


def build(name: str, folder: Path, model: str) -> GPTCache:
    """Build the adapter."""
    del name
    return GPTCache(folder, model)
