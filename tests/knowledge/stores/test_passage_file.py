"""The file of a generation: one transaction a write, readers that take up only what changed, errors in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from knowledge.errors import DiskFull, PassageIndexError, StorageError
from knowledge.models import ArticleRef
from knowledge.stores.passage_file import PassageFile
from knowledge.stores.passage_rows import PassageRow, RowExists

if TYPE_CHECKING:
    from pathlib import Path

REF = ArticleRef("help", "a")


def row(number: int, text: str = "text") -> PassageRow:
    """Make a row of the article REF."""
    return PassageRow(f"help/a#{number}", *REF, text, "{}", bytes([number]) * 16, b"\0\0\0\0")


@pytest.fixture
def file(tmp_path: Path):
    """An empty file."""
    file = PassageFile(tmp_path / "passages.sqlite", create=True)
    yield file
    file.close()


def test_a_reader_takes_up_the_changes_only(file: PassageFile):
    """After its counter, it gets the rows that changed and the ids that went."""
    file.switch_articles({REF: "1"}, [row(0), row(1), row(2)])
    reader = PassageFile(file.path)
    seen = reader.changes_since(0)
    assert ([found.id for found in seen.rows], seen.counter) == (["help/a#0", "help/a#1", "help/a#2"], 1)
    file.put_rows([row(1, "new")], "replace")
    file.remove_rows(["help/a#2"])
    changes = reader.changes_since(seen.counter)
    assert [(found.id, found.text) for found in changes.rows] == [("help/a#1", "new")]
    assert changes.removed == ["help/a#2"]
    assert reader.counter() == changes.counter == 3
    reader.close()


def test_switching_an_article_replaces_all_its_rows(file: PassageFile):
    """An id that stays is a change, one that goes a removal; the revision moves with them."""
    file.switch_articles({REF: "1"}, [row(0), row(1)])
    file.switch_articles({REF: "2"}, [row(0, "new")])
    changes = file.changes_since(1)
    assert [found.text for found in changes.rows] == ["new"]
    assert changes.removed == ["help/a#1"]
    assert file.revisions() == {REF: "2"}
    file.switch_articles({}, [], [REF])
    assert file.revisions() == {}
    assert file.rows_of(REF) == []


def test_a_refused_write_changes_nothing(file: PassageFile):
    """All of a write is done or none of it, the counter included."""
    file.put_rows([row(1)], "refuse")
    with pytest.raises(RowExists, match="help/a#1"):
        file.put_rows([row(0), row(1)], "refuse")
    assert file.counter() == 1
    assert file.put_rows([row(0), row(1)], "keep") == 1


def test_vectors_are_found_in_rows_and_among_the_pending(file: PassageFile):
    """Both spare an embedding; the pending go when the run is done, the rows' stay."""
    file.put_rows([row(1)], "replace")
    file.keep_pending({b"p" * 16: b"\1\1\1\1"})
    assert file.vectors([bytes([1]) * 16, b"p" * 16, b"?" * 16]).keys() == {bytes([1]) * 16, b"p" * 16}
    file.drop_pending()
    assert file.vectors([b"p" * 16, bytes([1]) * 16]).keys() == {bytes([1]) * 16}


def test_a_full_disk_says_so_and_leaves_the_file_as_it_was(file: PassageFile):
    """The error names the file, and what was committed is still there."""
    file.put_rows([row(0)], "replace")
    (pages,) = file._connection.execute("PRAGMA page_count").fetchone()
    file._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull, match=r"passages\.sqlite"):
        file.put_rows([row(number, "x" * 9000) for number in range(20)], "replace")
    assert [found.id for found in file.rows_of(REF)] == ["help/a#0"]
    assert file.counter() == 1


def test_a_file_that_is_none_is_named(tmp_path: Path):
    """Something else than an index, and nothing at all, are two errors."""
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"not a database" * 1000)
    with pytest.raises(PassageIndexError, match=r"other\.sqlite"):
        PassageFile(other)
    with pytest.raises(StorageError, match=r"missing\.sqlite"):
        PassageFile(tmp_path / "missing.sqlite")
