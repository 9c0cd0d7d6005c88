"""What admins do to sources: pause, resume, make anew, and let a removal happen that waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bot.admin_desk import ADA, GRACE, Desk, clicked, open_desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A desk with ten articles more, synced."""
    async for opened in open_desk(tmp_path, request):
        for number in range(10):
            (opened.folder / f"page-{number}.md").write_text(f"# Page {number}\n\nWords of page {number}.\n")
        await opened.do("sync")
        yield opened


async def test_a_paused_source_is_left_alone_and_said_to_be(desk: Desk) -> None:
    """`sync` alone passes it over, `sync NAME` does it; status and sources say that it is paused; noted once."""
    assert "Paused help" in (await desk.do("pause", "help")).text
    assert "paused already" in (await desk.do("pause", "help", person=GRACE)).text
    assert (await desk.do("sync")).text == "There is no source to sync."
    assert "help: 11 unchanged" in (await desk.do("sync", "help")).text
    assert "; paused" in (await desk.do("status")).text
    assert "Resumed help" in (await desk.do("resume", "help")).text
    assert "not paused" in (await desk.do("resume", "help")).text
    assert "11 unchanged" in (await desk.do("sync")).text
    assert "did you mean help?" in (await desk.do("pause", "hepl")).text
    entries = await (await desk.app.audit()).entries("help")
    assert [entry.action for entry in entries] == ["sync", "resume", "sync", "pause", "sync"]


async def test_a_held_removal_happens_when_an_admin_has_seen_it(desk: Desk) -> None:
    """Status says what waits; the ids are shown first; a click removes them, and says so in the log."""
    for number in range(5):
        (desk.folder / f"page-{number}.md").unlink()
    told = (await desk.do("sync")).text
    assert "5 articles that it has no more are kept until an admin confirms: `confirm help`" in told
    assert "`confirm help`" in (await desk.do("status")).text
    shown = await desk.do("confirm", "help")
    assert "`help/page-3.md`" in shown.text
    assert "`help/page-7.md`" not in shown.text
    kept = await desk.do("discard", clicked(shown, "Keep them")[1])
    assert "Nothing was removed" in kept.text
    shown = await desk.do("confirm", "help")
    done = await desk.do(*clicked(shown, "Remove them"))
    assert "5 removed" in done.text
    assert len(await (await desk.app.library()).summaries("help")) == 6
    assert "No removal of help waits" in (await desk.do("confirm", "help")).text
    assert "waited for more than a day" in (await desk.do(*clicked(shown, "Remove them"))).text
    assert (await (await desk.app.audit()).entries("help"))[0].action == "confirm"


async def test_what_an_admin_has_not_seen_is_not_removed(desk: Desk) -> None:
    """More is gone by the time of the click: nothing is removed, and the new list is shown."""
    for number in range(5):
        (desk.folder / f"page-{number}.md").unlink()
    await desk.do("sync")
    shown = await desk.do("confirm", "help")
    (desk.folder / "page-5.md").unlink()
    await desk.do("sync")
    again = await desk.do(*clicked(shown, "Remove them"))
    assert "Something else waits by now" in again.text
    assert "`help/page-5.md`" in again.text
    assert len(await (await desk.app.library()).summaries("help")) == 11
    assert "6 removed" in (await desk.do(*clicked(again, "Remove them"))).text


async def test_reindex_of_one_article_of_a_source_and_of_all(desk: Desk) -> None:
    """It says how much was embedded, and what was asked for by a wrong name."""
    await desk.do("add", "Keys\nEach month.")
    assert "`local/keys` was made anew: 1 passages" in (await desk.do("reindex", "keys")).text
    assert "`help` was made anew: 11 passages" in (await desk.do("reindex", "help")).text
    assert "The index was made anew: 12 passages" in (await desk.do("reindex")).text
    assert "no article and no source" in (await desk.do("reindex", "kyes")).text
    log = await (await desk.app.audit()).entries(limit=3)
    assert [(entry.action, entry.object, entry.person) for entry in log] == [
        ("reindex", "", ADA),
        ("reindex", "help", ADA),
        ("reindex", "local/keys", ADA),
    ]
