"""How an article will be cut into passages, without indexing it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.models import Article, Passage
    from knowledge.stores.filling import Embedding


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage and the tokens of the model's window that it takes, title and headings included."""

    passage: Passage
    tokens: int


class ArticlePreview:
    """Cuts articles as the index does."""

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding

    @property
    def most_tokens(self) -> int:
        """How many tokens the model reads of a passage."""
        return self._embedding.model.max_tokens

    async def cuts(self, article: Article) -> Sequence[Cut]:
        """Give the passages in reading order. Raises EmbeddingError."""
        return await asyncio.to_thread(self._cut, article)

    def _cut(self, article: Article) -> list[Cut]:
        from knowledge.stores.passages import (  # noqa: PLC0415 - what reads Markdown, when somebody previews
            PassageSplitter,
            embedding_text,
        )

        count = self._embedding.count_tokens
        passages = PassageSplitter(count, self.most_tokens).split(article)
        return [Cut(passage, count(embedding_text(passage))) for passage in passages]
