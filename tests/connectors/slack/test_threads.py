"""What a thread said before reaches the answer; what its author deleted does not."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from connectors.base import Address, IncomingMessage, Person, Said
from connectors.slack.posting import PAGE, PAGES
from tests.connectors.slack.test_connector import ASK
from tests.connectors.slack.test_streaming import FIRST, SECOND, Telling
from tests.fakes.slack.faults import Refuse, Status
from tests.fakes.slack.workspace import BOT_ID, BOT_USER

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Desk, Office
    from tests.fakes.slack.faults import Fault
    from tests.fakes.slack_server import FakeSlack


def mention(slack: FakeSlack, thread: str) -> IncomingMessage:
    """Give the event of a mention in a thread."""
    said = slack.workspace.say("C1", "U1", ASK, thread)
    address = Address("slack", "C1", thread, "T1")
    return IncomingMessage(said["ts"], address, Person("slack:T1/U1"), "How?", datetime.now(UTC))


async def test_a_mention_in_a_thread_reads_it(desk: Desk, slack: FakeSlack) -> None:
    """Its lines come with who said them, the newest last, without mentions, notices and what came after."""
    root = slack.workspace.say("C1", "U2", "The printer &lt;is&gt; broken")
    slack.workspace.say("C1", "U1", "Which one?", root["ts"])
    slack.workspace.say("C1", BOT_USER, "Try again.", root["ts"], bot_id=BOT_ID)
    slack.workspace.say("C1", "U2", "joined", root["ts"], subtype="channel_join")
    slack.workspace.say("C1", "U3", "Beep", root["ts"], bot_id="B2")
    event = mention(slack, root["ts"])
    slack.workspace.say("C1", "U2", "Later", root["ts"])
    known = await desk.connector.look_up(event)
    assert isinstance(known, IncomingMessage)
    assert known.earlier == (
        Said("other", "The printer <is> broken"),
        Said("asker", "Which one?"),
        Said("bot", "Try again."),
        Said("other", "Beep"),
    )


async def test_the_newest_are_kept(desk: Desk, slack: FakeSlack) -> None:
    """Fifteen lines, whatever the length of the thread; of one that has no end only so many pages are read."""
    root = slack.workspace.say("C1", "U2", "long ago")
    for _ in range(PAGE * PAGES):
        slack.workspace.say("C1", "U2", "long ago", root["ts"])
    slack.workspace._numbers = itertools.count(100_000)
    for number in range(40):
        slack.workspace.say("C1", "U2", f"line {number}", root["ts"])
    known = await desk.connector.look_up(mention(slack, root["ts"]))
    assert isinstance(known, IncomingMessage)
    assert [said.text for said in known.earlier] == [f"line {number}" for number in range(25, 40)]
    assert sum(name == "conversations.replies" for name, _ in slack.calls) == PAGES


async def test_a_question_at_the_top_reads_nothing(desk: Desk, slack: FakeSlack) -> None:
    """There is no thread yet, and no call is made for it."""
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    assert not any(name == "conversations.replies" for name, _ in slack.calls)


@pytest.mark.parametrize("fault", [Refuse("missing_scope"), Status(500)])
async def test_a_thread_that_cannot_be_read(desk: Desk, slack: FakeSlack, fault: Fault) -> None:
    """A mention is answered without it; what is only for us if it goes on with us waits for the sweeper."""
    root = slack.workspace.say("C1", "U2", "The printer is broken")
    slack.faults["conversations.replies"].append(fault)
    await slack.say("U1", ASK, thread=root["ts"])
    assert await desk.settled() == ["sent"]
    slack.faults["conversations.replies"].append(fault)
    await slack.say("U1", "And mine?", thread=root["ts"])
    assert await desk.settled() == ["sent", "received"]
    await desk.released()
    desk.clock.advance(seconds=1)
    assert await desk.sweep() == 1
    assert await desk.states() == ["sent", "sent"]


async def test_a_deleted_question_is_forgotten(desk: Desk, slack: FakeSlack) -> None:
    """The handler is told where it stood; the reply, which others may have read, stays."""
    asked = await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    await slack.delete(asked)
    assert desk.delivery.gone == [(Address("slack", "C1", asked["ts"], "T1"), asked["ts"])]
    assert len(slack.posts()) == 1


async def test_a_question_deleted_while_it_is_answered(office: Office, slack: FakeSlack) -> None:
    """The work ends, what was shown of the answer goes, and so does the status; nobody takes it up again."""
    held = asyncio.Event()
    office.helpdesk = Telling()
    office.helpdesk.story = (FIRST, held.wait, SECOND)
    desk = await office.open()
    asked = await slack.say("U1", ASK)
    await slack.until(slack.posts)
    await desk.begun()
    await slack.delete(asked)
    assert await desk.settled() == ["ignored"]
    assert slack.posts() == []
    assert slack.api.streams.open == {}
    office.clock.advance(minutes=5)
    assert await desk.sweep() == 0


async def test_a_question_deleted_before_anything_is_shown(desk: Desk, slack: FakeSlack) -> None:
    """The status goes too."""
    held = asyncio.Event()
    desk.helpdesk.act = held.wait
    root = slack.workspace.say("C1", "U2", "The printer is broken")
    asked = await slack.say("U1", ASK, thread=root["ts"])
    await slack.until(lambda: slack.workspace.statuses)
    await slack.delete(asked)
    assert await desk.settled() == ["ignored"]
    assert slack.posts() == []
    await slack.until(lambda: not slack.workspace.statuses)
