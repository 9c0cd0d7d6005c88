"""The app's Home tab shows a person's own page, and its buttons work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Action, Link, Reply
from connectors.slack.home import to_view
from tests.connectors.text.markdown import documents
from tests.fakes.slack.faults import Status
from tests.fakes.slack.views import _checked

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Desk
    from tests.fakes.slack_server import FakeSlack

PAGE = Reply(
    "# How to ask\n\nWrite **me** a message. <!channel>",
    (Link("Reset", "https://help.example.com/reset", "updated today"),),
    (Action("forget_me", "Forget me"), Action("helpful", "Yes", "a1"), Action("not_helpful", "No", "a1")),
)


@settings(max_examples=30, deadline=None)
@given(documents(20_000), st.lists(st.builds(Link, st.text(), st.none() | st.text(), st.text()), max_size=30))
def test_any_page_is_taken(text: str, links: list[Link]) -> None:
    """Whatever is on a page, Slack shows it."""
    _checked({"view": to_view(Reply(text, tuple(links), PAGE.actions))}, "home")


async def test_the_page_is_shown_to_whoever_looks(desk: Desk, slack: FakeSlack) -> None:
    """For that person, known by now, in words that Slack's page takes; nothing of it is kept in the inbox."""
    desk.delivery.page = PAGE
    await slack.open_home("U1")
    await slack.until(lambda: slack.api.modals.homes)
    (view,) = slack.api.modals.homes["U1"]
    assert [block["type"] for block in view["blocks"]] == ["section", "context", "actions"]
    words = view["blocks"][0]["text"]["text"]
    assert words.startswith("*How to ask*\n\nWrite *me* a message.")
    assert "<!channel>" not in words
    assert words.endswith("U1 slack:T1/U1 False")
    assert await desk.settled() == []


async def test_another_tab_is_not_the_page(desk: Desk, slack: FakeSlack) -> None:
    """Slack tells of the messages tab by the same event."""
    await slack.open_home("U1", "messages")
    await desk.settled()
    assert not [name for name, _ in slack.calls if name == "views.publish"]


async def test_a_page_that_slack_refuses_comes_with_the_next_look(desk: Desk, slack: FakeSlack) -> None:
    """A failure is logged and ends nothing."""
    slack.faults["views.publish"].append(Status(500))
    await slack.open_home("U1")
    await slack.open_home("U1")
    await slack.until(lambda: slack.api.modals.homes)
    assert await desk.settled() == []


async def test_a_button_of_the_page_is_a_command(desk: Desk, slack: FakeSlack) -> None:
    """It is answered in the person's own conversation with the bot, and the page is shown anew."""
    desk.delivery.page = PAGE
    await slack.open_home("U1")
    await slack.until(lambda: slack.api.modals.homes)
    (view,) = slack.api.modals.homes["U1"]
    await slack.press_on_page("U1", view, view["blocks"][-1]["elements"][0])
    channel = slack.workspace.direct("U1").id
    await slack.until(lambda: slack.posts(channel) and len(slack.api.modals.homes["U1"]) == 2)
    ((command, audience),) = desk.commands.done
    assert (command.name, command.address.channel) == ("forget_me", "U1")
    assert audience == {"public", "internal"}
    assert await desk.settled() == ["sent"]
