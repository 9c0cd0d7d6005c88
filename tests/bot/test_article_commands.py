"""What admins do to articles from a chat: every change is compared, noted, and seen by the next question."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors.base import Address, SharedFile
from tests.bot.admin_desk import ADA, GRACE, MEMBER, Desk, clicked, open_desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connectors.forms import Form

VPN = "The VPN key\nThe VPN key is rotated on the first Monday of each month."
QUESTION = "When is the VPN key rotated?"


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A desk of this test's own, nothing synced."""
    async for opened in open_desk(tmp_path, request):
        yield opened


def values(form: Form | None) -> dict[str, str]:
    """What stands in a form's fields."""
    assert form is not None
    return {field.name: field.value for field in form.fields}


async def test_a_question_after_each_change_sees_it(desk: Desk) -> None:
    """Added, edited, removed and restored: the next question is answered from what is there now, cache or not."""
    assert "Monday" not in await desk.ask(QUESTION)
    assert "local/the-vpn-key" in (await desk.do("add", VPN)).text
    assert "Monday" in await desk.ask(QUESTION)
    form = await desk.form("edit", "the-vpn-key")
    assert form is not None
    edit = values(form) | {"text": "The VPN key is rotated on the last Friday of each month."}
    assert (
        "+The VPN key is rotated on the last Friday"
        in (await desk.do("edit", form.arguments, fields=edit)).text
    )
    answer = await desk.ask(QUESTION)
    assert "Friday" in answer
    assert "Monday" not in answer
    assert "`restore local/the-vpn-key`" in (await desk.do("remove", "the-vpn-key")).text
    assert "Friday" not in await desk.ask(QUESTION)
    assert "as it was" in (await desk.do("restore", "the-vpn-key")).text
    assert "Friday" in await desk.ask(QUESTION)
    assert "Friday" not in await desk.ask(QUESTION, person=MEMBER)
    actions = [entry.action for entry in await (await desk.app.audit()).entries("local/the-vpn-key")]
    assert actions == ["restore", "remove", "edit", "add"]


async def test_two_admins_who_edit_at_once_lose_nothing(desk: Desk) -> None:
    """One edit is stored; the other comes back with its text and a diff, and can be stored over it."""
    await desk.do("add", VPN)
    form = await desk.form("edit", "the-vpn-key")
    assert form is not None
    mine, theirs = (
        values(form) | {"text": f"Rotated by {name}.\n\nSecond line."} for name in ("Ada", "Grace")
    )
    replies = await asyncio.gather(
        desk.do("edit", form.arguments, fields=mine, person=ADA),
        desk.do("edit", form.arguments, fields=theirs, person=GRACE),
    )
    refused = next(reply for reply in replies if reply.actions)
    stored = next(reply for reply in replies if not reply.actions)
    loser, winner = ("Ada", "Grace") if "Grace" in stored.text else ("Grace", "Ada")
    assert "changed by somebody else" in refused.text
    assert f"Rotated by {loser}.\n\nSecond line." in refused.text
    assert f"-Rotated by {winner}." in refused.text
    assert f"+Rotated by {loser}." in refused.text
    assert f"Rotated by {winner}" in (await desk.do("show", "the-vpn-key")).text
    done = await desk.do(*clicked(refused, "Store mine"))
    assert "Replaced `local/the-vpn-key`" in done.text
    assert done.replaces
    assert f"Rotated by {loser}" in (await desk.do("show", "the-vpn-key")).text


async def test_two_admins_who_add_one_title_lose_nothing(desk: Desk) -> None:
    """The second sees the first one's article beside its own, and decides."""
    replies = await asyncio.gather(
        desk.do("add", "Refunds\nAfter 30 days.", person=ADA),
        desk.do("add", "Refunds\nAfter 60 days.", person=GRACE),
    )
    (second,) = [reply for reply in replies if reply.actions]
    assert "title already" in second.text
    assert "days." in second.text
    assert {line for line in second.text.splitlines() if line.startswith(("-After", "+After"))} == {
        line for line in second.text.splitlines() if "After" in line
    }
    assert "nothing was changed" in (await desk.do(*clicked(second, "Discard"))).text
    assert "waited for more than a day" in (await desk.do(*clicked(second, "Replace it"))).text
    assert len(await (await desk.app.library()).summaries()) == 1


