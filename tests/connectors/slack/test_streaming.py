"""A reply that is shown while it is made ends as one whole reply, whatever happens on the way."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from connectors.base import Reply
from knowledge.models import Answer, CacheStatus, Verdict
from tests.bot.conftest import ScriptedHelpdesk
from tests.connectors.slack.test_connector import ASK
from tests.fakes.slack.faults import Held, LostResponse, RateLimited, Refuse, Status
from tests.fakes.slack.workspace import BOT_USER, Channel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.base import Command, Live
    from tests.connectors.slack.conftest import Desk, Office
    from tests.fakes.slack.faults import Fault
    from tests.fakes.slack_server import FakeSlack

FIRST, SECOND, THIRD = (
    "Open the settings.",
    " Choose **Security**.",
    "\n\nPress [Reset](https://a.example/x).",
)
WHOLE = f"{FIRST}{SECOND}{THIRD}\n\nI hope that helps!"


class Telling(ScriptedHelpdesk):
    """Says the pieces of an answer one after another; what is no text is done in between."""

    story: tuple[str | Callable[[], Awaitable[Any]], ...] = (FIRST, SECOND, THIRD)

    async def answer(self, text: str, **how: Any) -> Answer:
        """Tell the story."""
        self.asked.append({"text": text})
        for part in self.story:
            if not isinstance(part, str):
                await part()
            elif how["on_text"] is not None:
                await how["on_text"](part)
        words = "".join(part for part in self.story if isinstance(part, str))
        return Answer("a1", text, words, Verdict.ANSWERED, 0.9, persona="friendly", cache=CacheStatus.MISS)


@pytest.fixture
async def desk(office: Office) -> Desk:
    """One process, for which two seconds pass whenever it looks at the clock."""
    office.helpdesk = Telling()
    return await office.open(now=itertools.count(0, 2).__next__)


def called(slack: FakeSlack, *methods: str) -> list[str]:
    """Give which of these methods were called, in order."""
    return [name for name, _ in slack.calls if name in methods]


SHOWING = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.postMessage", "chat.update")


def text_of(post: dict[str, Any]) -> str:
    """Give the words of a post."""
    return str(post["blocks"][0]["text"])


async def test_an_answer_streams(desk: Desk, slack: FakeSlack) -> None:
    """Each piece goes out as it comes; at the end the post is the whole reply, with its id and its buttons."""
    asked = await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts()
    assert called(slack, *SHOWING) == [
        "chat.startStream",
        "chat.appendStream",
        "chat.appendStream",
        "chat.stopStream",
    ]
    assert (text_of(post), post["thread_ts"]) == (WHOLE, asked["ts"])
    assert post["metadata"]["event_payload"] == {"id": f"reply/slack:C1:{asked['ts']}", "part": 1, "parts": 1}
    assert [block["type"] for block in post["blocks"][1:]] == ["context_actions", "actions"]
    start = next(arguments for name, arguments in slack.calls if name == "chat.startStream")
    assert (start["recipient_user_id"], start["recipient_team_id"]) == ("U1", "T1")
    assert slack.api.streams.open == {}


async def test_pieces_that_come_fast_go_out_together(office: Office, slack: FakeSlack) -> None:
    """A stream is added to once a second at most; what came between comes with the end."""
    office.helpdesk = Telling()
    desk = await office.open()
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    assert called(slack, *SHOWING) == ["chat.startStream", "chat.stopStream"]
    assert text_of(slack.posts()[0]) == WHOLE


async def test_without_streams_a_message_is_edited(desk: Desk, slack: FakeSlack) -> None:
    """A workspace that has no streams is asked once; the message grows by edits and ends as the whole reply."""
    slack.faults["chat.startStream"].append(Refuse("unknown_method"))
    for _ in range(2):
        await slack.say("U1", ASK)
        assert (await desk.settled())[-1] == "sent"
    assert [text_of(post) for post in slack.posts()] == [WHOLE, WHOLE]
    growing = ["chat.postMessage", "chat.update", "chat.update", "chat.update"]
    assert called(slack, *SHOWING) == ["chat.startStream", *growing, *growing]


async def test_the_end_waits_as_long_as_slack_said(office: Office, slack: FakeSlack) -> None:
    """An edit that came too early is left out, and the last one, which must be, waits."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    office.helpdesk = Telling()
    desk = await office.open(now=itertools.count(0, 2).__next__, pause=pause)
    slack.faults["chat.startStream"].append(Refuse("unknown_method"))
    slack.faults["chat.update"].append(RateLimited(1_000))
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    assert text_of(slack.posts()[0]) == WHOLE
    assert len(called(slack, "chat.update")) == 2
    assert max(pauses) == pytest.approx(1_000, abs=50)


