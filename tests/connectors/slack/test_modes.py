"""Channels that answer unasked, and channels whose answers somebody reads first: the whole bot, in Slack."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.limits import Limits
from config.desk import LimitSettings
from connectors.slack.messages import ACTION_PREFIX
from tests.connectors.slack.test_forms import typed
from tests.connectors.slack.test_whole_bot import ADMIN, ASKER, Whole, whole
from tests.fakes.slack.workspace import BOT_USER, Channel

if TYPE_CHECKING:
    from tests.fakes.slack_server import FakeSlack

__all__ = ["whole"]
QUESTION = "How do I reset my password?"


def button(post: dict[str, Any], name: str) -> dict[str, Any]:
    """Give a button of a post."""
    found = [
        element
        for block in post["blocks"]
        for element in block.get("elements", ())
        if element.get("action_id", "").startswith(f"{ACTION_PREFIX}{name}")
    ]
    assert found, f"there is no button {name}"
    return dict(found[0])


async def settled(whole: Whole) -> None:
    """Wait until nothing is being worked on."""
    await (await whole.app.delivery())._idle.wait()


@pytest.fixture
async def shadowed(whole: Whole, slack: FakeSlack) -> FakeSlack:
    """The channel's answers are drafts for the channel STAFF."""
    slack.workspace.channels["STAFF"] = Channel("STAFF", {ADMIN, ASKER, BOT_USER})
    await slack.command(ADMIN, "/helpdesk", "channel shadow staff=slack:T1/STAFF")
    assert "shadow" in (await whole.answered(1))["text"]
    return slack


async def draft(slack: FakeSlack, text: str = QUESTION) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let somebody ask, and give the question and its draft."""
    asked = await slack.say(ASKER, text)
    await slack.until(lambda: slack.posts("STAFF"))
    return asked, slack.posts("STAFF")[-1]


async def test_auto_mode_answers_when_it_is_sure(whole: Whole, slack: FakeSlack) -> None:
    """`/helpdesk channel` turns it on with a least confidence: below that, and for talk among people, it is silent."""
    await slack.say(ASKER, QUESTION)
    await slack.command(ADMIN, "/helpdesk", "channel auto confidence=0.95")
    assert "at least 0.95" in (await whole.answered(1))["text"]
    await slack.say(ASKER, QUESTION)
    await settled(whole)
    assert slack.posts() == []
    await slack.command(ADMIN, "/helpdesk", "channel auto confidence=0.8")
    await whole.answered(2)
    asked = await slack.say(ASKER, QUESTION)
    await slack.until(slack.posts)
    await slack.say(ASKER, "Who wants lunch?")
    await slack.say("U3", QUESTION, thread=asked["ts"])
    await settled(whole)
    (post,) = slack.posts()
    assert post["thread_ts"] == asked["ts"]
    assert "red button" in post["blocks"][0]["text"]


async def test_a_mention_below_a_question_answers_it(whole: Whole, slack: FakeSlack) -> None:
    """The thread is read: "any idea?" means what somebody else asked at its top."""
    root = slack.workspace.say("C1", "U3", QUESTION)
    await slack.say(ASKER, f"<@{BOT_USER}> any idea?", thread=root["ts"])
    await slack.until(slack.posts)
    await settled(whole)
    (post,) = slack.posts()
    assert (post["thread_ts"], "red button" in post["blocks"][0]["text"]) == (root["ts"], True)


async def test_a_deleted_question_is_not_remembered(whole: Whole, slack: FakeSlack) -> None:
    """What goes on in its thread has nothing to go on with: it is searched for as it stands."""
    root = slack.workspace.say("C1", "U3", "Good morning")
    asked = await slack.say(ASKER, f"<@{BOT_USER}> {QUESTION}", thread=root["ts"])
    await slack.until(slack.posts)
    await settled(whole)
    await slack.delete(asked)
    await slack.say(ASKER, f"<@{BOT_USER}> and at home?", thread=root["ts"])
    await slack.until(lambda: len(slack.posts()) == 2)
    helpdesk = await whole.app.helpdesk()
    assert "password" not in helpdesk.asked[-1]


async def test_who_asks_too_much_is_told_once(whole: Whole, slack: FakeSlack) -> None:
    """In private and politely; what comes after is left unanswered, and somebody else is not held up."""
    router = (await whole.app.delivery())._router
    router._limits = Limits(LimitSettings(per_person=1), await whole.app.redis())
    for _ in range(3):
        await slack.say(ASKER, f"<@{BOT_USER}> {QUESTION}")
        await settled(whole)
    (whisper,) = slack.workspace.channels["C1"].whispers
    assert (whisper["for"], "give me a minute" in whisper["text"]) == (ASKER, True)
    assert len(slack.posts()) == 1
    await slack.say("U3", f"<@{BOT_USER}> {QUESTION}")
    await slack.until(lambda: len(slack.posts()) == 2)


@pytest.mark.parametrize("words", ["forget me", "forget_me", "forget-me"])
async def test_forget_me_is_written_as_one_likes(whole: Whole, slack: FakeSlack, words: str) -> None:
    """The question's text goes, and what is kept elsewhere is named."""
    await slack.say(ASKER, f"<@{BOT_USER}> {QUESTION}")
    await slack.until(slack.posts)
    await settled(whole)
    await slack.command(ASKER, "/helpdesk", words)
    told = (await whole.answered(1))["text"]
    assert "question texts: 1" in told
    assert "tickets" in told