async def test_an_edit_of_what_was_removed_gives_the_text_back(desk: Desk) -> None:
    """Nobody writes a text twice because somebody else was faster, or because a label was misspelt."""
    await desk.do("add", VPN)
    form = await desk.form("edit", "the-vpn-key")
    assert form is not None
    wrong = values(form) | {"text": "My long text.", "readers": "internl"}
    told = (await desk.do("edit", form.arguments, fields=wrong)).text
    assert "did you mean internal?" in told
    assert "My long text." in told
    await desk.do("remove", "the-vpn-key", person=GRACE)
    told = (await desk.do("edit", form.arguments, fields=wrong | {"readers": "internal"})).text
    assert "no article" in told
    assert "My long text." in told


async def test_an_article_of_a_source_is_edited_at_its_source(desk: Desk) -> None:
    """The refusal names the source; no form opens."""
    await desk.do("sync")
    assert await desk.form("edit", "reset-password.md") is None
    assert "comes from the source" in (await desk.do("edit", "reset-password.md")).text
    assert "nothing-like-it" in (await desk.do("edit", "nothing-like-it")).text
    told = (await desk.do("edit", "reset-password.md\nNew text.")).text
    assert "comes from the source help" in told
    assert "`sync help`" in told
    removed = (await desk.do("remove", "reset-password.md")).text
    assert "next sync brings it back" in removed


async def test_a_form_asks_for_what_add_lacks(desk: Desk) -> None:
    """Title, text and readers, `internal` first; a message that is to be saved fills it in; members get none."""
    form = await desk.form("add")
    assert values(form) == {"title": "", "text": "", "readers": "internal"}
    assert form is not None
    (readers,) = [field for field in form.fields if field.name == "readers"]
    assert {"public", "internal", "team:billing"} == {choice.value for choice in readers.options}
    saved = values(await desk.form("add", "Title\nSome words."))
    assert (saved["title"], saved["text"]) == ("Title", "Some words.")
    assert await desk.form("add", person=MEMBER) is None
    fields = {"title": "Open hours", "text": "We open at nine.", "readers": "public"}
    assert "for public" in (await desk.do("add", fields=fields)).text
    assert "nine" in await desk.ask("What are the open hours, when do you open?", person=MEMBER)


async def test_files_are_added_after_a_confirmation(desk: Desk) -> None:
    """Several at once; what cannot be read is named; a click adds them, a second click adds nothing."""
    shared = {
        "vpn.md": b"# The VPN key\n\nThe VPN key is rotated on the first Monday.\n",
        "refunds.html": b"<html><head><title>Refunds</title></head><body><h1>Refunds</h1><p>30 days.</p></body></html>",
        "photo.png": b"\x89PNG",
    }

    async def fetch(file: SharedFile, _address: Address, _most: int) -> bytes:
        return shared[file.name]

    desk.app.platforms.fetch = fetch  # type: ignore[method-assign]
    files = tuple(SharedFile(name, len(data), name) for name, data in shared.items())
    assert await desk.form("add", files=files) is None
    shown = await desk.do("add", files=files)
    assert "**The VPN key** as `local/vpn.md`, for internal" in shown.text
    assert "**Refunds**" in shown.text
    assert "photo.png: this kind of file cannot be read" in shown.text
    assert await (await desk.app.library()).count() == 0
    added = await desk.do(*clicked(shown, "Add"))
    assert added.text.count("Added") == 2
    assert "Monday" in await desk.ask(QUESTION)
    assert "already" in (await desk.do(*clicked(shown, "Add"))).text
    shared["vpn.md"] = b"# The VPN key\n\nThe VPN key is rotated on Friday.\n"
    again = await desk.do("add", "team:billing", files=files[:1])
    assert "in place of “The VPN key”" in again.text
    assert "-The VPN key is rotated on the first Monday." in again.text
    assert "for team:billing" in (await desk.do(*clicked(again, "Add"))).text


