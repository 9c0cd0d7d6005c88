"""Bringing a generation in step with the library: split, embed what is missing, switch article by article."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from knowledge.stores.passages import PassageSplitter, embedding_text
from knowledge.stores.records import row_of, text_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge.models import Article, ArticleRef, Passage
    from knowledge.stores.passage_file import PassageFile

_Item = TypeVar("_Item")
Progress = Callable[[str, int, int], None]
"""Told a label, how much is done and how much there is."""

_LOADED_AT_ONCE = 200
_ARTICLES_A_TRANSACTION = 50
_MISSING_A_WAVE = 10_000
"""So many texts are held in memory and given to the embedding at once."""


class Library(Protocol):
    """What the index needs of the articles."""

    async def revisions(self) -> Mapping[ArticleRef, str]:
        """Give the current revision of every article."""
        ...

    async def load(self, refs: Collection[ArticleRef], /) -> Sequence[Article]:
        """Give the articles that are still there, in any order."""
        ...


class Batch(Protocol):
    """Vectors of some of the texts that were given."""

    @property
    def indices(self) -> NDArray[np.int64]:
        """Which texts these are."""
        ...

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Their unit vectors, a row each."""
        ...


class Model(Protocol):
    """What the index records of a model."""

    @property
    def digest(self) -> str:
        """Changes with the weights."""
        ...

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        ...

    @property
    def max_tokens(self) -> int:
        """How much of a text the model reads."""
        ...


class Embedding(Protocol):
    """What the index needs of the embedding model."""

    @property
    def model(self) -> Model:
        """The model in use."""
        ...

    def count_tokens(self, text: str, /) -> int:
        """Count as the model does."""
        ...

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> AsyncGenerator[Batch, None]:
        """Embed texts in batches, in any order."""
        ...


@dataclass(slots=True)
class _Split:
    """An article's passages with the hashes of their embedding texts, and which vectors still lack."""

    article: Article
    passages: list[Passage]
    keys: list[bytes]
    missing: set[bytes] = field(default_factory=set)


class IndexFiller:
    """Fills one generation's file from a library."""

    def __init__(self, file: PassageFile, embedding: Embedding, splitter: PassageSplitter) -> None:
        self._file = file
        self._embedding = embedding
        self._splitter = splitter
        self._vectors: dict[bytes, bytes] = {}

    async def run(
        self, library: Library, progress: Progress | None = None, again: Collection[ArticleRef] = ()
    ) -> int:
        """Make the file hold exactly the library's articles, and give how many texts were embedded.

        What is gone leaves first; what is in `again` is embedded anew, and answers as before until then.
        A run that is killed loses at most the batch of vectors in flight.
        """
        wanted = await library.revisions()
        held = await asyncio.to_thread(self._file.revisions)
        gone = [ref for ref in held if ref not in wanted]
        if gone:
            await asyncio.to_thread(self._file.switch_articles, {}, (), gone)
        changed = sorted(ref for ref, revision in wanted.items() if held.get(ref) != revision or ref in again)
        embedded = 0
        wave: list[_Split] = []
        for index, refs in enumerate(_chunks(changed, _LOADED_AT_ONCE)):
            articles = await library.load(refs)
            wave.extend(await asyncio.to_thread(self._split, articles, again))
            _tell(
                progress, "reading articles", min((index + 1) * _LOADED_AT_ONCE, len(changed)), len(changed)
            )
            if sum(len(split.missing) for split in wave) >= _MISSING_A_WAVE:
                embedded += await self._finish(wave, progress)
                wave = []
        embedded += await self._finish(wave, progress)
        if changed:
            await asyncio.to_thread(self._file.drop_pending)
        return embedded

    async def prepare(self, articles: Sequence[Article], progress: Progress | None = None) -> int:
        """Embed and keep what these revisions will need, changing nothing that is searched; give how many texts.

        A `run` after the library took them switches to them without waiting for the model.
        """
        embedded = 0
        for chunk in _chunks(list(articles), _LOADED_AT_ONCE * 5):
            splits = await asyncio.to_thread(self._split, chunk)
            texts = await asyncio.to_thread(_missing_texts, splits)
            async for arrived in self._embedded(texts, progress):
                await asyncio.to_thread(self._file.keep_pending, arrived)
            embedded += len(texts)
            self._vectors.clear()
        return embedded

    def _split(self, articles: Iterable[Article], again: Collection[ArticleRef] = ()) -> list[_Split]:
        splits = []
        for article in articles:
            passages = self._splitter.split(article)
            splits.append(
                _Split(article, passages, [text_hash(embedding_text(passage)) for passage in passages])
            )
        known = self._file.vectors([key for split in splits for key in split.keys])
        self._vectors.update(known)
        for split in splits:
            anew = split.article.ref in again
            split.missing = {key for key in split.keys if anew or key not in self._vectors}
        return splits

    async def _finish(self, wave: list[_Split], progress: Progress | None) -> int:
        """Embed what a wave lacks, and switch its articles as they become whole."""
        texts = await asyncio.to_thread(_missing_texts, wave)
        waiting = await self._switch_whole(wave)
        async for arrived in self._embedded(texts, progress):
            waiting = await self._take(arrived, waiting)
        self._vectors.clear()
        return len(texts)

    async def _embedded(
        self, texts: Mapping[bytes, str], progress: Progress | None
    ) -> AsyncGenerator[dict[bytes, bytes], None]:
        """Yield the vectors of texts, by the texts' hashes, as batches arrive."""
        if not texts:
            return
        keys = list(texts)
        report = None if progress is None else lambda done, total: progress("embedding passages", done, total)
        async with aclosing(self._embedding.embed_passages(list(texts.values()), report)) as batches:
            async for batch in batches:
                yield {
                    keys[int(index)]: np.ascontiguousarray(vector, np.float32).tobytes()
                    for index, vector in zip(batch.indices, batch.vectors, strict=True)
                }

    async def _take(self, arrived: dict[bytes, bytes], waiting: list[_Split]) -> list[_Split]:
        """Keep a batch's vectors, switch the articles that are whole with it, and give those that still wait."""
        await asyncio.to_thread(self._file.keep_pending, arrived)
        self._vectors.update(arrived)
        for split in waiting:
            split.missing -= arrived.keys()
        return await self._switch_whole(waiting)

    async def _switch_whole(self, splits: list[_Split]) -> list[_Split]:
        """Switch the articles that lack nothing and give the others."""
        whole = [split for split in splits if not split.missing]
        for chunk in _chunks(whole, _ARTICLES_A_TRANSACTION):
            await asyncio.to_thread(self._switch, chunk)
        return [split for split in splits if split.missing]

    def _switch(self, splits: Sequence[_Split]) -> None:
        rows = [
            row_of(passage, key, self._vectors[key])
            for split in splits
            for key, passage in zip(split.keys, split.passages, strict=True)
        ]
        self._file.switch_articles({split.article.ref: split.article.revision for split in splits}, rows)


def _missing_texts(splits: Iterable[_Split]) -> dict[bytes, str]:
    return {
        key: embedding_text(passage)
        for split in splits
        for key, passage in zip(split.keys, split.passages, strict=True)
        if key in split.missing
    }


def _chunks(items: list[_Item], size: int) -> Iterator[list[_Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _tell(progress: Progress | None, label: str, done: int, total: int) -> None:
    if progress is not None:
        progress(label, done, total)
