"""Grounding and harmless text."""

from __future__ import annotations

import pytest

from knowledge.answering.ground import neutralise, unsupported
from knowledge.models import ArticleRef, Passage

PASSAGE = Passage(
    "s/a#0",
    ArticleRef("s", "a"),
    "r1",
    0,
    "Limits",
    ("API",),
    "You may send **120** requests a minute, see [docs](https://example.com/limits).\n\n"
    "1. Run `acme --limit`.\n2. Wait ![clock](c.png) 15 minutes.",
    frozenset({"public"}),
)


@pytest.mark.parametrize(
    "text",
    [
        "You may send **120** requests a minute, see [docs](https://example.com/limits).",
        "You may send 120 requests a minute",
        "1. Run `acme --limit`.\n2. Wait 15 minutes.",
        "",
    ],
)
def test_the_passages_own_words_are_supported(text: str) -> None:
    """A quotation is supported, whatever of its markup was left out."""
    assert unsupported(text, [PASSAGE]) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("You may send 1200 requests a minute", "number"),
        ("See https://evil.example/limits.", "url"),
        ("Run `acme --delete`.", "command"),
        ("You may not send requests.", "words"),
    ],
)
def test_what_no_passage_says_is_named(text: str, reason: str) -> None:
    """Numbers, URLs, commands and words that no cited passage holds make a statement unsupported."""
    fault = unsupported(text, [PASSAGE])
    assert fault is not None
    assert reason in fault.reason


@pytest.mark.parametrize(
    "text", ["@everyone", "@here", "<!channel>", "<!here|x>", "<@U123>", "<#C1|a>", "<@&42>"]
)
def test_mentions_in_articles_ping_nobody(text: str) -> None:
    """What Slack or Discord would act on is broken by a character that nobody sees."""
    made = neutralise(f"Tell {text} now")
    assert text not in made
    assert made.replace("\u200b", "") == f"Tell {text} now"


def test_other_text_is_left_alone() -> None:
    """Addresses, tags and code are not mentions."""
    text = "Mail me@example.com, use <b>, a<b, `@decorator`"
    assert neutralise(text) == text
