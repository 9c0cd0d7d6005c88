"""A reply as Discord messages: whole, in order, within every limit, calling nobody, hiding no host."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Action, Link, Reply
from connectors.discord.format import (
    BUTTON_LIMIT,
    CONTENT_LIMIT,
    CUSTOM_ID_LIMIT,
    EMBED_LIMIT,
    LABEL_LIMIT,
    Post,
    length,
    to_posts,
)
from connectors.discord.markdown import ZERO_WIDTH, to_discord
from connectors.text.fences import lines_of
from tests.connectors.text.markdown import SENTENCE, documents
from tests.connectors.text.test_splitting import code_lines

ACTIONS = (
    Action("helpful", "👍 Helpful", "a1"),
    Action("not_helpful", "👎 Not helpful", "a1"),
    Action("human", "Talk to a human"),
)
LINKS = (
    Link("Reset your password", "https://help.example.com/reset", "updated 3 weeks ago"),
    Link("Internal runbook"),
)
LINK = re.compile(r"\[[^\]\n]+\]\(<https://[^>\s]+>\)")


def plain(text: str) -> str:
    """Give the characters of a text without blanks and what Discord's manner adds to it."""
    text = text.replace(ZERO_WIDTH, "").replace("](<", "](").replace(">)", ")").replace(r"\|\|", "||")
    return "".join(text.split())


def assert_within_limits(posts: list[Post]) -> None:
    """Check what discord.com/developers/docs/resources/message says of a message."""
    for post in posts:
        assert length(post.content) <= CONTENT_LIMIT
        assert length(post.embed) <= EMBED_LIMIT
        assert post.content.strip() or post.embed.strip()
        assert len(post.buttons) <= BUTTON_LIMIT
        assert len({button.custom_id for button in post.buttons}) == len(post.buttons)
        for button in post.buttons:
            assert 1 <= length(button.label) <= LABEL_LIMIT
            assert 1 <= length(button.custom_id) <= CUSTOM_ID_LIMIT


@settings(max_examples=60, deadline=None)
@given(documents(12_000))
def test_any_text_becomes_messages_that_discord_takes(text: str) -> None:
    """Nothing is lost, order is kept, code is byte-identical, fences are balanced, links are kept, limits are held."""
    posts = to_posts(Reply(text, LINKS, ACTIONS))
    assert_within_limits(posts)
    shown = [post.content for post in posts if post.content != "…"]
    assert [line for part in shown for line in code_lines(part)] == code_lines(text)
    assert all(lines_of(part)[-1].after is None for part in shown if part)
    prose = "".join(line.text for line in lines_of(text) if not line.is_code)
    shown_prose = "".join(line.text for part in shown for line in lines_of(part) if not line.is_code)
    assert plain(shown_prose) == plain(prose)
    assert sum(len(LINK.findall(part)) for part in shown) == len(re.findall(r"\]\(https://", prose))
    assert len(posts) <= 3 * len(text) // CONTENT_LIMIT + 1


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=6_000),
    st.lists(st.builds(Link, st.text(), st.none() | st.text(), st.text()), max_size=60),
    st.lists(st.builds(Action, st.text(min_size=1), st.text(), st.text()), max_size=30),
    st.booleans(),
)
def test_no_reply_at_all_is_refused(
    text: str,
    links: list[Link],
    actions: list[Action],
    embeds: bool,  # noqa: FBT001 - drawn
) -> None:
    """Whatever is in a reply, every message of it is within the limits."""
    assert_within_limits(to_posts(Reply(text, tuple(links), tuple(actions)), embeds=embeds))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(SENTENCE, min_size=3, max_size=3), min_size=2, max_size=5))