async def test_a_direct_message_is_edited(desk: Desk, slack: FakeSlack) -> None:
    """It has no thread, and a stream needs one."""
    channel = slack.workspace.direct("U1").id
    await slack.say("U1", "How do I print?", channel)
    assert await desk.settled() == ["sent"]
    assert "chat.startStream" not in called(slack, *SHOWING)
    (post,) = slack.posts(channel)
    assert text_of(post) == WHOLE
    assert post["metadata"]["event_payload"]["parts"] == 1


async def test_a_private_answer_does_not_grow(desk: Desk, slack: FakeSlack) -> None:
    """`/ask` is answered over its own URL, once and whole."""
    await slack.command("U1", "/ask", "How do I print?")
    await slack.until(lambda: slack.responses)
    assert await desk.settled() == ["sent"]
    assert called(slack, *SHOWING) == []


async def test_no_more_streams_than_slack_takes(office: Office, slack: FakeSlack) -> None:
    """What would be refused comes in one message: no call meets the limit of its tier."""
    slack.enforce_limits = True
    office.helpdesk = Telling()
    for number in range(30):
        slack.workspace.direct("U1")
        slack.workspace.channels[f"C{100 + number}"] = type(slack.workspace.channels["C1"])(
            f"C{100 + number}", {"U1", BOT_USER}
        )
    desk = await office.open()
    await asyncio.gather(*(slack.say("U1", ASK, f"C{100 + number}") for number in range(30)))
    assert await desk.settled() == ["sent"] * 30
    assert slack.limits.met == 0
    assert slack.api.streams.started == 18
    assert {text_of(slack.posts(f"C{100 + number}")[0]) for number in range(30)} == {WHOLE}


@pytest.mark.parametrize(
    "fault",
    [Refuse("message_not_in_streaming_state"), Refuse("stopped_by_user"), Status(500), RateLimited(1)],
)
@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream"])
async def test_a_stream_that_is_cut_ends_whole(
    desk: Desk, slack: FakeSlack, method: str, fault: Fault
) -> None:
    """Whether Slack ended it, a person did, or a call failed: the same post becomes the whole reply."""
    slack.faults[method].append(fault)
    asked = await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts()
    assert (text_of(post), post["thread_ts"]) == (WHOLE, asked["ts"])
    assert post["metadata"]["event_payload"]["parts"] == 1
    assert slack.api.streams.open == {}


async def test_a_stream_that_slack_ended(desk: Desk, slack: FakeSlack) -> None:
    """It does so after some minutes: the post is changed into the whole reply."""

    async def end() -> None:
        slack.api.streams.end()

    desk.helpdesk.story = (FIRST, SECOND, end, THIRD)  # type: ignore[attr-defined]
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts()
    assert text_of(post) == WHOLE


@pytest.mark.parametrize(
    "method", ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update"]
)
async def test_a_lost_response(desk: Desk, slack: FakeSlack, method: str) -> None:
    """The call was carried out and nobody knows: nothing is said twice, and nothing is left open."""
    if method == "chat.update":
        slack.faults["chat.startStream"].append(Refuse("unknown_method"))
    slack.faults[method].append(LostResponse())
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts()
    assert text_of(post) == WHOLE
    assert slack.api.streams.open == {}


async def test_a_lost_response_to_a_message_that_grows(desk: Desk, slack: FakeSlack) -> None:
    """It is found by its id, and becomes the reply."""
    slack.faults["chat.startStream"].append(Refuse("unknown_method"))
    slack.faults["chat.postMessage"].append(LostResponse())
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts()
    assert text_of(post) == WHOLE
    assert post["metadata"]["event_payload"]["parts"] == 1


@pytest.mark.parametrize(
    ("fault", "number"), [(RateLimited(1), 0), (Status(500), 0), (Refuse("channel_type_not_supported"), 3)]
)
async def test_a_stream_that_does_not_begin(desk: Desk, slack: FakeSlack, fault: Fault, number: int) -> None:
    """The reply comes all the same: in one message, or in one that is edited."""
    slack.faults["chat.startStream"].append(fault)
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts()
    assert text_of(post) == WHOLE
    assert len(called(slack, "chat.update")) == number


