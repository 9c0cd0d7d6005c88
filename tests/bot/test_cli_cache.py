"""`helpdesk-bot cache stats|clear|explain`, as an operator and a script use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.cli_desk import Desk

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a dozen processes each
ASKED = "How do I export my data?"


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    """A desk of this test's own."""
    return Desk(tmp_path, request.config.cache.mkdir("embedding-models"))


def test_explain_tells_what_is_done_and_why(desk: Desk) -> None:
    """Made, then served, revalidated after another article came, made again after its own changed."""
    desk.json("sync")
    before = desk.json("cache", "explain", ASKED)
    assert (before["outcome"], before["entry"], before["stamp"]) == ("made", False, None)
    assert desk.json("ask", ASKED)["cache"] == "miss"
    assert desk.json("cache", "explain", ASKED.upper())["key"] == before["key"]
    held = desk.json("cache", "explain", *ASKED.split())
    assert (held["outcome"], held["verdict"], held["stamp"]) == ("served", "answered", held["today"])
    assert held["key"] == before["key"]
    assert desk.json("cache", "explain", ASKED, "--audience", "public")["entry"] is False
    assert desk.json("cache", "explain", ASKED, "--source", "help")["entry"] is False

    desk.json("ask", ASKED, "--audience", "public")
    desk.json("articles", "add", "-", stdin=b"# Boilers\n\nBoilers are heavy.\n")
    moved = desk.run("cache", "explain", ASKED, "--audience", "public").stdout
    assert "outcome: revalidated\nwhy: today's articles give the same evidence\n" in moved
    (desk.root / "articles" / "export.md").write_text(
        "# Export your data\n\nPress **Download** at the end.\n"
    )
    desk.json("sync")
    assert desk.json("cache", "explain", ASKED)["outcome"] == "made"
    assert desk.json("ask", ASKED)["cache"] == "miss"
    small_talk = desk.run("cache", "explain", "hello")
    assert small_talk.returncode != 0
    assert "small talk" in small_talk.stderr


def test_stats_and_clear(desk: Desk) -> None:
    """What is kept is counted, and goes only when somebody says so."""
    desk.json("sync")
    assert desk.json("cache", "stats")["entries"] == 0
    desk.json("ask", ASKED)
    desk.json("ask", "How can an invoice be cancelled?")
    stats = desk.json("cache", "stats")
    assert (stats["entries"], stats["questions"], stats["max_entries"]) == (2, {}, 20_000)
    assert stats["bytes"] > 500
    assert stats["oldest"].startswith("20")
    assert "answers kept: 2 of at most 20,000" in desk.run("cache", "stats").stdout

    refused = desk.run("cache", "clear")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert desk.json("cache", "stats")["entries"] == 2
    assert desk.json("cache", "clear", "--yes") == {"cleared": 2}
    assert desk.json("cache", "stats")["oldest"] is None
    assert desk.json("ask", ASKED)["cache"] == "miss"


def test_without_a_cache_it_says_so(desk: Desk) -> None:
    """Where the cache is off there is nothing to count, and every question is answered afresh."""
    desk.config.write_text(desk.config.read_text() + "\n[cache]\nenabled = false\n")
    gone = desk.run("cache", "stats")
    assert gone.returncode != 0
    assert "the cache is off" in gone.stderr
    assert desk.json("cache", "explain", ASKED)["why"].startswith("the cache is off")
