"""The normal ways in: who speaks to the bot gets one reply, in the right place; nobody else gets any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.settings import ChannelSettings
from connectors.base import Address, Link, Reply
from connectors.errors import DeliveryError
from connectors.slack.events import CommandNames
from tests.fakes.slack.workspace import BOT_USER, Channel, User

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Desk, Office
    from tests.fakes.slack_server import FakeSlack

ASK = f"<@{BOT_USER}> How do I reset my &lt;password&gt;?"


def element(post: dict, block: int) -> dict:
    """Give the first element of a block."""
    return post["blocks"][block]["elements"][0]


async def test_a_mention_is_answered_in_its_thread(desk: Desk, slack: FakeSlack) -> None:
    """Slack tells of a mention by two events at once: one reply, under the question, with nothing unfurled."""
    asked = await slack.say("U1", ASK)
    await slack.until(slack.posts)
    assert await desk.settled() == ["sent"]
    (post,) = slack.posts()
    assert post["thread_ts"] == asked["ts"]
    assert "How do I reset my <password>?" in post["blocks"][0]["text"]
    assert post["metadata"]["event_payload"]["id"] == f"reply/slack:C1:{asked['ts']}"
    assert [call["unfurl_links"] for name, call in slack.calls if name == "chat.postMessage"] == [False]


async def test_a_direct_message_is_answered_in_place(desk: Desk, slack: FakeSlack) -> None:
    """No mention is needed, no thread is opened, and the answer uses what the person may read."""
    channel = slack.workspace.direct("U1").id
    await slack.say("U1", "How do I print?", channel)
    await slack.until(lambda: slack.posts(channel))
    assert await desk.settled() == ["sent"]
    assert "thread_ts" not in slack.posts(channel)[0]
    assert desk.helpdesk.asked[0]["audience"] == {"public", "internal"}


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("How do I print?", {}),
        ("<@U2> do you know?", {}),
        (ASK, {"bot_id": "B2"}),
        (ASK, {"subtype": "bot_message", "bot_id": "B2"}),
        (ASK, {"subtype": "channel_join"}),
        (ASK, {"app_id": "A2"}),
    ],
)
async def test_what_is_not_for_us_is_acked_and_left(
    desk: Desk, slack: FakeSlack, text: str, more: dict
) -> None:
    """Talk among people, other bots, ourselves and Slack's own notices get nothing."""
    await slack.say("U1", text, **more)
    assert await desk.settled() == []
    assert slack.posts() == []
    assert len(slack.ack_seconds) >= 1


async def test_the_asker_may_go_on_without_a_mention(desk: Desk, slack: FakeSlack) -> None:
    """In the thread of the answer the bot goes on with the asker while nobody else speaks or is named."""
    asked = await slack.say("U1", ASK)
    await slack.until(lambda: len(slack.posts()) == 1)
    await slack.say("U1", "And on my phone?", thread=asked["ts"])
    await slack.until(lambda: len(slack.posts()) == 2)
    await slack.say("U1", "<@U2> look at this", thread=asked["ts"])
    await slack.say("U2", "Thank you!", thread=asked["ts"])
    await slack.say("U1", "You are welcome", thread=asked["ts"])
    assert await desk.settled() == ["sent", "sent", "ignored", "ignored"]
    assert [post["thread_ts"] for post in slack.posts()] == [asked["ts"]] * 2


async def test_going_on_outlasts_a_restart(office: Office, desk: Desk, slack: FakeSlack) -> None:
    """What a thread says is asked of Slack, not of memory."""
    asked = await slack.say("U1", ASK)
    await slack.until(slack.posts)
    await desk.settled()
    await desk.stop()
    await office.open()
    await slack.say("U1", "And on my phone?", thread=asked["ts"])
    await slack.until(lambda: len(slack.posts()) == 2)


