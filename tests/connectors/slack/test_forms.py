"""What a command lacks is asked for in a modal, before anything is committed, and comes back whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Address, Command
from connectors.forms import Choice, Field, Form
from connectors.slack.interactions import ANSWER_THIS, SAVE_AS_ARTICLE, WHY
from connectors.slack.views import INPUT_LIMIT, TooLargeError, cut, filled_in, to_view
from tests.bot.conftest import Clock
from tests.connectors.slack.test_connector import ASK, element
from tests.fakes.slack.faults import Held, LostResponse, Refuse, Status
from tests.fakes.slack.views import _checked

if TYPE_CHECKING:
    from tests.connectors.slack.conftest import Desk, Office
    from tests.fakes.slack_server import FakeSlack

READERS = Field(
    "audience", "Who reads it", "internal", "choice", (Choice("Staff", "internal"), Choice("All", "public"))
)
ADD = Form(
    "add",
    "Add an article to the desk",
    (Field("title", "Title"), Field("body", "Text", kind="text"), READERS),
)


def asked(arguments: str = "", origin: str = "") -> Command:
    """A command that lacks something."""
    address = Address("slack", "C1", "5.5", "T1")
    return Command("c1", address, None, "add", arguments, Clock()(), origin=origin)  # type: ignore[arg-type]


def typed(view: dict[str, Any], **changed: str) -> dict[str, Any]:
    """Give the state of a modal that is sent as it was opened, but for what is changed, by block."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        shown = block["element"]
        if shown["type"] == "static_select":
            state = {"selected_option": shown.get("initial_option")}
        else:
            state = {"value": changed.get(block["block_id"].split(":")[0], shown.get("initial_value"))}
        values[block["block_id"]] = {"value": {"type": shown["type"], **state}}
    return values


