"""Small real implementations of what the index asks of its surroundings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from knowledge.models import PUBLIC, Article, ArticleRef, revision_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class HashModel:
    """What the index records of the hash embedder."""

    digest: str = "hash-1"
    dimensions: int = 64
    max_tokens: int = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Vectors of some texts."""

    indices: NDArray[np.int64]
    vectors: NDArray[np.float32]


@dataclass(slots=True)
class HashEmbedding:
    """Embeds a text as the sum of random vectors of its words: equal words, near vectors. Counts words as tokens."""

    model: HashModel = field(default_factory=HashModel)
    embedded: list[str] = field(default_factory=list)
    batch_size: int = 4
    fail_after_batches: int | None = None

    def count_tokens(self, text: str) -> int:
        """Count words, and each character of a script without spaces."""
        return len(re.findall(r"[぀-鿿]|[^\W぀-鿿]+|[^\w\s]", text))

    def vector(self, text: str) -> NDArray[np.float32]:
        """Embed one text."""
        total = np.full(self.model.dimensions, 1e-6, np.float32)
        for word in re.findall(r"\w+", text.casefold()):
            seed = int.from_bytes(sha256(f"{self.model.digest} {word}".encode()).digest()[:4], "big")
            total += np.random.default_rng(seed).standard_normal(self.model.dimensions, np.float32)
        return total / np.float32(np.linalg.norm(total))

    async def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> AsyncGenerator[Batch, None]:
        """Embed in batches, the longest first."""
        order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
        for number, start in enumerate(range(0, len(order), self.batch_size)):
            if number == self.fail_after_batches:
                raise ConnectionAbortedError("the embedding process died")
            indices = order[start : start + self.batch_size]
            self.embedded.extend(texts[index] for index in indices)
            yield Batch(np.array(indices), np.stack([self.vector(texts[index]) for index in indices]))
            if progress is not None:
                progress(min(start + self.batch_size, len(order)), len(order))


@dataclass(slots=True)
class Shelf:
    """A library in memory."""

    articles: dict[ArticleRef, Article] = field(default_factory=dict)

    def put(self, *articles: Article) -> None:
        """Add or replace."""
        self.articles.update({article.ref: article for article in articles})

    async def revisions(self) -> Mapping[ArticleRef, str]:
        """Give what is there."""
        return {ref: article.revision for ref, article in self.articles.items()}

    async def load(self, refs: Collection[ArticleRef]) -> list[Article]:
        """Give the articles."""
        return [self.articles[ref] for ref in refs if ref in self.articles]


def article(
    article_id: str,
    body: str,
    *,
    title: str = "",
    source: str = "help",
    audience: frozenset[str] = frozenset({PUBLIC}),
    language: str | None = None,
) -> Article:
    """Make an article whose revision follows from all that it says."""
    title = title or article_id
    revision = revision_of(title, body, audience)
    return Article(source, article_id, title, body, revision, audience, language=language)
