"""ArticleIndex: the library's articles as passages that can be searched."""

# ruff: noqa: PLC0415 - what searches and fills is loaded when it is done: a start from the cache asks the version alone
from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from knowledge.errors import PassageIndexError
from knowledge.models import Article, ArticleRef, CorpusVersion, Passage, Question, ScoredPassage
from knowledge.stores.entries import Scope
from knowledge.stores.generation import Generations
from knowledge.stores.opened import OpenGeneration
from knowledge.stores.passage_file import SPLITTER_VERSION, PassageFile
from knowledge.stores.store import PassageStore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from knowledge.stores.filling import Embedding, IndexFiller, Library, Progress
    from knowledge.stores.passages import PassageSplitter
    from knowledge.stores.query import QueryPlan


class ArticleIndex:
    """Passages of all articles in `index_dir`, searched in memory, rebuilt from the library at any time.

    Other processes may read and write the same folder: their writes and switches are seen by the next call.
    At most one process may run `reconcile` or `rebuild` at a time; the caller holds a lease for that.
    Raises PassageIndexError when the folder cannot be used, DiskFull, StorageError.
    """

    def __init__(self, index_dir: Path, embedding: Embedding) -> None:
        self._generations = Generations(index_dir)
        self._embedding = embedding
        self._lock = threading.RLock()
        self._open: OpenGeneration | None = None
        self._stamp = (0, 0)
        self._log = structlog.get_logger()

    async def open(self) -> None:
        """Open the current generation, or an empty first one; passages are read with the first search."""
        await asyncio.to_thread(self._current)

    async def close(self) -> None:
        """Close all files; searches in flight end first."""
        await asyncio.to_thread(self._retire)

    def version(self) -> CorpusVersion:
        """Give the version of what a search would see now, other processes' writes included; microseconds."""
        with self._using() as current:
            return CorpusVersion(current.name, current.store.counter())

    def known(self) -> dict[ArticleRef, str]:
        """Give the revision of each article that is held, those without passages included."""
        with self._using() as current:
            return current.store.file.revisions()

    def share_changed(self, since: CorpusVersion) -> float:
        """Give the share (0-1) of passages that came, changed or went since a version; of another generation all."""
        with self._using() as current:
            if current.name != since.generation:
                return 1.0
            return current.store.file.share_changed(since.counter)

    def passages_of(self, ref: ArticleRef) -> list[Passage]:
        """Give the passages of one article in reading order."""
        from knowledge.stores.records import passage_of

        with self._using() as current:
            rows = current.store.file.rows_of(ref)
        passages = [passage_of(row.id, row.text, row.payload) for row in rows]
        return sorted(passages, key=lambda passage: passage.position)

    async def warm(self) -> int:
        """Read the passages into memory before the first question, and give how many there are."""
        return await asyncio.to_thread(self._read_all)

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
        with self._using() as current:
            embedded = await self._filler(current.store.file).run(library, progress, again)
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
        with self._using() as current:
            filler = self._filler(current.store.file)
            return await filler.prepare(articles, progress)

    async def rebuild(self, library: Library, progress: Progress | None = None) -> int:
        """Build a new generation while the present one answers, switch to it, and give how many were embedded.

        A rebuild that was killed is taken up where it stood.
        """
        name, file = await asyncio.to_thread(self._building)
        try:
            embedded = await self._filler(file).run(library, progress)
        finally:
            await asyncio.to_thread(file.close)
        await asyncio.to_thread(self._switch, name)
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
        with self._using() as current:
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

        with self._using() as current:
            # Vectors of two models cannot be compared: until the rebuild is done, keywords alone search.
            comparable = current.facts.get("model") == self._embedding.model.digest
            hits = current.store.search(vectors if comparable else None, plan, scope, top_k)
        return [
            ScoredPassage(passage_of(hit.id, hit.text, hit.payload), hit.score, hit.dense, hit.keyword)
            for hit in hits
        ]

    def _held(self, words: Collection[str], scope: Scope) -> frozenset[str]:
        with self._using() as current:
            return current.store.held(words, scope)

    def _respelled(self, words: Collection[str], scope: Scope) -> dict[str, str]:
        with self._using() as current:
            return current.store.respelled(words, scope)

    def _read_all(self) -> int:
        with self._using() as current:
            count = current.store.count()
            current.store.keep()
            return count

    def _keep(self) -> None:
        """Let the next start be quick, whoever synced: the bot, or the command line."""
        with self._using() as current:
            current.store.keep_for_next_start()

    @contextmanager
    def _using(self) -> Iterator[OpenGeneration]:
        """Give the current generation and keep it open meanwhile; a damaged one is replaced first."""
        with self._lock:
            current = self._current()
            current.users += 1
        try:
            yield current
        except PassageIndexError as error:
            self._replace(current.name, error)
            raise
        finally:
            with self._lock:
                current.users -= 1
                if current.retired and current.users == 0:
                    current.close()

    def _current(self) -> OpenGeneration:
        """Open what the pointer names, if it is not open yet."""
        with self._lock:
            if self._open is not None and self._stamp == self._generations.stamp():
                return self._open
            with self._generations.exclusive():
                opened = self._opened()
                self._retire()
                self._open, self._stamp = opened, self._generations.stamp()
                self._generations.remove_unused()
            return opened

    def _opened(self) -> OpenGeneration:
        name = self._generations.current()
        if name is None or not self._generations.path(name).exists():
            name = self._create()
        try:
            return self._opened_as(name)
        except PassageIndexError as error:
            self._set_aside(name, error)
            return self._opened_as(self._create())

    def _opened_as(self, name: str) -> OpenGeneration:
        store = PassageStore(self._generations.path(name))
        try:
            return OpenGeneration(name, store, self._generations.hold(name), store.file.facts())
        except BaseException:
            store.close()
            raise

    def _create(self) -> str:
        """Make an empty generation and switch to it; within `exclusive`."""
        name = self._generations.begin()
        self._new_file(name).close()
        self._generations.switch(name)
        return name

    def _new_file(self, name: str) -> PassageFile:
        file = PassageFile(self._generations.path(name), create=True)
        file.record_facts(self._facts())
        return file

    def _building(self) -> tuple[str, PassageFile]:
        """Open the generation that a rebuild left unfinished, or begin one."""
        with self._generations.exclusive():
            name = self._generations.building()
            if name is not None:
                try:
                    file = PassageFile(self._generations.path(name))
                except PassageIndexError as error:
                    self._set_aside(name, error)
                else:
                    if self._facts().items() <= file.facts().items():
                        return name, file
                    file.close()
            name = self._generations.begin()
            return name, self._new_file(name)

    def _switch(self, name: str) -> None:
        with self._generations.exclusive():
            self._generations.switch(name)
        self._current()
        with self._generations.exclusive():
            self._generations.remove_unused()

    def _replace(self, name: str, error: PassageIndexError) -> None:
        """Put an empty generation in a damaged one's place, unless somebody did already."""
        with self._lock, self._generations.exclusive():
            if self._generations.current() == name:
                self._set_aside(name, error)
                self._create()

    def _set_aside(self, name: str, error: PassageIndexError) -> None:
        aside = self._generations.set_aside(name)
        self._log.error(
            "index.damaged",
            generation=name,
            moved_to=str(aside),
            error=str(error),
            remedy="the next sync rebuilds it",
        )

    def _retire(self) -> None:
        with self._lock:
            current, self._open = self._open, None
            if current is None:
                return
            current.retired = True
            if current.users == 0:
                current.close()