@pytest.mark.parametrize("streams", [True, False])
async def test_a_process_that_dies_while_a_reply_grows(
    office: Office, slack: FakeSlack, *, streams: bool
) -> None:
    """The next one makes the same post the whole reply."""
    if not streams:
        slack.faults["chat.startStream"].append(Refuse("unknown_method"))
    held = asyncio.Event()
    office.helpdesk = Telling()
    office.helpdesk.story = (FIRST, held.wait, SECOND, THIRD)
    dying = await office.open()
    asked = await slack.say("U1", ASK)
    await slack.until(slack.posts)
    await dying.begun()
    await dying.stop()
    assert text_of(slack.posts()[0]) == FIRST
    held.set()
    office.clock.advance(minutes=5)
    other = await office.open()
    assert await other.sweep() == 1
    assert await other.states() == ["sent"]
    (post,) = slack.posts()
    assert (text_of(post), post["thread_ts"]) == (WHOLE, asked["ts"])
    assert slack.api.streams.open == {}
    assert await other.sweep() == 0


async def test_a_process_that_dies_before_it_knows_the_stream(office: Office, slack: FakeSlack) -> None:
    """The stream began and its stamp was never noted: the next process knows it by its words."""
    held = Held()
    slack.faults["chat.startStream"].append(LostResponse())
    slack.faults["chat.postMessage"].append(held)
    office.helpdesk = Telling()
    dying = await office.open()
    slack.faults["conversations.replies"].extend([Status(500)] * 3)
    await slack.say("U1", ASK)
    await slack.until(slack.posts)
    await dying.released()
    await dying.stop()
    slack.faults.clear()
    office.clock.advance(minutes=5)
    other = await office.open()
    assert await other.sweep() == 1
    (post,) = slack.posts()
    assert text_of(post) == WHOLE
    assert slack.api.streams.open == {}


async def test_a_post_that_was_deleted_meanwhile(office: Office, slack: FakeSlack) -> None:
    """Somebody removed what had begun: the reply is posted anew."""
    held = asyncio.Event()
    office.helpdesk = Telling()
    office.helpdesk.story = (FIRST, held.wait, SECOND, THIRD)
    dying = await office.open()
    await slack.say("U1", ASK)
    await slack.until(slack.posts)
    await dying.begun()
    await dying.stop()
    slack.workspace.channels["C1"].messages.remove(slack.posts()[0])
    held.set()
    office.clock.advance(minutes=5)
    other = await office.open()
    assert await other.sweep() == 1
    assert text_of(slack.posts()[0]) == WHOLE


async def test_a_long_answer_streams_and_goes_on(desk: Desk, slack: FakeSlack) -> None:
    """What one message does not hold comes in further ones; sources and buttons are on the last."""
    desk.helpdesk.story = (FIRST, SECOND, "\n\nword" * 4_000)  # type: ignore[attr-defined]
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    posts = slack.posts()
    assert [post["metadata"]["event_payload"]["part"] for post in posts] == [1, 2, 3]
    assert "".join(text_of(post) for post in posts).count("word") == 4_000
    assert [len(post["blocks"]) for post in posts] == [1, 1, 3]


async def test_nothing_that_streams_calls_anybody(desk: Desk, slack: FakeSlack) -> None:
    """Mentions are made harmless also where a piece ends in the middle of one."""
    desk.helpdesk.story = ("Ask <!chan", "nel> or @he", "re, or <@U2>.")  # type: ignore[attr-defined]
    await slack.say("U1", ASK)
    assert await desk.settled() == ["sent"]
    streamed = "".join(str(arguments.get("markdown_text") or "") for _, arguments in slack.calls)
    for text in (streamed, text_of(slack.posts()[0])):
        assert not any(mention in text for mention in ("<!channel>", "@here", "<@U2>"))


