"""Exactly one reply, whatever fails: Slack, the wire, the database or the process."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from config.settings import ChannelSettings, SlackSettings
from connectors.errors import ConnectorConfigError
from connectors.slack.connector import SlackConnector
from knowledge.errors import KnowledgeError
from tests.connectors.slack.test_connector import ASK
from tests.fakes.slack.faults import Held, LostResponse, RateLimited, Refuse, Status
from tests.fakes.slack.workspace import BOT_USER

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Desk, Office
    from tests.fakes.slack.faults import Fault
    from tests.fakes.slack_server import FakeSlack


async def test_redelivered_four_times(desk: Desk, slack: FakeSlack) -> None:
    """An event that comes again, while it is worked on and after, is acked each time and answered once."""
    asked = await slack.say("U1", ASK)
    payload = slack.events(asked)[0]
    for attempt in range(1, 5):
        await slack.deliver(payload, attempt=attempt)
    await slack.until(slack.posts)
    await slack.deliver(payload, attempt=4)
    assert await desk.settled() == ["sent"]
    assert len(slack.posts()) == 1
    assert len(slack.ack_seconds) == 7


async def test_a_lost_first_delivery(desk: Desk, slack: FakeSlack) -> None:
    """What comes only as a retry is answered."""
    asked = slack.workspace.say("C1", "U1", ASK)
    await slack.deliver(slack.events(asked)[1], attempt=1)
    await slack.until(slack.posts)
    assert await desk.settled() == ["sent"]


async def test_no_commit_no_ack(desk: Desk, slack: FakeSlack) -> None:
    """An event that the database did not take is not acked, nor is its twin; its redelivery is answered."""
    async with desk.database.write() as connection:
        await connection.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
    asked = slack.workspace.say("C1", "U1", ASK)
    results = await asyncio.gather(
        *(slack.deliver(event, seconds=1) for event in slack.events(asked)), return_exceptions=True
    )
    assert [type(result) for result in results] == [TimeoutError, TimeoutError]
    async with desk.database.write() as connection:
        await connection.execute(text("ALTER TABLE inbox_away RENAME TO inbox"))
    await slack.deliver(slack.events(asked)[0], attempt=1)
    await slack.until(slack.posts)
    assert await desk.settled() == ["sent"]


async def test_a_process_that_dies_after_the_ack(office: Office, slack: FakeSlack) -> None:
    """Its event is answered by the next process, once, in the thread."""
    dying = await office.open()
    held = asyncio.Event()
    office.helpdesk.act = held.wait
    asked = await slack.say("U1", ASK)
    await dying.stop()
    office.helpdesk.act = None
    office.clock.advance(minutes=5)
    other = await office.open()
    assert await other.sweep() == 1
    (post,) = slack.posts()
    assert post["thread_ts"] == asked["ts"]
    assert await other.states() == ["sent"]
    assert await other.sweep() == 0


async def test_a_private_answer_stays_private_after_a_crash(office: Office, slack: FakeSlack) -> None:
    """The next process has no response URL any more, and writes to the person alone."""
    dying = await office.open()
    held = asyncio.Event()
    office.helpdesk.act = held.wait
    await slack.command("U1", "/ask", "How do I print?")
    await dying.stop()
    office.helpdesk.act = None
    office.clock.advance(minutes=5)
    other = await office.open()
    assert await other.sweep() == 1
    assert slack.posts() == []
    assert len(slack.posts("DU1")) == 1
    assert office.helpdesk.asked[-1]["audience"] == {"public", "internal"}


async def test_a_post_whose_response_is_lost(desk: Desk, slack: FakeSlack) -> None:
    """The thread is searched for it, and it is not posted again."""
    slack.faults["chat.postMessage"].append(LostResponse())
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    assert len(slack.posts()) == 1


async def test_a_process_that_dies_after_the_post(office: Office, slack: FakeSlack) -> None:
    """The next process finds the post, and posts nothing."""
    dying = await office.open()
    held = Held()
    slack.faults["chat.postMessage"].append(held)
    await slack.say("U1", ASK)
    await held.reached.wait()
    await dying.stop()
    held.go.set()
    await slack.until(slack.posts)
    office.clock.advance(minutes=5)
    other = await office.open()
    assert await other.sweep() == 1
    assert await other.states() == ["sent"]
    assert len(slack.posts()) == 1
    assert len(office.helpdesk.asked) == 1


@pytest.mark.parametrize(
    "fault", [Status(500), Status(503), Refuse("internal_error"), Refuse("fatal_error"), RateLimited(1)]
)
async def test_a_post_that_fails_is_tried_again(desk: Desk, slack: FakeSlack, fault: Fault) -> None:
    """A broken or busy Slack costs time, not the reply."""
    slack.faults["chat.postMessage"].append(fault)
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    assert len(slack.posts()) == 1


@pytest.mark.parametrize("fault", [Status(500), Refuse("missing_scope")])
@pytest.mark.parametrize(
    ("method", "audience"),
    [
        ("users.list", {"public"}),
        ("conversations.members", {"public"}),
        ("usergroups.list", {"public", "internal"}),
    ],
)
async def test_what_cannot_be_looked_up_is_public(
    office: Office, slack: FakeSlack, method: str, audience: set[str], fault: Fault
) -> None:
    """The question is answered all the same, for no more than Slack let us know; groups only ever add."""
    office.channels = (ChannelSettings(id="slack:C1", audience=frozenset({"internal"})),)
    desk = await office.open()
    slack.faults[method].append(fault)
    await slack.say("U1", ASK)
    await slack.until(slack.posts)
    assert await desk.settled() == ["sent"]
    assert desk.helpdesk.asked[0]["audience"] == audience


async def test_a_post_that_is_refused_is_tried_later(office: Office, desk: Desk, slack: FakeSlack) -> None:
    """A channel that takes no posts just now gets its reply from the sweeper."""
    slack.faults["chat.postMessage"].append(Refuse("restricted_action"))
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sending"]
    await desk.released()
    office.clock.advance(seconds=1)
    assert await desk.sweep() == 1
    assert await desk.states() == ["sent"]
    assert len(slack.posts()) == 1


async def test_a_failing_helpdesk_apologises_once(desk: Desk, slack: FakeSlack) -> None:
    """Nothing of what failed is said."""

    async def fail() -> None:
        raise KnowledgeError("a secret detail")

    desk.helpdesk.act = fail
    await slack.say("U1", ASK)
    await slack.until(slack.posts)
    assert await desk.settled() == ["sent"]
    assert "secret detail" not in str(slack.posts())


async def test_a_disconnect_while_answering(desk: Desk, slack: FakeSlack) -> None:
    """Slack refreshes connections: what was in work is answered, and so is what comes over the new one."""
    held = asyncio.Event()
    desk.helpdesk.act = held.wait
    await slack.say("U1", ASK)
    before = len(slack._sockets)
    await slack.disconnect()
    await slack.until(lambda: len(slack._sockets) > before and slack.connections() == 1)
    held.set()
    await slack.until(lambda: len(slack.posts()) == 1)
    await slack.say("U2", ASK)
    await slack.until(lambda: len(slack.posts()) == 2)
    assert await desk.settled() == ["sent", "sent"]


async def test_a_broken_connection_comes_back(desk: Desk, slack: FakeSlack) -> None:
    """A socket that breaks without a word is opened again, also when the first attempts are refused."""
    slack.faults["apps.connections.open"].extend([Status(500), Refuse("internal_error")])
    before = len(slack._sockets)
    await slack.drop()
    await slack.until(lambda: len(slack._sockets) > before)
    await slack.say("U1", ASK)
    await slack.until(slack.posts)
    assert await desk.settled() == ["sent"]


async def test_two_replicas_share_the_work(office: Office, slack: FakeSlack) -> None:
    """Events go to either process, and each is answered once, the twins of a mention at both at once too."""
    one, two = await office.open(), await office.open()
    asked = [slack.workspace.say("C1", "U1", ASK) for _ in range(4)]
    await asyncio.gather(*(slack.deliver(event) for message in asked for event in slack.events(message)))
    await slack.until(lambda: len(slack.posts()) == 4)
    await two.settled()
    assert await one.settled() == ["sent"] * 4
    assert sorted(post["thread_ts"] for post in slack.posts()) == [message["ts"] for message in asked]


async def test_envelopes_out_of_order(desk: Desk, slack: FakeSlack) -> None:
    """An edit before its question, a second question before the first: each question gets its one reply."""
    asked = slack.workspace.say("C1", "U1", ASK)
    later = slack.workspace.say("C1", "U2", ASK)
    edited = {**asked, "text": f"<@{BOT_USER}> How do I scan?"}
    edited["edited"] = {"user": "U1", "ts": f"{float(asked['ts']) + 5:.6f}"}
    event = {"type": "message", "subtype": "message_changed", "channel": "C1", "channel_type": "channel"}
    more = {"message": edited, "previous_message": asked, "ts": slack.workspace.stamp()}
    await slack.deliver(slack.payload({**event, **more}))
    assert await desk.settled() == ["sent"]
    for message in (later, asked):
        for payload in reversed(slack.events(message)):
            await slack.deliver(payload)
    assert await desk.settled() == ["sent"] * 2
    assert "How do I scan?" in slack.posts()[0]["blocks"][0]["text"]
    by_thread = Counter(post["thread_ts"] for post in slack.posts())
    assert by_thread == {asked["ts"]: 1, later["ts"]: 1}


async def test_two_bots_in_one_channel(desk: Desk, slack: FakeSlack) -> None:
    """Another bot that mentions ours, and answers in its threads, gets no answer, and no reply follows a reply."""
    asked = await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    await slack.say("UOTHER", f"<@{BOT_USER}> I can help too", thread=asked["ts"], bot_id="BOTHER")
    await slack.say("U1", "And my phone?", thread=asked["ts"])
    assert await desk.settled() == ["sent", "ignored"]
    assert len(slack.posts()) == 1


async def test_a_screenshot_is_told_that_it_is_not_read(desk: Desk, slack: FakeSlack) -> None:
    """One reply, without a search for words that are not there."""
    shot = {"id": "F1", "name": "screenshot.png", "size": 5, "mimetype": "image/png"}
    await slack.say("U1", f"<@{BOT_USER}>", subtype="file_share", files=[shot])
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts()
    assert "files" in post["text"] or "pictures" in post["text"]
    assert desk.helpdesk.asked == []


async def test_one_post_a_second_in_a_channel(office: Office, slack: FakeSlack) -> None:
    """Replies to one channel are spaced; another channel does not wait."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    desk = await office.open(pause=pause, now=lambda: 0.0)
    for _ in range(3):
        await slack.say("U1", ASK)
    await slack.say("U1", "How do I print?", slack.workspace.direct("U1").id)
    assert await desk.settled() == ["sent"] * 4
    assert sorted(pauses) == pytest.approx([1.05, 2.1])


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"bot_token": "xoxb-wrong"}, "slack: bot_token is refused (invalid_auth)"),
        ({"app_token": "xapp-wrong"}, "slack: app_token is refused (invalid_auth)"),
        ({"api_url": "http://127.0.0.1:1/api/"}, "slack: http://127.0.0.1:1/api/ cannot be reached"),
    ],
)
async def test_a_wrong_token_is_one_line(office: Office, more: dict[str, str], line: str) -> None:
    """It is said at the start, and the token is not in it."""
    desk = office.make(**more)
    with pytest.raises(ConnectorConfigError) as caught:
        await desk.connector.run(desk.delivery)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("tokens", "line"),
    [
        ({"bot_token": "xoxb-1"}, "app_token is not set"),
        ({"bot_token": "xoxb-1", "app_token": "xoxb-1"}, "app_token does not look like one"),
        ({"bot_token": "xoxb-1\n", "app_token": "xapp-1"}, "bot_token does not look like one"),
    ],
)
def test_a_token_of_the_wrong_kind_is_seen_at_once(tokens: dict[str, str], line: str) -> None:
    """No call is made with it."""
    with pytest.raises(ConnectorConfigError, match=line):
        SlackConnector.from_settings(SlackSettings.model_validate(tokens))


def test_the_connector_is_built_from_settings() -> None:
    """The names of commands come with them."""
    settings = SlackSettings.model_validate(
        {"bot_token": "xoxb-1", "app_token": "xapp-1", "ask_command": "/frage"}
    )
    built = SlackConnector.from_settings(settings)
    assert built.name == "slack"
    assert dataclasses.astuple(built._names) == ("/frage", "/helpdesk")
