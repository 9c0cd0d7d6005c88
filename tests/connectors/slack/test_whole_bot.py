"""The whole bot but for the model, in Slack: forms, shortcuts, files, shared answers, a page, every command."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from bot.commands.table import COMMANDS
from bot.outbox import OutboxRunner
from bot.tables import questions, ratings
from connectors.slack.connector import SlackConnector
from connectors.slack.interactions import SAVE_AS_ARTICLE, WHY
from knowledge.models import Article
from tests.bot.conftest import Clock
from tests.bot.people_desk import DeskApp, desk_settings, revision_of
from tests.connectors.slack.test_files import put
from tests.connectors.slack.test_forms import typed
from tests.fakes.slack.workspace import APP_TOKEN, BOT_TOKEN, BOT_USER, Channel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fakes.slack_server import FakeSlack

ADMIN, ASKER = "U1", "U2"


class Whole:
    """The whole bot, connected."""

    def __init__(self, app: DeskApp, slack: FakeSlack) -> None:
        self.app = app
        self.slack = slack

    async def answered(self, number: int) -> dict[str, Any]:
        """Wait for so many private answers over response URLs, and give the last."""
        await self.slack.until(lambda: len(self.slack.responses) >= number)
        return self.slack.responses[-1]

    async def press(self, user: str, shown: dict[str, Any], name: str, channel: str = "C1") -> None:
        """Press a button under what one person alone sees: Slack sends no message along."""
        found = [
            element
            for block in shown["blocks"]
            for element in block.get("elements", ())
            if element.get("action_id", "").startswith(f"helpdesk:{name}:")
        ]
        assert found, f"there is no button {name}"
        trigger = self.slack.trigger()
        payload = {
            "type": "block_actions",
            "user": {"id": user, "team_id": "T1"},
            "team": {"id": "T1"},
            "channel": {"id": channel},
            "container": {
                "type": "message",
                "message_ts": "9.9",
                "channel_id": channel,
                "is_ephemeral": True,
            },
            "actions": [{**found[0], "action_ts": self.slack.workspace.stamp(), "block_id": "b"}],
            "trigger_id": trigger,
            "response_url": f"{self.slack.base}/respond/{trigger}",
        }
        await self.slack.deliver(payload, "interactive")


@pytest.fixture
async def whole(tmp_path: Path, slack: FakeSlack, request: pytest.FixtureRequest) -> AsyncIterator[Whole]:
    """One public article, one internal; U1 is the admin."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "models").symlink_to(request.config.cache.mkdir("embedding-models"))
    access = {"admins": [f"slack:T1/{ADMIN}"], "members": ["internal"]}
    async with DeskApp(desk_settings(data, access=access, limits={"per_person": 0}), clock=Clock()) as app:
        library = await app.library()
        for title, body, audience in (
            ("Reset a password", "Press the red button.", frozenset({"public"})),
            ("Master key", "It hangs behind the door.", frozenset({"internal"})),
        ):
            name = title.replace(" ", "-")
            await library.put(
                Article("help", name, title, body, revision_of(title, body, audience), audience)
            )
        connector = SlackConnector(bot_token=BOT_TOKEN, app_token=APP_TOKEN, api_url=slack.api_url)
        app.platforms.run([connector])
        delivery = await app.delivery()
        outbox = OutboxRunner(await app.outbox(), {"slack": connector})
        tasks = [asyncio.create_task(connector.run(delivery)), asyncio.create_task(outbox.run())]
        try:
            await slack.until(slack.connections)
            yield Whole(app, slack)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_private_answer_is_shared(whole: Whole, slack: FakeSlack) -> None:
    """The button "Share in channel" answers afresh with what all may read there; "Sources" tells the asker alone."""
    await slack.command(ASKER, "/ask", "reset password")
    shown = await whole.answered(1)
    assert "red button" in shown["blocks"][0]["text"]
    await whole.press(ASKER, shown, "sources")
    assert "Reset a password" in (await whole.answered(2))["blocks"][0]["text"]
    assert slack.posts() == []
    await whole.press(ASKER, shown, "share")
    await slack.until(slack.posts)
    (post,) = slack.posts()
    assert "red button" in post["blocks"][0]["text"]
    assert "thread_ts" not in post