async def test_a_page_of_an_inner_network_is_not_fetched_for_a_chat(desk: Desk) -> None:
    """The bot must not read its own network's pages out to a chat."""
    for url in ("http://127.0.0.1:9/x", "http://169.254.169.254/latest/meta-data", "http://[::1]/"):
        assert "not on the open internet" in (await desk.do("add", url)).text


async def test_what_a_sync_removed_comes_back_as_a_copy(desk: Desk) -> None:
    """In its place the next sync would remove it again; the copy is internal, and stays."""
    (desk.folder / "other.md").write_text("# Other\n\nAnother article.\n")
    await desk.do("sync")
    (desk.folder / "reset-password.md").unlink()
    await desk.do("sync", "help")
    assert "`help/reset-password.md`" in (await desk.do("restore")).text
    told = (await desk.do("restore", "help/reset-password.md")).text
    assert "`local/reset-your-password`" in told
    assert "internal" in told
    assert "Reset password" in await desk.ask("How do I reset my password?")
    assert "Reset password" not in await desk.ask("How do I reset my password?", person=MEMBER)
    await desk.do("sync")
    assert "Reset password" in await desk.ask("How do I reset my password?")


async def test_show_preview_and_audit(desk: Desk) -> None:
    """An article with its history, how it is cut, and who did what from where; titles only to who may read them."""
    await desk.do("add", "Keys\n# Rotation\n\nEach month.\n\n# Loss\n\nTell security.")
    shown = (await desk.do("show", "keys")).text
    for words in ("**Keys**", "readers: internal", "Each month.", f"`{ADA}` add `local/keys`"):
        assert words in shown
    preview = (await desk.do("preview", "keys")).text
    assert "cut into 2 passages" in preview
    assert "**Rotation**" in preview
    audit = (await desk.do("audit")).text
    assert "from slack:T1/C1" in audit
    assert "“Keys”" in audit
    fields = {"title": "Keys", "text": "Each month.", "readers": "public"}
    await desk.do("add", fields=fields)
    assert "add `local/keys`" in (await desk.do("audit", "keys")).text


async def test_a_draft_is_tried_without_a_trace(desk: Desk) -> None:
    """It is retrieved and quoted as if it were published; library, index and audit log stay as they were."""
    await desk.do("sync")
    version = (await desk.app.index()).version()
    title, text = VPN.split("\n")
    fields = {"question": QUESTION, "title": title, "text": text}
    told = (await desk.do("try", fields=fields)).text
    assert "It quotes “The VPN key”" in told
    assert "Monday" in told
    other = (await desk.do("try", f"How do I reset my password?\n{VPN}")).text
    assert "It does not quote" in other
    assert "Reset password" in other
    assert await (await desk.app.library()).count() == 1
    assert (await desk.app.index()).version() == version
    assert "Monday" not in await desk.ask(QUESTION)
    assert not [path for path in desk.app.settings.data_dir.iterdir() if "rehearsal" in path.name]


async def test_list_finds_by_words(desk: Desk) -> None:
    """By source, by words, or all; nothing that one may not read."""
    await desk.do("sync")
    await desk.do("add", VPN)
    assert "reset-password.md" in (await desk.do("list", "help")).text
    found = (await desk.do("list", "vpn monday")).text
    assert "the-vpn-key" in found
    assert "reset-password" not in found
    assert "No article has" in (await desk.do("list", "vpn", person=MEMBER)).text


async def test_members_may_do_none_of_it(desk: Desk) -> None:
    """Told so, plainly and in private; nothing happens."""
    await desk.do("add", VPN)
    for name in (
        "edit",
        "remove",
        "restore",
        "show",
        "preview",
        "try",
        "audit",
        "pause",
        "confirm",
        "discard",
    ):
        assert "for the bot's admins" in (await desk.do(name, "the-vpn-key", person=MEMBER)).text
    assert await (await desk.app.library()).count() == 1
