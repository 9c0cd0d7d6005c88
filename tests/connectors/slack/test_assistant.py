"""The assistant pane, and the status in a thread: courtesies, without which every answer still comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connectors.forms import Choice
from connectors.slack.assistant import SEARCHING
from tests.connectors.slack.test_connector import ASK
from tests.fakes.slack.faults import RateLimited, Refuse, Status
from tests.fakes.slack.workspace import BOT_USER

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Desk
    from tests.fakes.slack.faults import Fault
    from tests.fakes.slack_server import FakeSlack

PRINT = Choice("Print", "How do I print?")


async def test_the_pane_suggests_questions(desk: Desk, slack: FakeSlack) -> None:
    """Whoever opens it is shown four of what they may ask; the handler knows who they are."""
    desk.delivery.choices = [Choice(f"Title {number}", f"How {number}?") for number in range(6)]
    thread = await slack.open_pane("U1")
    await slack.until(lambda: slack.api.assistant.prompts)
    prompts = slack.api.assistant.prompts[thread]
    assert prompts == [{"title": f"Title {number}", "message": f"How {number}?"} for number in range(4)]
    (wanted,) = desk.delivery.wanted
    assert (wanted.kind, wanted.person.id, wanted.person.guest) == ("question", "slack:T1/U1", False)
    assert (wanted.address.channel, wanted.address.thread, wanted.limit) == (*thread, 4)


async def test_a_guest_is_a_guest_in_the_pane(desk: Desk, slack: FakeSlack) -> None:
    """Nothing is suggested that a guest may not read, since the handler is told."""
    desk.delivery.choices = [PRINT]
    await slack.open_pane("UGUEST")
    await slack.until(lambda: slack.api.assistant.prompts)
    assert desk.delivery.wanted[0].person.guest


async def test_nothing_to_suggest(desk: Desk, slack: FakeSlack) -> None:
    """Then Slack is told nothing; it refuses an empty list."""
    channel, thread = await slack.open_pane("U1")
    await slack.say("U1", "How do I print?", channel, thread)
    assert await desk.settled() == ["sent"]
    assert len(desk.delivery.wanted) == 1
    assert slack.api.assistant.prompts == {}


async def test_a_question_in_the_pane(desk: Desk, slack: FakeSlack) -> None:
    """It is answered in its thread, which gets the first question as its title; a status stands while it works."""
    held = asyncio.Event()
    desk.helpdesk.act = held.wait
    channel, thread = await slack.open_pane("U1")
    await slack.say("U1", "How do I print?\nIt is urgent.", channel, thread)
    await slack.until(lambda: slack.api.assistant.titles)
    assert slack.workspace.statuses == {(channel, thread): SEARCHING}
    held.set()
    assert await desk.settled() == ["sent"]
    assert slack.workspace.statuses == {}
    assert slack.api.assistant.titles == {(channel, thread): "How do I print?"}
    (post,) = slack.posts(channel)
    assert post["thread_ts"] == thread
    await slack.say("U1", "And scan?", channel, thread)
    assert await desk.settled() == ["sent", "sent"]
    assert slack.api.assistant.titles == {(channel, thread): "How do I print?"}


async def test_a_mention_shows_a_status_in_its_thread(desk: Desk, slack: FakeSlack) -> None:
    """Slack shows it there too, and takes it back when we post."""
    held = asyncio.Event()
    desk.helpdesk.act = held.wait
    asked = await slack.say("U1", ASK)
    await slack.until(lambda: slack.workspace.statuses)
    assert slack.workspace.statuses == {("C1", asked["ts"]): SEARCHING}
    held.set()
    assert await desk.settled() == ["sent"]
    assert slack.workspace.statuses == {}


async def test_a_private_reply_takes_the_status_back(desk: Desk, slack: FakeSlack) -> None:
    """Slack does not, since nothing was posted in the thread."""
    asked = await slack.say("U1", ASK)
    await desk.settled()
    await slack.say("U1", f"<@{BOT_USER}> why", thread=asked["ts"])
    await slack.until(lambda: slack.workspace.channels["C1"].whispers)
    assert await desk.settled() == ["sent", "sent"]
    await slack.until(lambda: not slack.workspace.statuses)
    assert slack.api.assistant.said == [SEARCHING, SEARCHING]


async def test_talk_among_people_shows_no_status(desk: Desk, slack: FakeSlack) -> None:
    """Nobody is told of a search that nobody asked for."""
    asked = await slack.say("U1", ASK)
    await desk.settled()
    await slack.say("U2", "Thank you!", thread=asked["ts"])
    await slack.say("U1", "You are welcome", thread=asked["ts"])
    assert await desk.settled() == ["sent", "ignored", "ignored"]
    assert slack.api.assistant.said == [SEARCHING]


@pytest.mark.parametrize(
    "fault", [Refuse("missing_scope"), Refuse("unknown_method"), Status(500), RateLimited(5)]
)
async def test_without_a_status_it_answers(desk: Desk, slack: FakeSlack, fault: Fault) -> None:
    """What a workspace does not have is not asked for again for an hour; nothing waits for it."""
    slack.faults["assistant.threads.setStatus"].append(fault)
    for _ in range(2):
        await slack.say("U1", ASK)
        assert (await desk.settled())[-1] == "sent"
    again = isinstance(fault, Status)
    assert slack.api.assistant.said == ([SEARCHING] if again else [])
    assert len(slack.posts()) == 2


@pytest.mark.parametrize("method", ["assistant.threads.setTitle", "assistant.threads.setSuggestedPrompts"])
@pytest.mark.parametrize("fault", [Refuse("missing_scope"), Status(500), RateLimited(5)])
async def test_without_the_pane_it_answers(desk: Desk, slack: FakeSlack, method: str, fault: Fault) -> None:
    """Prompts and titles may fail."""
    desk.delivery.choices = [PRINT]
    slack.faults[method].append(fault)
    channel, thread = await slack.open_pane("U1")
    await slack.say("U1", "How do I print?", channel, thread)
    assert await desk.settled() == ["sent"]
    assert len(slack.posts(channel)) == 1
