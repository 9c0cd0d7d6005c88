"""What takes longest to make of a generation's passages, its postings, kept beside its file from start to start.

It holds no passage, only words and ids; the rest is read from the generation itself. It is used by the very code that
wrote it, for rows that have not changed since, and thrown away where it does not fit: it can only save time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.stores.generation import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LEFT_SECONDS = 3600.0
_FOLDER = Path(__file__).parent
_WRITTEN_BY = (
    *(_FOLDER / name for name in ("analysis.py", "blocks.py", "memory.py", "postings.py", "records.py")),
    Path(__file__),
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The postings of the entries `ids` as they were at `counter`."""

    counter: int
    ids: Sequence[str]
    arrays: dict[str, NDArray[Any]]


def save(file: Path, snapshot: Snapshot) -> None:
    """Write the snapshot of the generation in `file`: whole, or not at all. Raises OSError."""
    target = _beside(file)
    new = target.with_name(f"{target.name}.{secrets.token_hex(4)}.new")
    ids = "\n".join(snapshot.ids).encode("utf-8", "surrogatepass")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            np.savez(
                out,
                allow_pickle=False,
                key=np.frombuffer(_key(), np.uint8),
                counter=np.array([snapshot.counter], np.int64),
                ids=np.frombuffer(ids, np.uint8),
                **snapshot.arrays,
            )
            out.flush()
            os.fsync(out.fileno())  # before the name: else a crash could leave the name with nothing under it
        new.replace(target)
        _clear_away(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def load(file: Path) -> Snapshot | None:
    """Read the snapshot of the generation in `file`; None where there is none that this very code wrote."""
    try:
        with _beside(file).open("rb") as source, np.load(source, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        if arrays.pop("key").tobytes() != _key():
            return None
        ids = arrays.pop("ids").tobytes().decode("utf-8", "surrogatepass").split("\n")
        return Snapshot(int(arrays.pop("counter")[0]), ids, arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def kept_until(file: Path) -> int:
    """Give the counter of the snapshot that `load` would give; 0 where there is none. Reads no postings."""
    try:
        with _beside(file).open("rb") as source, np.load(source, allow_pickle=False) as held:
            return int(held["counter"][0]) if held["key"].tobytes() == _key() else 0
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile):
        return 0


def _clear_away(target: Path) -> None:
    """Remove what processes that were killed left half written."""
    for left in target.parent.glob(f"{target.name}.*.new"):
        with contextlib.suppress(OSError):  # another process was here first
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                left.unlink()


def _beside(file: Path) -> Path:
    return file.with_name(file.name + SUFFIX)


@lru_cache(maxsize=1)
def _key() -> bytes:
    """Name the code that makes postings of passages: other code might make others."""
    digest = sha256(f"{version('numpy')} {version('PyStemmer')}".encode())
    for path in _WRITTEN_BY:
        digest.update(path.read_bytes())
    return digest.digest()
