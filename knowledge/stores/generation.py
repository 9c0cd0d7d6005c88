"""Generations of the passage index in a folder: `<name>.sqlite` files, and `current` that names the one in use."""

from __future__ import annotations

import fcntl
import os
import uuid
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = "-search"
"""Of what `snapshot.py` keeps beside a generation's file, after its name."""
_CURRENT = "current"
_BUILDING = "building"


class Generations:
    """The files of one index folder, shared by processes through `flock`.

    Whoever uses a generation holds a shared lock on its lock file, so that nobody deletes it under a reader.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = str(folder / _CURRENT)

    def path(self, name: str) -> Path:
        """Give where a generation's file lies."""
        return self._folder / f"{name}.sqlite"

    def current(self) -> str | None:
        """Give the generation in use; None before the first."""
        return _read(self._folder / _CURRENT)

    def building(self) -> str | None:
        """Give the generation that a rebuild has begun and not finished; None without one."""
        name = _read(self._folder / _BUILDING)
        return name if name and self.path(name).exists() else None

    def stamp(self) -> tuple[int, int]:
        """Give what changes whenever another generation is switched to; one `stat`."""
        try:
            found = os.stat(self._pointer)  # noqa: PTH116 - asked for each message; a Path is taken apart each time
        except FileNotFoundError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)

    def begin(self) -> str:
        """Name a new generation and record that it is being built."""
        name = uuid.uuid4().hex[:12]
        _write(self._folder / _BUILDING, name)
        return name

    def switch(self, name: str) -> None:
        """Make a whole generation the one in use: one atomic rename, on the disk when this returns."""
        _write(self._folder / _CURRENT, name)
        (self._folder / _BUILDING).unlink(missing_ok=True)

    def set_aside(self, name: str) -> Path:
        """Move a damaged generation out of the way and give where it went."""
        aside = self._folder / f"{name}.damaged"
        for suffix in ("-wal", "-shm", SUFFIX):
            self.path(name).with_name(f"{name}.sqlite{suffix}").unlink(missing_ok=True)
        self.path(name).replace(aside)
        return aside

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the folder's lock, for the moments in which generations come and go."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def hold(self, name: str) -> IO[bytes]:
        """Lock a generation against removal until the returned file is closed."""
        lock = (self._folder / f"{name}.lock").open("ab")
        fcntl.flock(lock, fcntl.LOCK_SH)
        return lock

    def remove_unused(self) -> list[str]:
        """Delete generations that are neither current, nor being built, nor held by anyone; call in `exclusive`."""
        kept = {self.current(), self.building()}
        names = [path.stem for path in self._folder.glob("*.sqlite") if path.stem not in kept]
        return [name for name in names if self._remove(name)]

    def _remove(self, name: str) -> bool:
        lock_path = self._folder / f"{name}.lock"
        with lock_path.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            for suffix in ("", "-wal", "-shm", SUFFIX):
                self._folder.joinpath(f"{name}.sqlite{suffix}").unlink(missing_ok=True)
            lock_path.unlink(missing_ok=True)
        return True


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _write(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.new")
    with new.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