async def test_an_edit_changes_a_streamed_reply(desk: Desk, slack: FakeSlack) -> None:
    """The reply to an edited question is changed, and does not stream again."""
    asked = dict(await slack.say("U1", ASK))
    await desk.settled()
    edited = {"user": "U1", "ts": f"{float(asked['ts']) + 5:.6f}"}
    message = {**asked, "text": f"<@{BOT_USER}> How do I scan?", "edited": edited}
    event = {"type": "message", "subtype": "message_changed", "channel": "C1", "channel_type": "channel"}
    more = {"message": message, "previous_message": asked, "ts": slack.workspace.stamp()}
    desk.helpdesk.story = ("Scan.",)  # type: ignore[attr-defined]
    await slack.deliver(slack.payload({**event, **more}))
    assert await desk.settled() == ["sent", "sent"]
    (post,) = slack.posts()
    assert text_of(post).startswith("Scan.")
    assert slack.api.streams.started == 1


async def test_a_disconnect_in_the_middle_of_a_stream(office: Office, slack: FakeSlack) -> None:
    """The socket has nothing to do with the stream: it goes on."""
    held = asyncio.Event()
    office.helpdesk = Telling()
    office.helpdesk.story = (FIRST, held.wait, SECOND, THIRD)
    desk = await office.open()
    await slack.say("U1", ASK)
    await slack.until(slack.posts)
    before = len(slack._sockets)
    await slack.disconnect()
    await slack.until(lambda: len(slack._sockets) > before and slack.connections() == 1)
    held.set()
    assert await desk.settled() == ["sent"]
    assert text_of(slack.posts()[0]) == WHOLE


async def test_two_replicas_stream_each_answer_once(office: Office, slack: FakeSlack) -> None:
    """Whichever process takes a question streams its answer, to the end, and the other says nothing."""
    office.helpdesk = Telling()
    one, two = await office.open(), await office.open()
    channels = [f"C{number}" for number in range(20, 26)]
    slack.workspace.channels.update({name: Channel(name, {"U1", BOT_USER}) for name in channels})
    asked = {name: slack.workspace.say(name, "U1", ASK) for name in channels}
    payloads = [payload for name in channels for payload in slack.events(asked[name], name)]
    await asyncio.gather(*(slack.deliver(payload) for payload in payloads))
    await two.settled()
    assert await one.settled() == ["sent"] * len(channels)
    for name in channels:
        (post,) = slack.posts(name)
        assert (text_of(post), post["thread_ts"]) == (WHOLE, asked[name]["ts"])
    assert (slack.api.streams.started, slack.api.streams.open) == (len(channels), {})


async def test_progress_is_one_message(desk: Desk, slack: FakeSlack) -> None:
    """A long command tells how far it is in the conversation with its sender; the report ends up in that message."""

    async def work(_command: Command, live: Live | None) -> Reply:
        assert live is not None
        for number in range(3):
            await live.progress(f"{number} of 3 articles")
        return Reply("Done: 3 articles.", private=True)

    desk.commands.act = work
    await slack.command("U1", "/helpdesk", "reindex")
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts("DU1")
    assert text_of(post) == "Done: 3 articles."
    assert called(slack, *SHOWING) == ["chat.postMessage", "chat.update", "chat.update", "chat.update"]
    assert slack.posts() == []
    (pointer,) = slack.responses
    assert "direct messages" in pointer["text"]


async def test_progress_in_a_direct_message(desk: Desk, slack: FakeSlack) -> None:
    """There it needs no word of where it is told."""

    async def work(_command: Command, live: Live | None) -> Reply:
        assert live is not None
        await live.progress("1 of 3 articles")
        return Reply("Done: 3 articles.", private=True)

    desk.commands.act = work
    channel = slack.workspace.direct("U1").id
    await slack.say("U1", "why", channel)
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts(channel)
    assert text_of(post) == "Done: 3 articles."


async def test_a_process_that_dies_while_it_syncs(office: Office, slack: FakeSlack) -> None:
    """The next one does the command again, and puts the report into the same message."""
    held = asyncio.Event()

    async def work(_command: Command, live: Live | None) -> Reply:
        if live is not None:
            await live.progress("1 of 3 articles")
            await held.wait()
        return Reply("Done: 3 articles.", private=True)

    office.commands.act = work
    dying = await office.open()
    await slack.command("U1", "/helpdesk", "reindex")
    await slack.until(lambda: slack.posts(slack.workspace.direct("U1").id))
    await dying.begun()
    await dying.stop()
    office.clock.advance(minutes=5)
    other = await office.open()
    assert await other.sweep() == 1
    (post,) = slack.posts("DU1")
    assert text_of(post) == "Done: 3 articles."
