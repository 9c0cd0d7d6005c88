"""One generation of the passage index as a SQLite file: rows, tombstones, and a counter that every write moves."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeVar

from knowledge.errors import DiskFull, PassageIndexError, StorageError
from knowledge.models import ArticleRef
from knowledge.stores.passage_rows import Changes, PassageRow, RowExists

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passages (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, article_id TEXT NOT NULL, text TEXT NOT NULL, payload TEXT NOT NULL,
  text_hash BLOB, vector BLOB, row_version INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_version ON passages (row_version);
CREATE INDEX IF NOT EXISTS passages_by_article ON passages (source, article_id);
CREATE INDEX IF NOT EXISTS passages_by_hash ON passages (text_hash);
CREATE TABLE IF NOT EXISTS articles (
  source TEXT NOT NULL, id TEXT NOT NULL, revision TEXT NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tombstones (id TEXT PRIMARY KEY, row_version INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tombstones_by_version ON tombstones (row_version);
CREATE TABLE IF NOT EXISTS pending_vectors (text_hash BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO facts VALUES ('counter', '0');
"""
_Item = TypeVar("_Item")
SPLITTER_VERSION = "1"
"""Moves when the same article would give other passages; an index of another version is rebuilt."""
_MOST_PARAMETERS = 500
_BUSY_SECONDS = 5.0


