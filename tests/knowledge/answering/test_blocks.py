"""Markdown as units that may be quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answering.blocks import clean, units_of
from knowledge.answering.ground import plain_words
from knowledge.answering.sentences import sentences

ARTICLE = """\
Click the ![gear icon](gear.png) to begin. See [the list](#list) or [our site](https://example.com/a).

![screenshot](shot.png)

* [One](#one)
* [Two](#two)

1. Open **Settings**.

   [image: the settings]
2. Run:

   ```sh
   # ![not](an.image)
   reset <name>
   ```
3. Done ![done.png](done.png)

| a | b |
|---|---|
| 1 | 2 |

<!-- hidden -->

> **Note:** take care.
"""


def test_lists_tables_and_code_stay_whole() -> None:
    """Each is one unit, in order; tables of contents, images and comments are no units."""
    units = units_of(ARTICLE)
    assert [unit.kind for unit in units] == ["sentence", "sentence", "steps", "table", "sentence"]
    steps = units[2]
    assert steps.raw in ARTICLE
    assert steps.text.startswith("1. Open **Settings**.\n2. Run:")
    assert "# ![not](an.image)\n   reset <name>" in steps.text
    assert steps.text.endswith("3. Done")


def test_images_give_their_words_only_inside_a_line() -> None:
    """An icon's name belongs to its sentence; a screenshot's does not stand for itself."""
    texts = [unit.text for unit in units_of(ARTICLE)]
    assert texts[0] == "Click the gear icon to begin."
    assert not any("screenshot" in text for text in texts)


def test_links_that_lead_nowhere_become_words() -> None:
    """Only absolute links survive: a relative one is dead in a chat, a script is worse."""
    assert clean("[a](../b.md) [c](javascript:alert(1)) [d](https://e.f/g_(h)) <b>x</b>") == (
        "a c [d](https://e.f/g_(h)) x"
    )


def test_a_quote_has_no_marks_of_its_block() -> None:
    """The sentence of a block quote is quoted without its angle bracket."""
    assert units_of(ARTICLE)[-1].text == "**Note:** take care."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use e.g. Chrome. Then stop!", ["Use e.g. Chrome.", "Then stop!"]),
        ("See [x. Y](http://a.b/c. d). End.", ["See [x. Y](http://a.b/c. d).", "End."]),
        ("Run `a. B`. It is v1.5 now.", ["Run `a. B`.", "It is v1.5 now."]),
        ("The fee is lost.You can pay.", ["The fee is lost.", "You can pay."]),
        ("今日は。明日も。", ["今日は。", "明日も。"]),
        ("No end", ["No end"]),
        ("", []),
    ],
)
def test_sentences_end_where_people_end_them(text: str, expected: list[str]) -> None:
    """Abbreviations, versions, code and links do not end a sentence."""
    assert sentences(text) == expected


@given(st.text(alphabet="ab .!?:*`[]()#>-|1\n<~", max_size=120))
def test_no_markdown_breaks_it_and_every_unit_is_a_quotation(markdown: str) -> None:
    """Whatever the Markdown, a unit's raw text stands in it, and its words are words of the raw text."""
    for unit in units_of(markdown):
        assert unit.raw in markdown or unit.raw in "\n".join(markdown.splitlines())
        assert set(plain_words(unit.text).split()) <= set(plain_words(unit.raw).split()) | set(
            unit.raw.casefold().split()
        ) | set("ab1")