def test_a_table_loses_no_word(rows: list[list[str]]) -> None:
    """Discord knows no tables: they become code with their words in order, whatever stands around them."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|---|---|")
    shown = to_discord("\n".join(["Before", "", *lines, "", "After"]))
    inside = "".join("".join(code_lines(shown)).split()).replace("|", "").replace("-", "").replace("+", "")
    expected = "".join("".join("".join(row) for row in rows).split()).replace("-", "").replace("+", "")
    assert inside == expected
    assert shown.startswith("Before")
    assert shown.rstrip().endswith("After")


def test_a_table_keeps_its_columns_and_its_links() -> None:
    """Columns are aligned in a code block, and the links of the cells can be followed below it."""
    table = "| Plan | Price |\n|---|--:|\n| [Team](https://help.example.com/team) | **9** |\n| Solo | 12 |"
    assert to_discord(table) == (
        "```\nPlan | Price\n-----+------\nTeam | 9\nSolo | 12\n```\n[Team](<https://help.example.com/team>)\n\n"
    )


def test_sources_and_buttons_are_on_the_last_message() -> None:
    """A long answer is rated once, at its end, under its dated sources."""
    *first, last = to_posts(Reply("word " * 1_000, LINKS, ACTIONS))
    assert len(first) == 2
    assert all(not post.embed and not post.buttons for post in first)
    assert last.embed == (
        "**1** [Reset your password](<https://help.example.com/reset>) · updated 3 weeks ago\n"
        "**2** Internal runbook"
    )
    assert [button.custom_id for button in last.buttons] == [
        "helpdesk:helpful:a1",
        "helpdesk:not_helpful:a1",
        "helpdesk:human:",
    ]


def test_sources_stand_in_the_text_where_embeds_are_forbidden() -> None:
    """Without the permission Discord drops embeds silently; the sources must not go with them."""
    (post,) = to_posts(Reply("Do this.", LINKS), embeds=False)
    assert post.embed == ""
    assert post.content.splitlines()[1] == (
        "-# **1** [Reset your password](<https://help.example.com/reset>) · updated 3 weeks ago"
    )


def test_more_sources_than_an_embed_holds_go_on_in_the_next_message() -> None:
    """No source is lost, and the buttons are under the last of them."""
    links = tuple(Link("t" * 200, f"https://help.example.com/{number}") for number in range(40))
    posts = to_posts(Reply("Do this.", links, ACTIONS))
    assert_within_limits(posts)
    assert sum(post.embed.count("https://help.example.com/") for post in posts) == 40
    assert [bool(post.buttons) for post in posts] == [False] * (len(posts) - 1) + [True]


def test_an_empty_reply_is_no_message() -> None:
    """Nothing to say posts nothing."""
    assert to_posts(Reply(" \n")) == []


def test_a_fence_goes_on_in_the_next_message_with_its_language() -> None:
    """Code over the limit stays code of its language, under three backticks."""
    code = "\n".join(f"print({number:060})" for number in range(60))
    first, second, *_ = to_posts(Reply(f"~~~python\n{code}\n~~~"))
    assert first.content.startswith("```python\n")
    assert first.content.endswith("\n```")
    assert second.content.startswith("```python\n")


@pytest.mark.parametrize(
    "mention", ["<@123>", "<@!123>", "<@&123>", "<#123>", "@everyone", "@here", "<t:1:R>"]
)
def test_a_mention_is_broken(mention: str) -> None:
    """What Discord would read as a mention is words; in code it stands as it is."""
    assert ZERO_WIDTH in to_discord(f"Tell {mention} now")
    assert to_discord(f"`{mention}`") == f"`{mention}`"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("#### Deep **one** ##", "**Deep one**"),
        ("## Reset it", "## Reset it"),
        ("![A picture](https://help.example.com/a.png)", "[A picture](<https://help.example.com/a.png>)"),
        ("a || b || c", r"a \|\| b \|\| c"),
        ("[bank.com](https://evil.example)", "bank.com (<https://evil.example>)"),
        ("[our page](https://help.example.com/a)", "[our page](<https://help.example.com/a>)"),
        ("See https://help.example.com/a.", "See <https://help.example.com/a>."),
        ("**https://help.example.com/a**", "**<https://help.example.com/a>**"),
        ("<https://help.example.com/a>", "<https://help.example.com/a>"),
        (
            "[https://help.example.com/a](https://help.example.com/a)",
            "[https://help.example.com/a](<https://help.example.com/a>)",
        ),
        ("````\na\n````", "```\na\n```"),
        ("`a || b`", "`a || b`"),
    ],
)
def test_commonmark_as_discord_markdown(text: str, shown: str) -> None:
    """What Discord does not know is written in its manner, the rest is left alone."""
    assert to_discord(text) == shown


def test_a_source_cannot_hide_its_host() -> None:
    """A source titled like another site shows its address; markup in a title is words."""
    (post,) = to_posts(Reply("See", (Link("www.bank.com", "https://evil.example/x"), Link("a*b*](x)"))))
    assert post.embed.splitlines() == [
        "**1** www.bank.com (<https://evil.example/x>)",
        r"**2** a\*b\*\](x)",
    ]
