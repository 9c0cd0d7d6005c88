"""What the search in memory is given, what it gives back, and what it may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is searched: the words in three fields, the labels that filter, and what the owner wants back.

    `text` and `payload` are opaque and come back with a hit; `words` are `text` without markup. `vector` None
    means that only keywords find the entry.
    """

    id: str
    text: str
    words: str
    title: str = ""
    headings: str = ""
    language: str | None = None
    source: str = ""
    article_id: str = ""
    audience: frozenset[str] = frozenset()
    payload: str = ""
    vector: Vectors | None = None

    @property
    def head(self) -> int:
        """Names the title with the headings, in this process."""
        return hash((self.title, self.headings))


@dataclass(frozen=True, slots=True)
class Hit:
    """A found entry; `score` ranks, `dense` is its cosine and `keyword` its BM25 score."""

    id: str
    text: str
    payload: str
    score: float
    dense: float
    keyword: float


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search may see: None for audience or sources means all of them; `exclude` are article ids.

    `ids`, where given, are the only entries it may see.
    """

    audience: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    exclude: frozenset[str] = frozenset()
    ids: Collection[str] | None = None

    def allows(self, source: str, audience: frozenset[str]) -> bool:
        """Whether entries of this source and audience may be seen, as far as these decide it."""
        if self.sources is not None and source not in self.sources:
            return False
        return self.audience is None or not audience.isdisjoint(self.audience)
