"""`helpdesk-bot articles edit|restore|history|preview|try`, `audit`, `gaps` and `sources`, as scripts use them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.bot.cli_desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

VPN = b"# The VPN key\n\nThe VPN key is rotated on the first Monday of each month.\n"


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    """A desk of this test's own, with one article of its own."""
    desk = Desk(tmp_path, request.config.cache.mkdir("embedding-models"))
    desk.json("articles", "add", "-", stdin=VPN)
    return desk


def test_edit_restore_and_history(desk: Desk) -> None:
    """Each change is searchable at once and stands in the log with who, from where, and both revisions."""
    before = desk.json("articles", "show", "the-vpn-key")["revision"]
    edited = desk.json(
        "articles",
        "edit",
        "the-vpn-key",
        "--file",
        "-",
        "--audience",
        "public",
        stdin=b"Rotated on Friday.\n",
    )
    assert set(edited) == {"id", "source", "title", "revision", "replaced"}
    assert edited["replaced"] == before
    article = desk.json("articles", "show", "the-vpn-key")
    assert (article["body"], article["audience"]) == ("Rotated on Friday.", ["public"])
    assert "Friday" in desk.json("ask", "When is the VPN key rotated?")["text"]
    done = desk.run("articles", "remove", "the-vpn-key", "--yes")
    assert "articles restore local/the-vpn-key" in done.stderr
    (removed,) = desk.json("articles", "restore")
    assert (removed["id"], set(removed)) == (
        "the-vpn-key",
        {"id", "source", "title", "revision", "removed_at"},
    )
    assert desk.json("articles", "restore", "the-vpn-key")["copy_of"] is None
    history = desk.json("articles", "history", "the-vpn-key")
    assert [entry["action"] for entry in history] == ["restore", "remove", "edit", "add"]
    assert (history[2]["before"], history[2]["after"]) == (before, edited["revision"])
    assert {entry["place"] for entry in history} == {"terminal"}
    assert all(entry["person"].startswith("cli:") for entry in history)
    assert desk.json("audit", "local/the-vpn-key") == history
    assert len(desk.json("audit", "--limit", "2")) == 2
    assert "restore" in desk.run("audit").stdout


def test_an_edit_of_another_revision_is_refused_and_kept(desk: Desk) -> None:
    """The refusal shows the difference and names a file that has the text."""
    done = desk.run(
        "articles", "edit", "the-vpn-key", "-", "--revision", "older", stdin=b"My own long text.\n"
    )
    assert done.returncode == 1
    assert "changed meanwhile" in done.stderr
    assert "+My own long text." in done.stderr
    kept = re.search(r"your text is in (\S+)", done.stderr)
    assert kept is not None
    assert (desk.root / kept[1]).read_text() == "My own long text."
    assert "Monday" in desk.json("articles", "show", "the-vpn-key")["body"]


def test_edit_of_what_lives_elsewhere_and_of_nothing(desk: Desk) -> None:
    """What a source has is edited there; without a terminal something must be said, once; the same is no change."""
    desk.json("sync", "help")
    done = desk.run("articles", "edit", "export.md", "--title", "Other")
    assert done.returncode == 1
    assert "comes from the source help" in done.stderr
    assert desk.run("articles", "edit", "the-vpn-key").returncode == 2
    assert desk.run("articles", "edit", "the-vpn-key", "-", "--file", "-", stdin=b"Twice.").returncode == 2
    assert desk.run("articles", "edit", "the-vpn-key", "--title", "The VPN key").returncode == 1


def test_preview_and_try(desk: Desk, tmp_path: Path) -> None:
    """How an article is cut; and what a draft would answer, of which nothing is kept."""
    (cut,) = desk.json("articles", "preview", "the-vpn-key")
    assert set(cut) == {"position", "heading_path", "text", "tokens"}
    assert cut["tokens"] > 10
    (tmp_path / "parking.md").write_text("# Parking\n\nYou park your car in the yard behind building 2.\n")
    tried = desk.json("articles", "try", "parking.md", "Where do I park my car?")
    assert tried["cites_draft"]
    assert "yard" in tried["text"]
    assert len(desk.json("articles", "list")) == 1
    assert desk.run("articles", "try", "none.md", "Why?").returncode == 2


def test_sources_pause_resume_and_confirm(desk: Desk) -> None:
    """A paused source is passed over unless it is named; a held removal waits for --yes."""
    assert desk.json("sources", "pause", "help") == {"source": "help", "paused": True}
    report = desk.json("sync")
    assert [source["source"] for source in report["sources"]] == ["wiki"]
    assert "help is paused" in desk.run("sync").stderr
    (status,) = [source for source in desk.json("sources", "list") if source["name"] == "help"]
    assert status["paused"]
    assert desk.json("sync", "help")["added"] == 3
    assert desk.json("sources", "resume", "help") == {"source": "help", "paused": False}
    for name in ("export.md", "cancel-invoice.md"):
        (desk.root / "articles" / name).unlink()
    assert "sources confirm help" in desk.run("sync", "help").stdout
    assert set(desk.json("sync", "help")["held"]) == {"help/export.md", "help/cancel-invoice.md"}
    assert desk.run("sources", "confirm", "help").returncode == 2
    assert desk.json("sources", "confirm", "help", "--yes")["removed"] == 2
    assert desk.run("sources", "confirm", "help", "--yes").returncode == 1
    assert "did you mean help?" in desk.run("sources", "pause", "hepl").stderr


def test_gaps_and_reindex_of_one(desk: Desk) -> None:
    """`gaps` is an object also when nothing was asked; one article is made anew by its id."""
    assert desk.json("gaps") == {"gaps": [], "in_private": 0}
    assert desk.json("reindex", "the-vpn-key")["embedded_passages"] == 1