@given(st.text(st.sampled_from("a\n🙂 "), max_size=60), st.integers(2, 9))
def test_a_long_text_is_cut_and_joined(text: str, limit: int) -> None:
    """Pieces fit their inputs, the first aside none is empty, and joined they are the text."""
    pieces = cut(text, limit)
    assert all(len(piece.encode("utf-16-le")) // 2 <= limit for piece, _ in pieces)
    assert all(piece for piece, _ in pieces) or text == ""
    assert "".join(("\n" if joint == "line" else "") + piece for piece, joint in pieces) == text


@settings(deadline=None, max_examples=50)
@given(st.text(st.sampled_from("ab\n🙂"), min_size=1, max_size=20), st.integers(1, 2_000))
def test_what_was_filled_in_comes_back(word: str, times: int) -> None:
    """A text of any length that is sent unchanged is the text; Slack takes the view."""
    text = word * times
    form = Form(
        "edit", "Edit", (Field("body", "Text", text, "text"), Field("title", "Title", "T")), "local:a"
    )
    view = _checked({"view": to_view(form, asked(origin="7.7"))}, "modal")
    filled = filled_in({**view, "state": {"values": typed(view)}})
    assert filled is not None
    assert (filled.fields["body"], filled.fields["title"]) == (text, "T")
    assert (filled.command, filled.arguments, filled.channel, filled.thread, filled.origin) == (
        "edit",
        "local:a",
        "C1",
        "5.5",
        "7.7",
    )


def test_a_long_text_may_grow() -> None:
    """Where a text nearly fills its input there is a further one, which need not be filled."""
    view = to_view(Form("edit", "Edit", (Field("body", "Text", "x" * INPUT_LIMIT, "text"),)), asked())
    assert [block["optional"] for block in view["blocks"]] == [False, True]


def test_what_slack_would_not_take_is_known_before() -> None:
    """Titles are shortened; a form whose arguments do not fit is refused."""
    assert len(to_view(ADD, asked())["title"]["text"]) == 24
    with pytest.raises(TooLargeError, match="too large"):
        to_view(Form("add", "Add", (Field("a", "A"),), arguments="x" * 3_000), asked())


async def test_a_command_that_lacks_something_opens_a_form(office: Office, slack: FakeSlack) -> None:
    """Nothing is committed for the asking; what is sent is committed before its ack, and answered there."""
    office.forms["add"] = lambda _: ADD
    desk = await office.open()
    await slack.command("U1", "/helpdesk", "add")
    assert await desk.settled() == []
    (view,) = slack.api.views
    assert [block["label"]["text"] for block in view["blocks"]] == ["Title", "Text", "Who reads it"]
    assert not desk.delivery.asked[0].sender.guest
    await slack.submit("U1", view, typed(view, title="Printers", body="Turn it off.\n\nAnd on."))
    assert await desk.states() != []
    await slack.until(lambda: slack.responses)
    ((command, _),) = desk.commands.done
    fields = {"title": "Printers", "body": "Turn it off.\n\nAnd on.", "audience": "internal"}
    assert (command.name, command.fields) == ("add", fields)
    assert await desk.settled() == ["sent"]


async def test_a_form_is_sent_once(office: Office, slack: FakeSlack) -> None:
    """Slack delivers a submission again when the ack was late: one article."""
    office.forms["add"] = lambda _: ADD
    desk = await office.open()
    await slack.command("U1", "/helpdesk", "add")
    (view,) = slack.api.views
    for _ in range(2):
        await slack.submit("U1", view, typed(view, title="Printers", body="Off and on."))
    assert await desk.settled() == ["sent"]
    assert len(desk.commands.done) == 1


async def test_a_form_that_cannot_be_shown_is_told_in_words(office: Office, slack: FakeSlack) -> None:
    """The command is done as it is, and its own reply says what it lacks."""
    office.forms["add"] = lambda _: ADD
    desk = await office.open()
    slack.faults["views.open"].append(Refuse("expired_trigger_id"))
    await slack.command("U1", "/helpdesk", "add")
    await slack.until(lambda: slack.responses)
    assert [command.name for command, _ in desk.commands.done] == ["add"]


@pytest.mark.parametrize("fault", [LostResponse(), Held(), Status(503)], ids=["lost", "late", "broken"])
async def test_a_form_that_may_be_there_is_not_done_beside_it(
    office: Office, slack: FakeSlack, fault: LostResponse | Held | Status
) -> None:
    """Slack's word came late or not at all: what is sent by the form is done, once; whoever has none is told so."""
    office.forms["add"] = lambda _: ADD
    desk = await office.open()
    slack.faults["views.open"].append(fault)
    said = slack.workspace.say("C1", "U2", "Printers\nOff and on.")
    await slack.shortcut("U1", SAVE_AS_ARTICLE, said)
    assert max(slack.ack_seconds) < 3
    await slack.until(lambda: slack.responses)
    assert "try again" in slack.responses[0]["text"]
    if isinstance(fault, Held):
        fault.go.set()
        await slack.until(lambda: slack.api.views)
    for view in slack.api.views:
        await slack.submit("U1", view, typed(view, title="Printers", body="Off and on."))
    expected = [] if isinstance(fault, Status) else ["add"]
    assert await desk.settled() == ["sent"] * len(expected)
    assert [command.name for command, _ in desk.commands.done] == expected


async def test_a_click_may_open_a_form(office: Office, slack: FakeSlack) -> None:
    """Not helpful, and why: the answer's id and the place come back with the reason."""
    reason = Field(
        "reason", "Why", kind="choice", options=(Choice("Wrong", "wrong"), Choice("Old", "outdated"))
    )
    office.forms["not_helpful"] = lambda click: Form(
        "not_helpful", "What was wrong?", (reason,), click.arguments
    )
    desk = await office.open()
    said = await slack.say("U1", ASK)
    await slack.until(slack.posts)
    (post,) = slack.posts()
    rating = element(post, 1)
    await slack.press("U2", post, {"action_id": rating["action_id"], **rating["negative_button"]})
    (view,) = slack.api.views
    option = view["blocks"][0]["element"]["options"][1]
    await slack.submit("U2", view, {"reason": {"value": {"selected_option": option}}})
    await slack.until(lambda: slack.workspace.channels["C1"].whispers)
    ((command, _),) = desk.commands.done
    assert (command.arguments, command.fields) == ("answer1", {"reason": "outdated"})
    assert (command.address.thread, command.origin) == (said["ts"], post["ts"])


async def test_a_message_is_saved_as_an_article(office: Office, slack: FakeSlack) -> None:
    """The form of `add` comes filled with what somebody said."""

    def prefilled(command: Command) -> Form:
        title, _, body = command.arguments.partition("\n")
        return Form("add", "Add", (Field("title", "Title", title), Field("body", "Text", body, "text")))

    office.forms["add"] = prefilled
    await office.open()
    said = slack.workspace.say(
        "C1", "U2", "Printers: off &amp; on\nThat helps, see <https://x.example|here>."
    )
    await slack.shortcut("U1", SAVE_AS_ARTICLE, said)
    title, body = slack.api.views[0]["blocks"]
    assert title["element"]["initial_value"] == "Printers: off & on"
    assert body["element"]["initial_value"] == "Printers: off & on\nThat helps, see here (https://x.example)."


async def test_answer_this_is_private(desk: Desk, slack: FakeSlack) -> None:
    """Somebody else's question is answered for whoever asks, with what that person may read, also where we are not."""
    said = slack.workspace.say("C2", "UGUEST", "How do I print?")
    await slack.shortcut("U1", ANSWER_THIS, said, "C2")
    await slack.until(lambda: slack.responses)
    assert (slack.responses[0]["response_type"], slack.workspace.channels["C2"].messages) == (
        "ephemeral",
        [said],
    )
    assert desk.helpdesk.asked[0]["text"] == "How do I print?"
    assert desk.helpdesk.asked[0]["audience"] == {"public", "internal"}


async def test_why_is_a_shortcut(desk: Desk, slack: FakeSlack) -> None:
    """On an answer it asks how that came about, in the answer's thread."""
    said = await slack.say("U1", ASK)
    await slack.until(slack.posts)
    await slack.shortcut("U1", WHY, slack.posts()[0])
    await slack.until(lambda: slack.responses)
    ((command, _),) = desk.commands.done
    assert (command.name, command.address.thread, command.origin) == (
        "why",
        said["ts"],
        slack.posts()[0]["ts"],
    )
    assert command.arguments == "answer1"


async def test_why_names_no_answer_of_somebody_else(desk: Desk, slack: FakeSlack) -> None:
    """Of a message that only looks like ours its buttons are not read: the last answer here is meant."""
    await slack.say("U1", ASK)
    await slack.until(slack.posts)
    alike = {**slack.posts()[0], "user": "U2", "bot_id": "BOTHER"}
    await slack.shortcut("U1", WHY, alike)
    await slack.until(lambda: slack.responses)
    assert [command.arguments for command, _ in desk.commands.done] == [""]