async def test_a_draft_is_sent_from_the_staff_channel_once(whole: Whole, shadowed: FakeSlack) -> None:
    """Nothing stands under the question before; two clicks at once post one answer, dated, with its buttons."""
    asked, drafted = await draft(shadowed)
    assert shadowed.posts() == []
    assert shadowed.workspace.channels["C1"].whispers == []
    assert "updated" in str(drafted["blocks"][1])
    await asyncio.gather(
        *(shadowed.press(user, drafted, button(drafted, "draft_send"), "STAFF") for user in (ADMIN, ASKER))
    )
    await shadowed.until(shadowed.posts)
    await settled(whole)
    (post,) = shadowed.posts()
    assert post["thread_ts"] == asked["ts"]
    assert "red button" in post["blocks"][0]["text"]
    assert "updated" in str(post["blocks"][1])
    assert button(post, "rating")
    (left,) = shadowed.posts("STAFF")
    assert "Sent by Name of" in left["blocks"][0]["text"]
    assert "actions" not in {block["type"] for block in left["blocks"]}


async def test_who_mentions_the_bot_is_told_that_somebody_looks(shadowed: FakeSlack) -> None:
    """To that person alone."""
    await draft(shadowed, f"<@{BOT_USER}> {QUESTION}")
    await shadowed.until(lambda: shadowed.workspace.channels["C1"].whispers)
    assert shadowed.posts() == []


async def test_a_draft_is_edited_before_it_goes_out(whole: Whole, shadowed: FakeSlack) -> None:
    """In a modal with its words; what is sent are the words of whoever edited it."""
    _, drafted = await draft(shadowed)
    await shadowed.press(ADMIN, drafted, button(drafted, "draft_edit"), "STAFF")
    (view,) = shadowed.api.views
    assert "red button" in view["blocks"][0]["element"]["initial_value"]
    await shadowed.submit(ADMIN, view, typed(view, text="Press the *green* button."))
    await shadowed.until(shadowed.posts)
    await settled(whole)
    assert [post["blocks"][0]["text"] for post in shadowed.posts()] == ["Press the *green* button."]
    assert "Edited and sent by" in shadowed.posts("STAFF")[0]["blocks"][0]["text"]


async def test_a_discarded_draft_is_not_posted(whole: Whole, shadowed: FakeSlack) -> None:
    """Nor can it be sent any more."""
    _, drafted = await draft(shadowed)
    send = button(drafted, "draft_send")
    await shadowed.press(ADMIN, drafted, button(drafted, "draft_discard"), "STAFF")
    await shadowed.until(lambda: "Discarded by" in str(shadowed.posts("STAFF")))
    await shadowed.press(ADMIN, drafted, send, "STAFF")
    await shadowed.until(lambda: shadowed.workspace.channels["STAFF"].whispers)
    await settled(whole)
    assert shadowed.posts() == []
