"""Turns what a database driver says into errors that name the database and the remedy."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, IntegrityError

from knowledge.errors import DiskFull, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMEDIES = {
    "database is locked": "another process has been writing to it for too long; stop it, or try again",
    "unable to open database file": "check that its folder exists and may be written to",
    "readonly database": "give this user the right to write to the file and its folder",
    "file is not a database": "another program's file stands there; set data_dir to another place",
    "database disk image is malformed": "the file is damaged; put back a backup, or move it away and sync",
    "disk i/o error": "the disk refuses; look at the system's log",
}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raise StorageError for what an operator can mend; all other errors go through as they are."""
    try:
        yield
    except DBAPIError as error:
        better = _better(place, error)
        if better is None:
            raise
        raise better from error


@contextmanager
def unreachable(place: str) -> Iterator[None]:
    """Like `translated`, where a connection is being made: what the operating system says counts too."""
    try:
        with translated(place):
            yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(place) from error
        raise StorageError(f"the database {place} cannot be reached: {error.strerror or error}") from error


@contextmanager
def sqlite_explained(place: str) -> Iterator[None]:
    """Like `translated`, for what comes from SQLite itself."""
    with translated(place):
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise IntegrityError(None, None, error) from error
        except sqlite3.Error as error:
            raise DBAPIError(None, None, error) from error


@contextmanager
def postgres_explained(place: str) -> Iterator[None]:
    """Like `translated`, for what comes from PostgreSQL's driver itself, whose errors carry an SQLSTATE."""
    with translated(place):
        try:
            yield
        except Exception as error:
            code = getattr(error, "sqlstate", None)
            if code is None:
                raise
            kind = IntegrityError if code.startswith("23") else DBAPIError
            raise kind(None, None, error) from error


def _better(place: str, error: DBAPIError) -> StorageError | None:
    if isinstance(error, IntegrityError):
        return None
    said = str(error.orig).lower()
    code = getattr(error.orig, "sqlstate", None) or ""
    if "disk is full" in said or code == "53100":
        return _disk_full(place)
    for words, remedy in _REMEDIES.items():
        if words in said:
            return StorageError(f"the database {place}: {words}; {remedy}")
    if error.connection_invalidated or code.startswith(("08", "28", "3D", "57P")):
        reason = str(error.orig).rsplit(": ", 1)[-1]
        return StorageError(f"the database {place} refuses: {reason}; check [database] url and the server")
    return None


def _disk_full(place: str) -> DiskFull:
    return DiskFull(f"no space is left for {place}; free some, then try again: nothing acknowledged was lost")