class PassageFile:
    """A connection to a generation's file. Several may be open on one file, in this process and in others.

    Each method is one transaction. Raises PassageIndexError for a file that cannot be read, DiskFull, and
    StorageError for what else SQLite refuses.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._seen: tuple[int, int] | None = None
        mode = "rwc" if create else "rw"
        with self._explained():
            uri = f"{path.resolve().as_uri()}?mode={mode}"
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._explained():
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._connection.execute("PRAGMA synchronous=NORMAL")
                self._connection.executescript(_SCHEMA if create else "SELECT value FROM facts;")
        except (StorageError, PassageIndexError):
            self._connection.close()
            raise

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._path

    def close(self) -> None:
        """Close the connection; may be called twice."""
        with self._lock:
            self._connection.close()

    def counter(self) -> int:
        """Give the counter of the last committed write of any process; cheap when nothing was written."""
        with self._lock, self._explained():
            (data_version,) = self._connection.execute("PRAGMA data_version").fetchone()
            if self._seen is None or self._seen[0] != data_version:
                self._seen = (data_version, self._read_counter())
            return self._seen[1]

    def changes_since(self, counter: int) -> Changes:
        """Give the rows and removals after `counter`; 0 gives every row."""
        with self._lock, self._explained(), self._snapshot():
            rows = self._connection.execute(
                "SELECT id, source, article_id, text, payload, text_hash, vector FROM passages "
                # `+id`: else SQLite walks the whole table in the order of its ids, to sort what is mostly one article
                "WHERE row_version > ? ORDER BY +id",
                (counter,),
            )
            found = [PassageRow(*row) for row in rows]
            removed = self._connection.execute("SELECT id FROM tombstones WHERE row_version > ?", (counter,))
            return Changes(self._read_counter(), found, [row[0] for row in removed])

    def share_changed(self, counter: int) -> float:
        """Give the share (0-1) of rows that came, changed or went after `counter`."""
        with self._lock, self._explained(), self._snapshot():
            counts = [
                self._connection.execute(f"SELECT COUNT(*) FROM {rows}", given).fetchone()[0]  # noqa: S608 - our own
                for rows, given in (
                    ("passages WHERE row_version > ?", (counter,)),
                    ("tombstones WHERE row_version > ?", (counter,)),
                    ("passages", ()),
                )
            ]
        changed, held = counts[0] + counts[1], counts[2]
        return min(changed / held, 1.0) if held else float(changed > 0)

    def count_changed(self, counter: int) -> int:
        """Give how many rows came or changed after `counter`."""
        with self._lock, self._explained():
            counted = self._connection.execute(
                "SELECT COUNT(*) FROM passages WHERE row_version > ?", (counter,)
            )
            return int(counted.fetchone()[0])

    def rows_until(self, counter: int) -> list[PassageRow]:
        """Give the rows that have not changed since the counter stood there."""
        with self._lock, self._explained():
            rows = self._connection.execute(
                "SELECT id, source, article_id, text, payload, text_hash, vector FROM passages "
                "WHERE row_version <= ? ORDER BY id",
                (counter,),
            )
            return [PassageRow(*row) for row in rows]

    def facts(self) -> dict[str, str]:
        """Give what was recorded about this generation."""
        with self._lock, self._explained():
            return dict(self._connection.execute("SELECT name, value FROM facts").fetchall())

    def record_facts(self, facts: Mapping[str, str]) -> None:
        """Record facts about this generation; the counter stays."""
        with self._writing():
            self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", list(facts.items()))

    def revisions(self) -> dict[ArticleRef, str]:
        """Give the revision that is held of each article, those without passages included."""
        with self._lock, self._explained():
            rows = self._connection.execute("SELECT source, id, revision FROM articles")
            return {ArticleRef(source, article_id): revision for source, article_id, revision in rows}

    def rows_of(self, ref: ArticleRef) -> list[PassageRow]:
        """Give the rows of one article, unordered."""
        with self._lock, self._explained():
            rows = self._connection.execute(
                "SELECT id, source, article_id, text, payload, text_hash, vector FROM passages "
                "WHERE source = ? AND article_id = ?",
                tuple(ref),
            )
            return [PassageRow(*row) for row in rows]

    def switch_articles(
        self,
        articles: Mapping[ArticleRef, str],
        rows: Iterable[PassageRow],
        removed: Iterable[ArticleRef] = (),
    ) -> None:
        """Replace all passages of `articles` (ref to revision) by `rows`, and drop `removed`, in one transaction."""
        with self._writing():
            version = self._move_counter()
            gone = list(removed)
            for ref in (*articles, *gone):
                self._bury("source = ? AND article_id = ?", tuple(ref), version)
            self._insert(rows, version)
            self._connection.executemany("DELETE FROM articles WHERE source = ? AND id = ?", gone)
            self._connection.executemany(
                "INSERT OR REPLACE INTO articles VALUES (?, ?, ?)",
                [(ref.source, ref.id, revision) for ref, revision in articles.items()],
            )

    def put_rows(self, rows: Sequence[PassageRow], existing: Literal["replace", "keep", "refuse"]) -> int:
        """Write rows and give how many; `existing` says what becomes of rows whose id is there already.

        Raises RowExists for "refuse", and then nothing is written.
        """
        with self._writing():
            known = set() if existing == "replace" else self._known_ids([row.id for row in rows])
            if known and existing == "refuse":
                raise RowExists(min(known))
            kept = [row for row in rows if row.id not in known]
            if kept:
                self._insert(kept, self._move_counter())
            return len(kept)

    def remove_rows(self, ids: Sequence[str]) -> None:
        """Remove rows by id; unknown ids are passed over."""
        with self._writing():
            version = self._move_counter()
            for chunk in _chunks(list(ids)):
                self._bury(f"id IN ({','.join('?' * len(chunk))})", chunk, version)

    def vectors(self, hashes: Sequence[bytes]) -> dict[bytes, bytes]:
        """Give the vectors that are known for embedding texts, by the hash of the text."""
        found: dict[bytes, bytes] = {}
        with self._lock, self._explained():
            for chunk in _chunks(list(dict.fromkeys(hashes))):
                marks = ",".join("?" * len(chunk))
                for table in ("pending_vectors", "passages"):
                    query = f"SELECT text_hash, vector FROM {table} WHERE text_hash IN ({marks})"  # noqa: S608 - marks only
                    found.update(
                        (key, vector) for key, vector in self._connection.execute(query, chunk) if vector
                    )
        return found

    def keep_pending(self, vectors: Mapping[bytes, bytes]) -> None:
        """Keep vectors of passages that are not written yet, so that a killed run need not embed them again."""
        with self._writing():
            self._connection.executemany(
                "INSERT OR REPLACE INTO pending_vectors VALUES (?, ?)", list(vectors.items())
            )

    def drop_pending(self) -> None:
        """Forget the vectors that were kept for a run, once it is done."""
        with self._writing():
            self._connection.execute("DELETE FROM pending_vectors")

    def _known_ids(self, ids: Sequence[str]) -> set[str]:
        known: set[str] = set()
        for chunk in _chunks(list(ids)):
            marks = ",".join("?" * len(chunk))
            rows = self._connection.execute(f"SELECT id FROM passages WHERE id IN ({marks})", chunk)  # noqa: S608
            known.update(row[0] for row in rows)
        return known

    def _insert(self, rows: Iterable[PassageRow], version: int) -> None:
        values = [
            (row.id, row.source, row.article_id, row.text, row.payload, row.text_hash, row.vector, version)
            for row in rows
        ]
        self._connection.executemany(
            "INSERT OR REPLACE INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
        )
        self._connection.executemany("DELETE FROM tombstones WHERE id = ?", [(value[0],) for value in values])

    def _bury(self, where: str, parameters: Sequence[str], version: int) -> None:
        self._connection.execute(
            f"INSERT OR REPLACE INTO tombstones SELECT id, {version} FROM passages WHERE {where}",  # noqa: S608
            parameters,
        )
        self._connection.execute(f"DELETE FROM passages WHERE {where}", parameters)  # noqa: S608 - our own clauses

    def _read_counter(self) -> int:
        (value,) = self._connection.execute("SELECT value FROM facts WHERE name = 'counter'").fetchone()
        return int(value)

    def _move_counter(self) -> int:
        version = self._read_counter() + 1
        self._connection.execute("UPDATE facts SET value = ? WHERE name = 'counter'", (str(version),))
        self._seen = None
        return version

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into ours, with the file and the remedy."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._explanation(error) from error

    def _explanation(self, error: sqlite3.Error) -> StorageError | PassageIndexError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return DiskFull(
                f"No space left for the passage index {self._path}; free some and run the sync again."
            )
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or "no such table" in str(error):
            return PassageIndexError(
                f"The passage index {self._path} is damaged ({error}); `helpdesk-bot reindex`."
            )
        return StorageError(f"The passage index {self._path} refused: {error}.")


def _chunks(items: list[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), _MOST_PARAMETERS):
        yield items[start : start + _MOST_PARAMETERS]
