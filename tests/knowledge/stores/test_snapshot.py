"""The snapshot of a generation's postings saves time and changes nothing."""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from knowledge.models import ArticleRef
from knowledge.stores import snapshot
from knowledge.stores.entries import Scope
from knowledge.stores.generation import SUFFIX
from knowledge.stores.passage_file import PassageFile
from knowledge.stores.passage_rows import PassageRow
from knowledge.stores.query import plan_query
from knowledge.stores.store import PassageStore

if TYPE_CHECKING:
    from pathlib import Path

_VOCABULARY = (
    "invoice timer seat plan vpn password export budget webhook retainer calendar refund naïve ßtraße"
)
WORDS = _VOCABULARY.split()
QUESTIONS = ("reset password", "export invoices vpn", "budget calendar refund of a seat", "naïve", "webhok")
SCOPES = (Scope(), Scope(frozenset({"public"})), Scope(frozenset({"internal"}), frozenset({"desk"})))


def row(number: int, rng: random.Random) -> PassageRow:
    """Make a passage."""
    vector = np.array([rng.gauss(0, 1) for _ in range(8)], np.float32)
    payload = {
        "title": " ".join(rng.choices(WORDS, k=2)),
        "heading_path": [rng.choice(WORDS)],
        "language": rng.choice(["en", "de", None]),
        "audience": [rng.choice(["public", "internal"])],
    }
    text = f"**{' '.join(rng.choices(WORDS, k=20))}** passage {number}"
    unit = (vector / np.linalg.norm(vector)).tobytes()
    return PassageRow(f"p{number}", "desk", f"a{number // 3}", text, json.dumps(payload), b"", unit)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A generation with 60 passages; a single changed one is worth keeping here."""
    monkeypatch.setattr("knowledge.stores.store.WORTH_KEEPING", 1)
    path, rng = tmp_path / "g.sqlite", random.Random(3)
    made = PassageFile(path, create=True)
    made.put_rows([row(number, rng) for number in range(60)], "refuse")
    made.close()
    return path


def found(path: Path, *, thawed: bool) -> list[object]:
    """Give what searches find in a store that is opened anew, and whether it took the snapshot up."""
    store, rng = PassageStore(path), random.Random(5)
    results: list[object] = []
    for text in QUESTIONS:
        plan = plan_query(text)
        vectors = np.array([[rng.gauss(0, 1) for _ in range(8)] for _ in plan.texts], np.float32)
        for scope in SCOPES:
            hits = store.search(vectors, plan, scope, 10)
            results += [
                (hit.id, hit.text, round(hit.score, 4), round(hit.keyword, 4), round(hit.dense, 4))
                for hit in hits
            ]
            results += [store.held(["vpn", "webhok", "nothing", "budgetcalendar"], scope)]
            results.append(sorted(store.respelled(["webhok", "invoise"], scope).items()))
    # words are read where no snapshot was taken up
    assert bool(store._unsaved >= 60) is not thawed
    store.close()
    return results


def kept(path: Path) -> None:
    """Open, read and keep the snapshot."""
    store = PassageStore(path)
    store.count()
    store.keep()
    store.close()


def test_it_finds_what_was_found_without_it(file: Path) -> None:
    """Scores, words and spellings are the same, for every audience."""
    fresh = found(file, thawed=False)
    kept(file)
    assert found(file, thawed=True) == fresh


@pytest.mark.parametrize("seed", range(5))
def test_what_changed_since_is_read(file: Path, seed: int) -> None:
    """Rows that were put, replaced, switched and removed after it was kept are as they are now."""
    rng = random.Random(seed)
    kept(file)
    changed = PassageFile(file)
    changed.put_rows([row(number, rng) for number in rng.sample(range(80), 20)], "replace")
    changed.remove_rows([f"p{number}" for number in rng.sample(range(80), 15)])
    changed.switch_articles({ArticleRef("desk", "a3"): "2"}, [row(10, rng)], [ArticleRef("desk", "a4")])
    changed.close()
    with_it = found(file, thawed=True)
    file.with_name(file.name + SUFFIX).unlink()
    assert found(file, thawed=False) == with_it


@pytest.mark.parametrize("damage", [0.0, 0.3, 0.9, 0.999])
def test_a_damaged_one_is_thrown_away(file: Path, damage: float) -> None:
    """Cut off anywhere, or not ours: the passages are read as if it were not there."""
    fresh = found(file, thawed=False)
    kept(file)
    beside = file.with_name(file.name + SUFFIX)
    data = beside.read_bytes()
    beside.write_bytes(data[: int(len(data) * damage)])
    assert found(file, thawed=False) == fresh


def test_that_of_other_code_is_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other code might make other words of a text."""
    kept(file)
    monkeypatch.setattr(snapshot, "_key", lambda: b"another")
    found(file, thawed=False)


def test_one_from_the_future_is_not_used(file: Path) -> None:
    """A generation that was put back from a backup stands before its snapshot."""
    backup = file.with_name("backup.sqlite")
    backup.write_bytes(b"")
    kept(file)
    found_before = snapshot.load(file)
    assert found_before is not None
    snapshot.save(file, snapshot.Snapshot(found_before.counter + 5, found_before.ids, found_before.arrays))
    found(file, thawed=False)


def test_it_holds_no_passage(file: Path) -> None:
    """A removed article's sentences do not lie beside the index."""
    kept(file)
    data = file.with_name(file.name + SUFFIX).read_bytes()
    assert b"passage 7" not in data
    assert b"webhook" in data  # its words alone do


def test_what_a_sync_wrote_is_kept_without_a_search(file: Path) -> None:
    """A process that only wrote leaves the next start its snapshot."""
    writer = PassageStore(file)
    writer.keep_for_next_start()
    writer.close()
    assert snapshot.kept_until(file) == PassageFile(file).counter()
    found(file, thawed=True)


def test_a_snapshot_that_is_near_enough_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync of few passages reads none of the others."""
    kept(file)
    until = snapshot.kept_until(file)
    monkeypatch.setattr("knowledge.stores.store.WORTH_KEEPING", 5)
    store = PassageStore(file)
    store.file.put_rows([row(number, random.Random(9)) for number in range(60, 64)], "refuse")
    store.keep_for_next_start()
    assert (snapshot.kept_until(file), store._search) == (until, None)
    store.file.put_rows([row(64, random.Random(9))], "refuse")
    store.keep_for_next_start()
    assert snapshot.kept_until(file) == store.counter() > until
    store.close()


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new file has its name only when it is on the disk; what was left half written goes an hour later."""
    kept(file)
    until = snapshot.kept_until(file)

    def killed(_descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(snapshot.os, "fsync", killed)
        patch.setattr(snapshot.Path, "unlink", lambda *_args, **_more: None)  # as `kill -9` leaves it
        with pytest.raises(KeyboardInterrupt):
            snapshot.save(file, snapshot.Snapshot(until + 1, [], {}))
    (left,) = file.parent.glob("*.new")
    assert snapshot.kept_until(file) == until
    kept(file)
    assert left.exists()
    os.utime(left, (0, 0))
    writer = PassageStore(file)
    writer.count()
    snapshot.save(file, snapshot.Snapshot(writer.counter(), *writer._memory.freeze()))
    writer.close()
    assert not left.exists()
    found(file, thawed=True)