async def test_what_others_may_not_read_is_not_shared(whole: Whole, slack: FakeSlack) -> None:
    """The asker reads the internal article; the channel, which may not, gets nothing of it."""
    await slack.command(ASKER, "/ask", "master key")
    shown = await whole.answered(1)
    assert "behind the door" in shown["blocks"][0]["text"]
    await whole.press(ASKER, shown, "share")
    assert "did not share" in (await whole.answered(2))["blocks"][0]["text"]
    assert slack.posts() == []


@pytest.mark.parametrize("guest", [False, True])
async def test_a_guest_in_the_channel_makes_it_public(whole: Whole, slack: FakeSlack, guest: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """An internal channel may read what is internal, until a guest reads there as well."""
    channel = slack.workspace.channels["INSIDE"] = Channel("INSIDE", {ASKER, BOT_USER})
    if guest:
        channel.members.add("UGUEST")
    await slack.command(ASKER, "/ask", "master key", channel="INSIDE")
    await whole.press(ASKER, await whole.answered(1), "share", "INSIDE")
    words = "did not share" if guest else "Shared, answered afresh"
    assert words in (await whole.answered(2))["blocks"][0]["text"]
    if guest:
        assert slack.posts("INSIDE") == []
    else:
        await slack.until(lambda: "behind the door" in str(slack.posts("INSIDE")))


async def test_a_message_becomes_an_article(whole: Whole, slack: FakeSlack) -> None:
    """An admin's shortcut "Save as article": the form comes filled, and what is sent is an internal article."""
    said = slack.workspace.say("C1", ASKER, "Printer jams\nOpen the flap and pull.")
    await slack.shortcut(ADMIN, SAVE_AS_ARTICLE, said)
    (view,) = slack.api.views
    values = typed(view)
    assert values["title"]["value"]["value"] == "Printer jams"
    await slack.submit(ADMIN, view, values)
    told = await whole.answered(1)
    assert "Printer jams" in told["blocks"][0]["text"]
    added = await (await whole.app.library()).summaries(None, frozenset({"internal"}))
    assert "Printer jams" in [each.title for each in added]
    assert "Printer jams" not in [
        each.title for each in await (await whole.app.library()).summaries(None, frozenset({"public"}))
    ]


async def test_it_is_for_admins(whole: Whole, slack: FakeSlack) -> None:
    """Somebody else sees no form, and is told alone."""
    said = slack.workspace.say("C1", ADMIN, "Printer jams\nOpen the flap and pull.")
    await slack.shortcut(ASKER, SAVE_AS_ARTICLE, said)
    assert "admins" in (await whole.answered(1))["blocks"][0]["text"]
    assert slack.api.views == []


async def test_a_dropped_file_is_proposed_and_added(whole: Whole, slack: FakeSlack) -> None:
    """An admin's file without a word: its title is shown first, and a click adds it."""
    put(slack)
    channel = slack.workspace.direct(ADMIN).id
    shared = {"id": "F1", "name": "printers.md", "size": 23}
    await slack.say(ADMIN, "", channel, subtype="file_share", files=[shared])
    await slack.until(lambda: slack.posts(channel))
    (post,) = slack.posts(channel)
    assert "Printers" in post["blocks"][0]["text"]
    button = post["blocks"][-1]["elements"][0]
    await slack.press(ADMIN, post, button, channel)
    library = await whole.app.library()
    async with asyncio.timeout(30):
        while "Printers" not in [each.title for each in await library.summaries(None, None)]:
            await slack.until(lambda: len(slack.posts(channel)) > 1 or "edited" in slack.posts(channel)[0])


async def test_why_it_did_not_help(whole: Whole, slack: FakeSlack) -> None:
    """The rating comes with its reason, from the modal."""
    await slack.say(ASKER, f"<@{BOT_USER}> reset password")
    await slack.until(slack.posts)
    (post,) = slack.posts()
    (feedback,) = [block for block in post["blocks"] if block["type"] == "context_actions"]
    rating = feedback["elements"][0]
    await slack.press(ASKER, post, {"action_id": rating["action_id"], **rating["negative_button"]})
    (view,) = slack.api.views
    values = typed(view)
    values["reason"]["value"]["selected_option"] = {"value": "outdated"}
    await slack.submit(ASKER, view, values)
    await slack.until(lambda: slack.workspace.channels["C1"].whispers)
    async with (await whole.app.database()).read() as connection:
        (row,) = (await connection.execute(select(ratings))).all()
    assert (row.helpful, row.reason) == (0, "outdated")


async def test_why_and_forget_me_are_said(whole: Whole, slack: FakeSlack) -> None:
    """As a shortcut on the answer, as a mention in its thread, and for the channel as a slash command."""
    asked = await slack.say(ASKER, f"<@{BOT_USER}> reset password")
    await slack.until(slack.posts)
    await slack.shortcut(ASKER, WHY, slack.posts()[0])
    assert "reset password" in (await whole.answered(1))["blocks"][0]["text"]
    await slack.command(ASKER, "/helpdesk", "why")
    assert "reset password" in (await whole.answered(2))["blocks"][0]["text"]
    whispers = slack.workspace.channels["C1"].whispers
    await slack.say(ASKER, f"<@{BOT_USER}> why", thread=asked["ts"])
    await slack.until(lambda: len(whispers) == 1)
    await slack.say(ASKER, f"<@{BOT_USER}> forget me", thread=asked["ts"])
    await slack.until(lambda: len(whispers) == 2)
    async with (await whole.app.database()).read() as connection:
        assert "reset password" not in (await connection.execute(select(questions.c.text))).scalars().all()


async def test_a_person_has_a_page(whole: Whole, slack: FakeSlack) -> None:
    """Everyone learns how to ask; an admin sees how things stand; the button forgets."""
    await slack.open_home(ADMIN)
    await slack.open_home(ASKER)
    homes = slack.api.modals.homes
    await slack.until(lambda: len(homes) == 2)
    words = {user: str(homes[user][0]["blocks"]) for user in homes}
    assert "How to ask" in words[ASKER]
    assert ("How things stand" in words[ADMIN], "How things stand" in words[ASKER]) == (True, False)
    view = homes[ASKER][0]
    channel = slack.workspace.direct(ASKER).id
    await slack.press_on_page(ASKER, view, view["blocks"][-1]["elements"][0])
    await slack.until(lambda: slack.posts(channel))


@pytest.mark.parametrize("user", [ADMIN, ASKER])
async def test_every_command_is_a_slash_command(whole: Whole, slack: FakeSlack, user: str) -> None:
    """Each gets a form or a private answer, and who may not use it a plain refusal; nothing is posted for all."""
    slack.workspace.channels["C2"] = Channel("C2", {"U1", "U2"})
    for number, spec in enumerate((spec for spec in COMMANDS if not spec.hidden), 1):
        await slack.command(user, "/helpdesk", spec.name.replace("_", " "), channel="C2")
        await slack.until(lambda number=number: len(slack.responses) + len(slack.api.views) >= number)  # type: ignore[misc]
        said = "" if not slack.responses else str(slack.responses[-1].get("blocks"))
        refused = f"`{spec.name}` is for the bot's admins" in said
        assert (spec.name, refused, said) == (spec.name, spec.admin and user == ASKER, said)
        assert "there is no command" not in said
    assert all(response["response_type"] == "ephemeral" for response in slack.responses)
    assert slack.workspace.channels["C2"].messages == []
    assert len(slack.api.views) == (3 if user == ADMIN else 0)  # channel, add and try ask for more