async def test_a_command_is_answered_in_private(desk: Desk, slack: FakeSlack) -> None:
    """`/helpdesk` answers over its own URL, where the bot need not be a member, and to nobody else."""
    await slack.command("U1", "/helpdesk", "sync zendesk", channel="C2")
    await slack.until(lambda: slack.responses)
    assert await desk.settled() == ["sent"]
    (response,) = slack.responses
    assert response["response_type"] == "ephemeral"
    assert response["blocks"][0]["text"] == "done: sync zendesk"
    ((command, audience),) = desk.commands.done
    assert (command.sender.id, command.address.channel, audience) == (
        "slack:T1/U1",
        "C2",
        {"public", "internal"},
    )
    assert command.sender.name == "Name of U1"


async def test_ask_is_answered_in_private(desk: Desk, slack: FakeSlack) -> None:
    """`/ask` is between the person and the bot, with what the person may read."""
    await slack.command("U1", "/ask", "How do I print?")
    await slack.until(lambda: slack.responses)
    assert desk.helpdesk.asked[0]["audience"] == {"public", "internal"}
    assert slack.posts() == []


async def test_names_of_commands_are_configurable(office: Office, slack: FakeSlack) -> None:
    """A workspace may have these names already."""
    desk = await office.open(names=CommandNames("/desk-ask", "/desk"))
    await slack.command("U1", "/desk", "")
    await slack.until(lambda: slack.responses)
    await slack.command("U1", "/ask", "How do I print?")
    assert [command.name for command, _ in desk.commands.done] == ["help"]
    assert await desk.settled() == ["sent"]


async def test_a_command_may_be_said_in_a_thread(desk: Desk, slack: FakeSlack) -> None:
    """Slack has no slash commands there; the reply is seen by the person alone."""
    asked = await slack.say("U1", ASK)
    await slack.until(slack.posts)
    await slack.say("U1", f"<@{BOT_USER}> why", thread=asked["ts"])
    whispers = slack.workspace.channels["C1"].whispers
    await slack.until(lambda: whispers)
    assert await desk.settled() == ["sent", "sent"]
    assert (whispers[0]["for"], whispers[0]["thread_ts"]) == ("U1", asked["ts"])
    assert len(slack.posts()) == 1


async def test_a_rating_is_kept(desk: Desk, slack: FakeSlack) -> None:
    """A click on Slack's own feedback buttons is a command with the answer's id, answered in private."""
    await slack.say("U1", ASK)
    await slack.until(slack.posts)
    (post,) = slack.posts()
    rating = element(post, 1)
    await slack.press("U2", post, {"action_id": rating["action_id"], **rating["negative_button"]})
    await slack.until(lambda: slack.workspace.channels["C1"].whispers)
    assert await desk.settled() == ["sent"] * 2
    ((command, _),) = desk.commands.done
    assert (command.name, command.arguments, command.sender.id, command.origin) == (
        "not_helpful",
        "answer1",
        "slack:T1/U2",
        post["ts"],
    )
    assert [each["for"] for each in slack.workspace.channels["C1"].whispers] == ["U2"]


async def test_a_button_is_a_command(desk: Desk, slack: FakeSlack) -> None:
    """Whoever presses it is answered in private, in the thread."""
    asked = await slack.say("U1", ASK)
    await slack.until(slack.posts)
    (post,) = slack.posts()
    await slack.press("U2", post, element(post, 2))
    await slack.until(lambda: desk.commands.done)
    ((command, _),) = desk.commands.done
    assert (command.name, command.sender.id, command.address.thread) == ("human", "slack:T1/U2", asked["ts"])


