"""Buttons: every action of a reply is one; a click tells where it stands, and its reply may take that place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Action, Address, Command, Reply
from connectors.slack.messages import to_messages
from tests.fakes.slack.blocks import problem_with
from tests.fakes.slack.faults import LostResponse, Refuse, Status

if TYPE_CHECKING:
    from connectors.base import Live
    from tests.connectors.slack.conftest import Desk
    from tests.fakes.slack.faults import Fault
    from tests.fakes.slack_server import FakeSlack

DRAFT = Reply(
    "A draft",
    actions=(Action("draft_send", "Send", "d1"), Action("draft_discard", "Discard", "d1")),
    id="outbox/1",
)
WHERE = Address("slack", "C1", None, "T1")


def buttons(post: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the plain buttons under a post."""
    return [each for block in post["blocks"] if block["type"] == "actions" for each in block["elements"]]


@given(
    st.lists(st.builds(Action, st.text("abc_", min_size=1), st.text(), st.text()), min_size=1, max_size=60)
)
def test_any_action_is_a_button(actions: list[Action]) -> None:
    """Slack takes them, and each says by its id what it does."""
    (message,) = to_messages(Reply("Words", actions=tuple(actions)))
    assert problem_with(list(message.blocks)) is None
    shown = [each["action_id"].split(":")[1] for each in buttons({"blocks": message.blocks})]
    assert shown == [action.name for action in actions]


def test_what_decides_stands_out() -> None:
    """One button of a choice is green, and what throws something away is red."""
    actions = (Action("confirm", "Add"), Action("draft_discard", "Discard"), Action("sources", "Sources"))
    (message,) = to_messages(Reply("Words", actions=actions))
    assert problem_with(list(message.blocks)) is None
    assert [each.get("style") for each in buttons({"blocks": message.blocks})] == ["primary", "danger", None]


async def replaced(_command: Command, _live: Live | None) -> Reply:
    """Take the place of the message."""
    return Reply("Sent by Ada", private=True, replaces=True)


async def test_a_click_changes_its_message(desk: Desk, slack: FakeSlack) -> None:
    """The reply stands where the buttons were, and nothing more is said; the post keeps its own id."""
    desk.commands.act = replaced
    await desk.connector.send(WHERE, DRAFT)
    (post,) = slack.posts()
    await slack.press("U1", post, buttons(post)[0])
    assert await desk.settled() == ["sent"]
    ((command, _),) = desk.commands.done
    assert (command.name, command.arguments, command.origin) == ("draft_send", "d1", post["ts"])
    (changed,) = slack.posts()
    assert (changed["blocks"][0]["text"], buttons(changed)) == ("Sent by Ada", [])
    assert changed["metadata"]["event_payload"]["id"] == "outbox/1"
    assert slack.workspace.channels["C1"].whispers == []


@pytest.mark.parametrize("fault", [LostResponse(), Status(500)])
async def test_a_change_that_fails_is_made_again(desk: Desk, slack: FakeSlack, fault: Fault) -> None:
    """It may be made twice."""
    desk.commands.act = replaced
    await desk.connector.send(WHERE, DRAFT)
    (post,) = slack.posts()
    slack.faults["chat.update"].append(fault)
    await slack.press("U1", post, buttons(post)[0])
    assert await desk.settled() == ["sending"]
    await desk.released()
    desk.clock.advance(seconds=1)
    assert await desk.sweep() == 1
    assert slack.posts()[0]["blocks"][0]["text"] == "Sent by Ada"


async def test_nothing_takes_the_place(desk: Desk, slack: FakeSlack) -> None:
    """An empty reply takes the message away."""

    async def gone(_command: Command, _live: Live | None) -> Reply:
        return Reply("", private=True, replaces=True)

    desk.commands.act = gone
    await desk.connector.send(WHERE, DRAFT)
    (post,) = slack.posts()
    await slack.press("U1", post, buttons(post)[1])
    assert await desk.settled() == ["sent"]
    assert slack.posts() == []


async def test_what_cannot_be_changed_is_told(desk: Desk, slack: FakeSlack) -> None:
    """Whoever clicked gets the reply all the same."""
    desk.commands.act = replaced
    await desk.connector.send(WHERE, DRAFT)
    (post,) = slack.posts()
    slack.faults["chat.update"].append(Refuse("edit_window_closed"))
    await slack.press("U1", post, buttons(post)[0])
    assert await desk.settled() == ["sent"]
    assert [each["text"] for each in slack.workspace.channels["C1"].whispers] == ["Sent by Ada"]


async def test_what_one_person_sees_alone_is_changed_over_its_url(desk: Desk, slack: FakeSlack) -> None:
    """No call of the Web API reaches it."""

    async def asked(_command: Command, _live: Live | None) -> Reply:
        return Reply("Add it?", actions=(Action("confirm", "Add", "p1"),), private=True)

    desk.commands.act = asked
    await slack.command("U1", "/helpdesk", "add")
    await slack.until(lambda: slack.responses)
    desk.commands.act = replaced
    shown = {**slack.responses[0], "ts": slack.workspace.stamp()}
    await slack.press("U1", shown, buttons(shown)[0], ephemeral=True)
    await slack.until(lambda: len(slack.responses) == 2)
    assert await desk.settled() == ["sent", "sent"]
    assert (slack.responses[1]["replace_original"], slack.responses[1]["text"]) == (True, "Sent by Ada")
