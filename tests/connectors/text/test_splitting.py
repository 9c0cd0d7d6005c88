"""Splitting: whatever the text, the pieces are within the limit, in order, whole, and show code as code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.text.fences import lines_of
from connectors.text.splitting import SHORTEST_LIMIT, split
from tests.connectors.text.markdown import documents

LIMITS = st.sampled_from([SHORTEST_LIMIT, 300, 2_000, 12_000])
NASTY = st.text(st.sampled_from("ab \n`~>-[](). \u00a0\U0001f600"), max_size=3_000)
LINK = re.compile(r"\[[^\]\n]+\]\(https://[^)\s]+\)")


def code_lines(text: str) -> list[str]:
    """Give the lines inside of fences."""
    return [
        line.text.rstrip("\n")
        for line in lines_of(text)
        if line.before is not None and line.after is not None
    ]


@settings(max_examples=80, deadline=None)
@given(st.one_of(documents(), NASTY), LIMITS)
def test_nothing_is_lost_and_nothing_too_long(text: str, limit: int) -> None:
    """The bodies joined are the text, no shown piece is blank or over the limit, and there are few of them."""
    pieces = split(text, limit)
    if text.strip():
        assert "".join(piece.body for piece in pieces) == text
    assert all(0 < len(piece.text) <= limit for piece in pieces)
    assert all(piece.text.strip() for piece in pieces)
    assert len(pieces) <= 3 * len(text) // limit + 1
    words = "".join(text.split())
    shown = "".join(
        "".join(piece.text[len(piece.opening) :].removesuffix(piece.closing).split()) for piece in pieces
    )
    assert shown == words


@settings(max_examples=80, deadline=None)
@given(st.one_of(documents(), NASTY), LIMITS)
def test_fences_are_balanced(text: str, limit: int) -> None:
    """Each piece closes what it opens, also where the text itself does not."""
    for piece in split(text, limit):
        lines = lines_of(piece.text)
        assert lines[-1].after is None


@settings(max_examples=60, deadline=None)
@given(documents(), st.sampled_from([300, 2_000, 12_000]))
def test_code_and_links_stay_whole(text: str, limit: int) -> None:
    """The lines of code are the same bytes in the same order, and every link stands whole in one piece."""
    pieces = split(text, limit)
    assert [line for piece in pieces for line in code_lines(piece.text)] == code_lines(text)
    outside = "\n".join(line.text for line in lines_of(text) if not line.is_code)
    links = LINK.findall(outside)
    shown = [link for piece in pieces for link in LINK.findall(piece.text) if link in links]
    assert len(shown) >= len(links)


def test_paragraphs_stay_together() -> None:
    """A text of two paragraphs that do not fit together is cut between them, without blank lines at the cut."""
    one, two = "a" * 80, "b" * 80
    assert [piece.text for piece in split(f"{one}\n\n{two}\n", 100)] == [one, two]


def test_a_fence_is_opened_again() -> None:
    """Code over the limit goes on in the next piece under the same language."""
    code = "\n".join(f"print({number:060})" for number in range(3))
    first, second, *_ = [piece.text for piece in split(f"```python\n{code}\n```", 150)]
    assert first.endswith("\n```")
    assert second.startswith("```python\n")


def test_a_fence_in_a_list_opens_again_outside_of_it() -> None:
    """Indented as in its list, the fence would be plain text in the next message."""
    code = "\n".join(f"      print({number:060})" for number in range(3))
    first, second, *_ = [piece.text for piece in split(f"1. So:\n\n      ```\n{code}\n      ```", 150)]
    assert first.endswith("\n      ```")
    assert second.startswith("   ```\n")


def test_a_text_within_the_limit_is_one_piece() -> None:
    """Nothing is touched that needs no cut."""
    assert [piece.text for piece in split("Hello *there*", 100)] == ["Hello *there*"]


def test_an_empty_text_is_no_piece() -> None:
    """Nothing to say gives nothing."""
    assert split("", 100) == []
    assert split(" \n\n", 100) == []


def test_a_limit_too_short_is_refused() -> None:
    """A fence would not fit."""
    with pytest.raises(ValueError, match="too short"):
        split("a", 10)
