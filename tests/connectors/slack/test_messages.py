"""A reply as Slack messages: whole, in order, within every limit, calling nobody, hiding no host."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Action, Link, Reply
from connectors.slack.messages import MARKDOWN_LIMIT, Message, to_messages
from connectors.slack.mrkdwn import ZERO_WIDTH, to_mrkdwn, without_mentions
from connectors.text.fences import lines_of
from tests.connectors.text.markdown import documents
from tests.connectors.text.test_splitting import LINK, code_lines
from tests.fakes.slack.blocks import problem_with

ACTIONS = (
    Action("helpful", "👍 Helpful", "a1"),
    Action("not_helpful", "👎 Not helpful", "a1"),
    Action("human", "Talk to a human"),
)
LINKS = (
    Link("Reset your password", "https://help.example.com/reset", "updated 3 weeks ago"),
    Link("Internal runbook"),
)


def markdown(message: Message) -> str:
    """Give the words of a message's markdown blocks."""
    return "\n".join(block["text"] for block in message.blocks if block["type"] == "markdown")


@settings(max_examples=60, deadline=None)
@given(documents(40_000))
def test_any_text_becomes_messages_that_slack_takes(text: str) -> None:
    """Nothing is lost, order is kept, code is byte-identical, fences are balanced, links are kept, limits are held."""
    messages = to_messages(Reply(text, LINKS, ACTIONS))
    assert [problem_with(list(message.blocks)) for message in messages] == [None] * len(messages)
    shown = [markdown(message) for message in messages]
    assert [line for part in shown for line in code_lines(part)] == code_lines(text)
    assert all(lines_of(part)[-1].after is None for part in shown if part)
    prose = "".join(line.text for line in lines_of(text) if not line.is_code)
    shown_prose = "".join(line.text for part in shown for line in lines_of(part) if not line.is_code)
    assert "".join(shown_prose.split()).replace(ZERO_WIDTH, "") == "".join(prose.split())
    assert [link for part in shown for link in LINK.findall(part)] == LINK.findall("\n".join(shown))
    assert sum(len(LINK.findall(part)) for part in shown) == len(LINK.findall(text))
    assert len(messages) <= 2 * len(text) // MARKDOWN_LIMIT + 1
    assert all(1 <= len(message.text) <= 3_000 for message in messages)


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=40_000),
    st.lists(st.builds(Link, st.text(), st.none() | st.text(), st.text()), max_size=30),
)
def test_no_reply_at_all_is_refused(text: str, links: list[Link]) -> None:
    """Whatever is in a reply, Slack takes every message of it."""
    for message in to_messages(Reply(text, tuple(links), ACTIONS)):
        assert problem_with(list(message.blocks)) is None


def test_links_and_buttons_are_on_the_last_message() -> None:
    """A long answer is rated once, at its end."""
    first, last = to_messages(Reply("word " * 4_000, LINKS, ACTIONS))
    assert [block["type"] for block in first.blocks] == ["markdown"]
    assert [block["type"] for block in last.blocks] == ["markdown", "context", "context_actions", "actions"]
    context = last.blocks[1]["elements"]
    assert (
        context[0]["text"] == "[1] <https://help.example.com/reset|Reset your password> · updated 3 weeks ago"
    )
    assert context[1]["text"] == "[2] Internal runbook"


def test_an_empty_reply_is_no_message() -> None:
    """Nothing to say posts nothing."""
    assert to_messages(Reply(" \n")) == []


@pytest.mark.parametrize(
    "mention",
    [
        "<!channel>",
        "<!here|here>",
        "<!everyone>",
        "<@U0123ABC>",
        "<!subteam^S123>",
        "@channel",
        "@Everyone",
        "&lt;!channel&gt;",
        "&#60;!channel>",
        r"<\!channel>",
        r"\<!channel>",
        "`<!channel>",
        "<b x='`'> <!channel> `",
    ],
)
def test_a_mention_calls_nobody(mention: str) -> None:
    """However a mention is written outside of code, it is broken in the blocks and in the fallback."""
    (message,) = to_messages(Reply(f"Tell {mention} now"))
    words = markdown(message)
    assert ZERO_WIDTH in words
    assert words.replace(ZERO_WIDTH, "") == f"Tell {mention} now"
    assert not re.search(r"<[!@]|@(?:channel|here|everyone)", message.text, re.IGNORECASE)


def test_a_mention_in_code_is_code() -> None:
    """Code is shown as it is, and calls nobody."""
    code = "Write `<!channel>` or\n\n```\n<@U1> @here\n```"
    assert without_mentions(code) == code
    assert "<!" not in to_mrkdwn(code)


def test_code_too_long_for_one_message_calls_nobody() -> None:
    """Where a cut opens code in a line, the mention in it is outside of code and broken."""
    for message in to_messages(Reply(f"`{'x' * 11_995} {'y' * 5_000} <!channel> z`")):
        assert "<!channel>" not in markdown(message)


def test_a_link_under_a_reply_cannot_hide_its_host() -> None:
    """A source titled like another site shows its address."""
    (message,) = to_messages(Reply("See", (Link("www.bank.com", "https://evil.example/x"),)))
    assert message.blocks[1]["elements"][0]["text"] == "[1] www.bank.com (<https://evil.example/x>)"


@pytest.mark.parametrize(
    ("text", "mrkdwn"),
    [
        ("# Reset **it**", "*Reset it*"),
        ("**bold** *slanted* ~~gone~~", "*bold* _slanted_ ~gone~"),
        ("1. one\n2. two\n   - deep", "1. one\n2. two\n    • deep"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("[our page](https://help.example.com/a)", "<https://help.example.com/a|our page>"),
        ("[bank.com](https://evil.example)", "bank.com (<https://evil.example>)"),
        ("`x < y`\n\n```sh\nls > f\n```", "`x &lt; y`\n\n```\nls &gt; f\n```"),
        ("> quoted", "> quoted"),
        ("> - one\n> - two\n>\n> end\n\nafter", "> • one\n> • two\n> \n> end\n\nafter"),
    ],
)
def test_commonmark_as_mrkdwn(text: str, mrkdwn: str) -> None:
    """The fallback says the same in Slack's own markup."""
    assert to_mrkdwn(text) == mrkdwn
