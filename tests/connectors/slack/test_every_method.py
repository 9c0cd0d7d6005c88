"""Every method may be called too early, or meet a broken server: Retry-After is obeyed, and the reply comes once."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest

from connectors.base import Address, Reply
from connectors.forms import Choice
from tests.connectors.slack.test_connector import ASK
from tests.connectors.slack.test_forms import ADD
from tests.connectors.slack.test_manifest import methods
from tests.connectors.slack.test_streaming import WHOLE, Telling, text_of
from tests.fakes.slack.faults import RateLimited, Refuse, Status
from tests.fakes.slack.workspace import BOT_USER

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Desk, Office
    from tests.fakes.slack_server import FakeSlack

__all__ = ["methods"]


async def mention(desk: Desk, slack: FakeSlack) -> None:
    """A streamed answer in a thread."""
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    assert [text_of(post) for post in slack.posts()] == [WHOLE]
    assert slack.api.streams.open == {}


async def unstreamed(desk: Desk, slack: FakeSlack) -> None:
    """A long answer where there are no streams."""
    desk.helpdesk.story = (*desk.helpdesk.story, "\n\nword" * 4_000)  # type: ignore[attr-defined]
    slack.faults["chat.startStream"].append(Refuse("unknown_method"))
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    assert [post["metadata"]["event_payload"]["part"] for post in slack.posts()] == [1, 2, 3]


async def edited(desk: Desk, slack: FakeSlack) -> None:
    """A long answer that becomes a short one."""
    desk.helpdesk.story = ("word " * 4_000,)  # type: ignore[attr-defined]
    before = dict(await slack.say("U1", ASK))
    await desk.settled()
    assert len(slack.posts()) == 2
    stamp = {"user": "U1", "ts": f"{float(before['ts']) + 5:.6f}"}
    message = {**before, "text": f"<@{BOT_USER}> How do I scan?", "edited": stamp}
    event = {"type": "message", "subtype": "message_changed", "channel": "C1", "channel_type": "channel"}
    more = {"message": message, "previous_message": before, "ts": slack.workspace.stamp()}
    desk.helpdesk.story = ("Scan.",)  # type: ignore[attr-defined]
    await slack.deliver(slack.payload({**event, **more}))
    assert await desk.settled() == ["sent", "sent"]
    (post,) = slack.posts()
    assert text_of(post).startswith("Scan.")


async def whispered(desk: Desk, slack: FakeSlack) -> None:
    """A command that is said in a thread."""
    root = slack.workspace.say("C1", "U1", "The printer is broken")
    await slack.say("U1", f"<@{BOT_USER}> why", thread=root["ts"])
    if await desk.settled() == ["sending"]:
        await desk.released()
        desk.clock.advance(seconds=1)
        assert await desk.sweep() == 1
    assert await desk.states() == ["sent"]
    assert len(slack.workspace.channels["C1"].whispers) == 1


async def unasked(desk: Desk, slack: FakeSlack) -> None:
    """What goes out unasked, in a channel."""
    await desk.connector.send(Address("slack", "C1", None, "T1"), Reply("Done", id="outbox/1"))
    assert len(slack.posts()) == 1


async def in_the_pane(desk: Desk, slack: FakeSlack) -> None:
    """A question in the assistant pane."""
    desk.delivery.choices = [Choice("Print", "How do I print?")]
    channel, thread = await slack.open_pane("U1")
    await slack.say("U1", "How do I print?", channel, thread)
    assert await desk.settled() == ["sent"]
    assert len(slack.posts(channel)) == 1


async def in_a_form(desk: Desk, slack: FakeSlack) -> None:
    """A command that asks for more."""
    desk.delivery.forms["add"] = lambda _: ADD
    await slack.command("U1", "/helpdesk", "add")
    await slack.until(lambda: slack.api.modals.opened or slack.responses)
    assert await desk.settled() == []


async def at_home(desk: Desk, slack: FakeSlack) -> None:
    """A person's own page."""
    await slack.open_home("U1")
    await slack.until(lambda: slack.api.modals.homes)
    assert await desk.settled() == []


async def reconnected(desk: Desk, slack: FakeSlack) -> None:
    """Slack asks to come again."""
    before = len(slack._sockets)
    await slack.disconnect()
    await slack.until(lambda: len(slack._sockets) > before)
    await mention(desk, slack)


SCENES: dict[str, Any] = {
    "apps.connections.open": reconnected,
    "assistant.threads.setStatus": mention,
    "assistant.threads.setSuggestedPrompts": in_the_pane,
    "assistant.threads.setTitle": in_the_pane,
    "chat.appendStream": mention,
    "chat.delete": edited,
    "chat.postEphemeral": whispered,
    "chat.postMessage": unstreamed,
    "chat.startStream": mention,
    "chat.stopStream": mention,
    "chat.update": unstreamed,
    "conversations.history": unasked,
    "conversations.members": mention,
    "conversations.replies": whispered,
    "usergroups.list": mention,
    "users.list": mention,
    "views.open": in_a_form,
    "views.publish": at_home,
}
COURTESIES = {
    "assistant.threads.setStatus",
    "assistant.threads.setSuggestedPrompts",
    "assistant.threads.setTitle",
    "chat.appendStream",
    "chat.startStream",
}
"""These are left out where Slack does not want them now."""
NOT_BROKEN = {"views.publish", "apps.connections.open"}
"""A page is made when it is next opened; for a broken reconnection see test_faults.py."""
ELSEWHERE = {"auth.test", "auth.revoke", "files.info"}
"""At the start, see below and test_start.py; when a workspace leaves, see test_oauth.py; and in test_files.py."""


def test_every_method_is_tried(methods: set[str]) -> None:
    """A method that the code begins to call must be tried too."""
    assert {name for name in methods if not name.startswith("api.")} - ELSEWHERE == set(SCENES)


@pytest.mark.parametrize("method", SCENES)
async def test_called_too_early(office: Office, slack: FakeSlack, method: str) -> None:
    """Slack says when to come again: no call of the method comes before that."""
    office.helpdesk = Telling()
    own_clock = itertools.count(0, 2).__next__
    desk = await office.open(now=time.monotonic if method == "chat.update" else own_clock)
    slack.times.clear()
    slack.faults[method].append(RateLimited(1_000 if method == "chat.appendStream" else 1))
    await SCENES[method](desk, slack)
    assert not slack.faults[method]
    first, *later = slack.times[method]
    assert all(when - first > 0.95 for when in later)
    assert later or method in COURTESIES


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_the_start_waits_as_long_as_slack_says(office: Office, slack: FakeSlack, method: str) -> None:
    """A busy Slack is no refused token: the bot comes again when it may, and answers."""
    office.helpdesk = Telling()
    slack.faults[method].append(RateLimited(1))
    desk = await office.open()
    first, second = slack.times[method]
    assert second - first > 0.95
    await mention(desk, slack)


@pytest.mark.parametrize("method", sorted(set(SCENES) - NOT_BROKEN))
async def test_a_broken_server(office: Office, slack: FakeSlack, method: str) -> None:
    """Whatever call fails once with 500, each question gets its one reply, at once or from the sweeper."""
    office.helpdesk = Telling()
    desk = await office.open(now=itertools.count(0, 2).__next__)
    slack.faults[method].append(Status(500))
    await SCENES[method](desk, slack)
    assert not slack.faults[method]