async def test_a_guest_makes_it_public(office: Office, slack: FakeSlack) -> None:
    """A guest, a person of another workspace, and a channel with one of them get what is public."""
    office.channels = (ChannelSettings(id="slack:C1", audience=frozenset({"internal"})),)
    desk = await office.open()
    await slack.say("U1", ASK)
    await slack.until(lambda: len(slack.posts()) == 1)
    slack.workspace.channels["C1"].members.add("UGUEST")
    await slack.deliver(slack.payload({"type": "member_joined_channel", "user": "UGUEST", "channel": "C1"}))
    await slack.say("U1", ASK)
    await slack.until(lambda: len(slack.posts()) == 2)
    slack.workspace.channels["C9"] = Channel("C9", {"U1", "UELSE", BOT_USER})
    direct = slack.workspace.direct("UGUEST").id
    await slack.say("UGUEST", "How do I print?", direct)
    await slack.until(lambda: slack.posts(direct))
    assert [asked["audience"] for asked in desk.helpdesk.asked] == [
        {"public", "internal"},
        {"public"},
        {"public"},
    ]


async def test_groups_give_their_labels(office: Office, slack: FakeSlack) -> None:
    """A user group of Slack is named in the config by its id."""
    slack.workspace.groups["S1"] = {"U2"}
    groups = {"slack:T1/S1": frozenset({"team:billing"})}
    office.access = office.access.model_copy(update={"groups": groups})
    desk = await office.open()
    await slack.command("U1", "/ask", "How do I print?")
    await slack.until(lambda: len(slack.responses) == 1)
    await slack.command("U2", "/ask", "How do I print?")
    await slack.until(lambda: len(slack.responses) == 2)
    audiences = [asked["audience"] for asked in desk.helpdesk.asked]
    assert audiences == [{"public", "internal"}, {"public", "internal", "team:billing"}]


async def test_an_edit_soon_after_changes_the_reply(desk: Desk, slack: FakeSlack) -> None:
    """The reply is edited, not doubled; an edit that changes no word, or comes late, is left alone."""
    asked = dict(await slack.say("U1", ASK))
    await slack.until(slack.posts)

    def edit(text: str, at: float) -> dict:
        message = {**asked, "text": text, "edited": {"user": "U1", "ts": f"{float(asked['ts']) + at:.6f}"}}
        event = {"type": "message", "subtype": "message_changed", "channel": "C1", "channel_type": "channel"}
        return slack.payload(
            {**event, "message": message, "previous_message": asked, "ts": slack.workspace.stamp()}
        )

    await slack.deliver(edit(asked["text"], 5))
    await slack.deliver(edit(f"<@{BOT_USER}> Late?", 61))
    await slack.deliver(edit(f"<@{BOT_USER}> How do I scan?", 30))
    await slack.until(lambda: "edited" in slack.posts()[0])
    assert await desk.settled() == ["sent", "sent"]
    (post,) = slack.posts()
    assert "How do I scan?" in post["blocks"][0]["text"]


async def test_a_long_reply_is_several_messages(desk: Desk, slack: FakeSlack) -> None:
    """What goes out unasked too; the second attempt at it posts only what is missing."""
    slack.workspace.say("C1", "U1", "Hello")
    asked = slack.workspace.channels["C1"].messages[0]
    reply = Reply("word " * 4_000, (Link("Words"),), id="outbox/1")
    address = Address("slack", "C1", asked["ts"], "T1")
    await desk.connector.send(address, reply)
    first, second = slack.posts()
    slack.workspace.channels["C1"].messages.remove(first)
    await desk.connector.send(address, reply)
    assert len(slack.posts()) == 2
    assert await desk.connector.find_post(address, "outbox/1") == second["ts"]
    assert await desk.connector.find_post(address, "outbox/2") is None


async def test_a_private_message_goes_to_a_person(desk: Desk, slack: FakeSlack) -> None:
    """What is private is never posted where others read."""
    private = Reply("For you", private=True, id="outbox/2")
    with pytest.raises(DeliveryError, match="private"):
        await desk.connector.send(Address("slack", "C1", None, "T1"), private)
    await desk.connector.send(Address("slack", "U1", None, "T1"), private)
    assert len(slack.posts("DU1")) == 1
    assert slack.workspace.users["U1"] == User("U1")
