"""A generation of the passage index: its file, and the search over what the file holds."""

# ruff: noqa: PLC0415 - the search and its numpy are loaded with the first search: a start from the cache needs the counter alone
from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from knowledge.stores.fusion import BALANCED, Fusion
from knowledge.stores.passage_file import PassageFile

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from knowledge.models import ArticleRef
    from knowledge.stores.entries import Entry, Hit, Scope, Vectors
    from knowledge.stores.memory import MemorySearch
    from knowledge.stores.passage_rows import PassageRow
    from knowledge.stores.query import QueryPlan


WORTH_KEEPING = 1_000
"""Passages that changed since the last time."""


class PassageStore:
    """Searches one generation's file in memory and follows its writers, of this process and of others.

    Safe for several threads. Writes go through `file`; each search first takes up what was written since.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.file = PassageFile(path, create=create)
        # Its own connection, so that a search never waits for a write, and sees its own process's writes too.
        self._reader = PassageFile(path)
        # And one for rows: whoever asks for the counter, mostly the event loop, must not wait until they are read.
        self._rows: PassageFile | None = None
        self._search: MemorySearch | None = None
        self._loaded = 0
        self._unsaved = 0
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the file; may be called twice."""
        self.file.close()
        self._reader.close()
        if self._rows is not None:
            self._rows.close()

    @property
    def _memory(self) -> MemorySearch:
        if self._search is None:
            from knowledge.stores.memory import MemorySearch

            self._search = MemorySearch()
        return self._search

    @property
    def _reading(self) -> PassageFile:
        """Read rows by this; only within the lock."""
        if self._rows is None:
            self._rows = PassageFile(self.file.path)
        return self._rows

    def counter(self) -> int:
        """Give the counter of the last committed write."""
        return self._reader.counter()

    def standing(self) -> tuple[int, bool]:
        """Give that counter, and whether what is held in memory is behind it; what was never read is not."""
        counter = self.counter()
        return counter, self._loaded not in {0, counter}

    def follow(self) -> None:
        """Take up what was written, unless nothing was ever read."""
        with self._lock:
            if self._loaded:
                self.refresh()

    def refresh(self) -> None:
        """Take up what was written since the last time: the changed rows only."""
        with self._lock:
            if self._reader.counter() == self._loaded:
                return
            if not self._loaded:
                self._take_up_snapshot()
            changes = self._reading.changes_since(self._loaded)
            self._memory.remove(changes.removed)
            self._memory.put([self._entry(row) for row in changes.rows])
            self._loaded = changes.counter
            self._unsaved += len(changes.rows) + len(changes.removed)

    def _entry(self, row: PassageRow) -> Entry:
        """Give a row's entry, its words read unless they are held already."""
        from knowledge.stores.records import entry_of

        if row.id in self._memory:
            bare = entry_of(row, read=False)
            if self._memory.says(bare):
                return bare
        return entry_of(row)

    def keep(self) -> None:
        """Write down what makes the next start quick, unless little has changed since; what fails costs only time."""
        from knowledge.stores.snapshot import Snapshot, save

        with self._lock:
            if self._unsaved < WORTH_KEEPING:
                return
            snapshot = Snapshot(self._loaded, *self._memory.freeze())
            self._unsaved = 0
        try:
            save(self.file.path, snapshot)
        except OSError as error:
            structlog.get_logger().warning("index.snapshot_not_kept", error=str(error))

    def keep_for_next_start(self) -> None:
        """Do as `keep` says when much was written since a snapshot, reading what is held first: after a sync."""
        from knowledge.stores.snapshot import kept_until

        with self._lock:
            changed = self._reading.count_changed(kept_until(self.file.path))
        if changed < WORTH_KEEPING:
            return
        self.refresh()
        self.keep()

    def _take_up_snapshot(self) -> None:
        """Begin where another run stood, if what it left fits this file."""
        from knowledge.stores.records import entry_of
        from knowledge.stores.snapshot import load

        snapshot = load(self.file.path)
        if snapshot is None or snapshot.counter > self._reader.counter():
            return
        rows = self._reading.rows_until(snapshot.counter)
        try:
            self._memory.thaw(snapshot.ids, snapshot.arrays, (entry_of(row, read=False) for row in rows))
        except (ValueError, KeyError, IndexError):
            self._search = None
        else:
            self._loaded = snapshot.counter

    def search(
        self, vectors: Vectors | None, plan: QueryPlan, scope: Scope, top_k: int, fusion: Fusion = BALANCED
    ) -> list[Hit]:
        """Search the newest committed state; see MemorySearch.search."""
        with self._lock:
            self.refresh()
            return self._memory.search(vectors, plan, scope, top_k, fusion)

    def held(self, words: Collection[str], scope: Scope) -> frozenset[str]:
        """Give those of the words that stand in the newest committed state; see MemorySearch.held."""
        with self._lock:
            self.refresh()
            return self._memory.held(words, scope)

    def respelled(self, words: Collection[str], scope: Scope) -> dict[str, str]:
        """Give what misspelt words were meant to be in the newest committed state; see MemorySearch.respelled."""
        with self._lock:
            self.refresh()
            return self._memory.respelled(words, scope)

    def rows_of(self, ref: ArticleRef) -> list[tuple[str, str, str]]:
        """Give id, text and payload of the newest passages of an article, among others of its id; unordered."""
        with self._lock:
            if self._loaded:
                self.refresh()
                return self._memory.items_of(ref.id)
            return [(row.id, row.text, row.payload) for row in self._reading.rows_of(ref)]

    def items(self) -> list[tuple[str, str, str]]:
        """Give id, text and payload of everything held, by id."""
        with self._lock:
            self.refresh()
            return self._memory.items()

    def count(self) -> int:
        """Give the number of passages."""
        with self._lock:
            self.refresh()
            return len(self._memory)

    def dimensions(self) -> int:
        """Give the length of the vectors held; 0 while there are none."""
        with self._lock:
            self.refresh()
            return self._memory.dimensions
