"""ArticleIndex: the library's articles as passages that can be searched."""

# ruff: noqa: PLC0415 - what searches and fills is loaded when it is done: a start from the cache asks the version alone
from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from knowledge.errors import KnowledgeError
from knowledge.models import Article, ArticleRef, CorpusVersion, Passage, Question, ScoredPassage
from knowledge.stores.current import CurrentGeneration
from knowledge.stores.entries import Scope
from knowledge.stores.passage_file import SPLITTER_VERSION

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from knowledge.stores.filling import Embedding, IndexFiller, Library, Progress
    from knowledge.stores.passage_file import PassageFile
    from knowledge.stores.passages import PassageSplitter
    from knowledge.stores.query import QueryPlan


class ArticleIndex:
    """Passages of all articles in `index_dir`, searched in memory, rebuilt from the library at any time.

    Other processes may read and write the same folder: their writes and switches are seen by the next call.
    At most one process may run `reconcile` or `rebuild` at a time; the caller holds a lease for that.
    Raises PassageIndexError when the folder cannot be used, DiskFull, StorageError.
    """

    def __init__(self, index_dir: Path, embedding: Embedding) -> None:
        self._embedding = embedding
        self._current = CurrentGeneration(index_dir, self._facts)
        self._pool: ThreadPoolExecutor | None = None
        self._beside: Future[None] | None = None
        self._log = structlog.get_logger()

    async def open(self) -> None:
        """Open the current generation, or an empty first one; passages are read with the first search."""
        await asyncio.to_thread(self._current.open)

    async def close(self) -> None:
        """Close all files; searches in flight end first."""
        await asyncio.to_thread(self._closed)

    def version(self) -> CorpusVersion:
        """Give the version of what a search would see now, other processes' writes included; microseconds.

        Whoever sees it moved has the changed rows taken up beside, so that the next search seldom has to.
        """
        with self._current.using() as current:
            counter, behind = current.store.standing()
        if behind:
            self._catch_up()
        return CorpusVersion(current.name, counter)

    def known(self) -> dict[ArticleRef, str]:
        """Give the revision of each article that is held, those without passages included."""
        with self._current.using() as current:
            return current.store.file.revisions()

    def share_changed(self, since: CorpusVersion) -> float:
        """Give the share (0-1) of passages that came, changed or went since a version; of another generation all."""
        with self._current.using() as current:
            if current.name != since.generation:
                return 1.0
            return current.store.file.share_changed(since.counter)

    def passages_of(self, ref: ArticleRef) -> list[Passage]:
        """Give the passages of one article in reading order."""
        from knowledge.stores.records import passage_of

        with self._current.using() as current:
            rows = current.store.rows_of(ref)
        found = (passage_of(*row) for row in rows)
        return sorted((one for one in found if one.article == ref), key=lambda passage: passage.position)

    async def warm(self) -> int:
        """Read the passages into memory before the first question, and give how many there are."""
        return await asyncio.to_thread(self._read_all)

    async def count(self) -> int:
        """Give how many passages are kept, without reading them into memory."""
        return await asyncio.to_thread(self._count)

    async def search(
        self,
        vectors: NDArray[np.float32],
        text: str,
        *,
        audience: frozenset[str] | None,
        sources: frozenset[str] | None = None,
        exclude: frozenset[str] = frozenset(),
        top_k: int = 8,
        candidates: int = 100,  # noqa: ARG002 - of use to server stores; here every passage is a candidate
    ) -> list[ScoredPassage]:
        """Give the best passages for a question, best first.

        `vectors` are the embeddings of `plan_query(text).texts`, a row each. `audience` None sees everything, as
        does `sources` None; `exclude` are article ids. The filters apply before ranking.
        """
        import numpy as np

        from knowledge.stores.query import plan_query

        plan = plan_query(text)
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        if len(rows) != len(plan.texts):
            raise ValueError(f"{len(rows)} vectors for the {len(plan.texts)} texts of plan_query(text)")
        return await asyncio.to_thread(self._search, rows, plan, Scope(audience, sources, exclude), top_k)

    async def held(self, words: Collection[str], question: Question) -> frozenset[str]:
        """Give those of the words that stand in a passage which the question sees; see Vocabulary.holds."""
        scope = Scope(question.audience, question.sources, question.exclude)
        return await asyncio.to_thread(self._held, words, scope)

    async def respelled(self, words: Collection[str], question: Question) -> dict[str, str]:
        """Give, for misspelt words, those in passages that the question sees; see MemorySearch.respelled."""
        scope = Scope(question.audience, question.sources, question.exclude)
        return await asyncio.to_thread(self._respelled, words, scope)

    async def reconcile(
        self, library: Library, progress: Progress | None = None, again: Collection[ArticleRef] = ()
    ) -> int:
        """Bring the index in step with the library, make `again` anew; give how many passages were embedded.

        An index of another model or another way of splitting is rebuilt.
        """
        stale = await asyncio.to_thread(self._stale_reason)
        if stale:
            self._log.warning("index.rebuild", reason=stale)
            return await self.rebuild(library, progress)
        with self._current.using() as current:
            embedded = await self._filler(current.store.file).run(library, progress, again)
        await asyncio.to_thread(self._follow)
        if embedded:
            await asyncio.to_thread(self._keep)
        return embedded

    async def prepare(self, articles: Sequence[Article], progress: Progress | None = None) -> int:
        """Embed what these revisions will need before the library takes them; give how many passages.

        Searches see no change. The next `reconcile` then switches to them at once, so that no question falls between
        an article's old passages and its new ones. The caller holds the lease that `reconcile` asks for.
        """
        if await asyncio.to_thread(self._stale_reason):
            return 0
        with self._current.using() as current:
            filler = self._filler(current.store.file)
            return await filler.prepare(articles, progress)

    async def rebuild(self, library: Library, progress: Progress | None = None) -> int:
        """Build a new generation while the present one answers, switch to it, and give how many were embedded.

        A rebuild that was killed is taken up where it stood.
        """
        name, file = await asyncio.to_thread(self._current.building)
        try:
            embedded = await self._filler(file).run(library, progress)
        finally:
            await asyncio.to_thread(file.close)
        await asyncio.to_thread(self._current.switch, name)
        await asyncio.to_thread(self._keep)
        self._log.info("index.switched", generation=name, embedded_passages=embedded)
        return embedded

    # Below, everything runs in a thread or takes microseconds -------------------------------------------------

    def _filler(self, file: PassageFile) -> IndexFiller:
        from knowledge.stores.filling import IndexFiller

        return IndexFiller(file, self._embedding, self._splitter())

    def _splitter(self) -> PassageSplitter:
        from knowledge.stores.passages import PassageSplitter

        return PassageSplitter(self._embedding.count_tokens, self._embedding.model.max_tokens)

    def _facts(self) -> dict[str, str]:
        model = self._embedding.model
        return {"model": model.digest, "dimensions": str(model.dimensions), "splitter": SPLITTER_VERSION}

    def _stale_reason(self) -> str:
        with self._current.using() as current:
            wanted = self._facts()
            differing = sorted(name for name in wanted if current.facts.get(name) != wanted[name])
            empty = not current.store.file.revisions()
        if differing and empty:
            current.store.file.record_facts(wanted)
            current.facts = wanted
            return ""
        return f"other {', '.join(differing)} than the index was built with" if differing else ""

    def _search(
        self, vectors: NDArray[np.float32], plan: QueryPlan, scope: Scope, top_k: int
    ) -> list[ScoredPassage]:
        from knowledge.stores.records import passage_of

        with self._current.using() as current:
            # Vectors of two models cannot be compared: until the rebuild is done, keywords alone search.
            comparable = current.facts.get("model") == self._embedding.model.digest
            hits = current.store.search(vectors if comparable else None, plan, scope, top_k)
        return [
            ScoredPassage(passage_of(hit.id, hit.text, hit.payload), hit.score, hit.dense, hit.keyword)
            for hit in hits
        ]

    def _held(self, words: Collection[str], scope: Scope) -> frozenset[str]:
        with self._current.using() as current:
            return current.store.held(words, scope)

    def _respelled(self, words: Collection[str], scope: Scope) -> dict[str, str]:
        with self._current.using() as current:
            return current.store.respelled(words, scope)

    def _catch_up(self) -> None:
        # A pool: whoever starts a thread waits until it runs, and this may be the event loop.
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "index")
        if self._beside is None or self._beside.done():
            self._beside = self._pool.submit(self._follow)

    def _follow(self) -> None:
        try:
            with self._current.using() as current:
                current.store.follow()
        except KnowledgeError as error:  # the next search meets it, too, and says so to whoever asked
            self._log.warning("index.not_followed", error=str(error))

    def _closed(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        self._current.retire()

    def _count(self) -> int:
        with self._current.using() as current:
            return current.store.file.count_changed(0)

    def _read_all(self) -> int:
        with self._current.using() as current:
            count = current.store.count()
            current.store.keep()
            return count

    def _keep(self) -> None:
        """Let the next start be quick, whoever synced: the bot, or the command line."""
        with self._current.using() as current:
            current.store.keep_for_next_start()
