"""The generation of the passage index that this process has open: the one that the folder's pointer names."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from knowledge.errors import PassageIndexError
from knowledge.stores.generation import Generations
from knowledge.stores.opened import OpenGeneration
from knowledge.stores.passage_file import PassageFile
from knowledge.stores.store import PassageStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


class CurrentGeneration:
    """Opens what is current, follows every switch, and replaces what is damaged. Safe for several threads."""

    def __init__(self, index_dir: Path, facts: Callable[[], Mapping[str, str]]) -> None:
        """`facts` are what a new generation is recorded to be made with."""
        self._generations = Generations(index_dir)
        self._facts = facts
        self._lock = threading.RLock()
        self._open: OpenGeneration | None = None
        self._stamp = (0, 0)
        self._log = structlog.get_logger()

    @contextmanager
    def using(self) -> Iterator[OpenGeneration]:
        """Give the current generation and keep it open meanwhile; a damaged one is replaced first."""
        with self._lock:
            current = self.open()
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

    def open(self) -> OpenGeneration:
        """Open what the pointer names, if it is not open yet."""
        with self._lock:
            if self._open is not None and self._stamp == self._generations.stamp():
                return self._open
            with self._generations.exclusive():
                opened = self._opened()
                self.retire()
                self._open, self._stamp = opened, self._generations.stamp()
                self._generations.remove_unused()
            return opened

    def retire(self) -> None:
        """Close it; who uses it still ends first."""
        with self._lock:
            current, self._open = self._open, None
            if current is None:
                return
            current.retired = True
            if current.users == 0:
                current.close()

    def building(self) -> tuple[str, PassageFile]:
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

    def switch(self, name: str) -> None:
        """Make a whole generation the one in use, and open it."""
        with self._generations.exclusive():
            self._generations.switch(name)
        self.open()
        with self._generations.exclusive():
            self._generations.remove_unused()

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
