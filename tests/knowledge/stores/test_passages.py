"""Splitting: nothing lost, nothing over the model's window, nothing torn that fits."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.stores.blocks import plain_text
from knowledge.stores.passages import PassageSplitter, embedding_text
from tests.knowledge.stores.doubles import HashEmbedding, article

if TYPE_CHECKING:
    from knowledge.models import Passage

COUNT = HashEmbedding().count_tokens


def split(body: str, *, title: str = "Title", window: int = 64, target: int = 240) -> list[Passage]:
    """Split one article."""
    return PassageSplitter(COUNT, window, target).split(article("a", body, title=title))


def texts(body: str, **options: int) -> list[str]:
    """Give the texts of its passages."""
    return [passage.text for passage in split(body, **options)]


def test_sections_carry_their_heading_path():
    """The path goes from the outermost heading to the innermost, and a deeper section ends with a higher one."""
    found = split(
        "intro\n\n# A\n\none\n\n## B\n\ntwo\n\n### C `code`\n\nthree\n\n## D\n\nfour\n\n# E\n\nfive"
    )
    assert [(passage.heading_path, passage.text) for passage in found] == [
        ((), "intro"),
        (("A",), "one"),
        (("A", "B"), "two"),
        (("A", "B", "C code"), "three"),
        (("A", "D"), "four"),
        (("E",), "five"),
    ]


def test_a_heading_that_repeats_the_title_is_not_in_the_path():
    """The title stands above every passage already."""
    (found,) = split("# Reset your password\n\nClick.", title="Reset your password")
    assert found.heading_path == ()


def test_setext_headings_and_hash_signs_in_code():
    """Underlined headings are headings; a comment in a code fence is not."""
    found = split("Install\n=======\n\n```sh\n# not a heading\nmake\n```\n\n~~~\n## nor this\n~~~")
    assert {passage.heading_path for passage in found} == {("Install",)}
    assert "# not a heading" in found[0].text


def test_ids_positions_and_facts_of_the_article():
    """A passage is named by its article and position and carries what filters and citations need."""
    source = article("x1", "# A\n\none\n\n# B\n\ntwo", audience=frozenset({"internal"}), language="de")
    found = PassageSplitter(COUNT, 64).split(source)
    assert [passage.id for passage in found] == ["help/x1#0", "help/x1#1"]
    assert [passage.position for passage in found] == [0, 1]
    assert found[1].audience == {"internal"}
    assert found[1].revision == source.revision
    assert found[1].language == "de"


def test_a_list_that_fits_is_whole_and_its_lead_in_stays_with_it():
    """Steps are not torn apart, and "Do this:" is not left behind."""
    steps = "\n".join(f"{number}. step number {number} is here" for number in range(1, 6))
    filler = "Words of a paragraph that stands before." * 3
    assert texts(f"{filler}\n\nDo this:\n\n{steps}", window=60) == [filler, f"Do this:\n\n{steps}"]


def test_a_long_list_is_cut_between_items_and_keeps_its_numbers():
    """A second piece starts at its own number even where the article numbers every item 1."""
    steps = "\n".join("1. this is one step of many and it has some words" for _ in range(12))
    found = texts(steps, window=64)
    assert len(found) > 1
    firsts = [int(re.match(r"\d+", text).group()) for text in found]
    counts = [text.count("this is one step") for text in found]
    assert firsts == [1 + sum(counts[:index]) for index in range(len(found))]
    assert sum(counts) == 12


def test_a_long_table_is_cut_between_rows_under_its_header():
    """Each piece reads as a table by itself."""
    rows = [f"| plan {number} | {number} requests a minute |" for number in range(30)]
    found = texts("| Plan | Limit |\n| --- | --- |\n" + "\n".join(rows))
    assert len(found) > 1
    assert all(text.startswith("| Plan | Limit |\n| --- | --- |\n| plan ") for text in found)
    assert [row for text in found for row in text.split("\n")[2:]] == rows


def test_long_code_is_cut_between_lines_inside_fences():
    """Each piece opens and closes its own fence, with the language."""
    lines = [f"call(argument_{number}, value)" for number in range(40)]
    found = texts("````python\n" + "\n".join(lines) + "\n````")
    assert len(found) > 1
    assert all(text.startswith("````python\n") and text.endswith("\n````") for text in found)
    assert [line for text in found for line in text.split("\n")[1:-1]] == lines


def test_an_article_without_text_has_no_passages():
    """White space and bare headings are nothing to cite."""
    assert texts(" \n\n\t\n") == []
    assert texts("# Only\n\n## headings") == []


def test_link_definitions_stay():
    """What the parser keeps to itself is still the article's text."""
    assert "[help]: https://example.org/help" in "".join(
        texts("See [help].\n\n[help]: https://example.org/help")
    )


def test_the_model_reads_plain_text_under_title_and_headings():
    """Link targets, images' targets and markup are noise to it; people still get CommonMark."""
    (passage,) = split(
        "# **Bold** way\n\nSee [the guide](https://x.example/a_(b)) and ![a lock](i.png), `run --it`."
    )
    assert embedding_text(passage) == "Title\nBold way\nSee the guide and a lock, run --it."
    assert "https://x.example/a_(b)" in passage.text


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("snake_case_name and __init__", "snake_case_name and init"),
        ("* one\n* two", "one\ntwo"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b\n1 2"),
        ("a <b>bold</b> word<br>x", "a bold word x"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("`ERR\\_504` and snake\\_case", "ERR_504 and snake_case"),
        ("\\*not emphasis\\*", "*not emphasis*"),
        ("> quoted", "quoted"),
        ("[![a lock](i.png)](https://x.example)", "a lock"),
        ("<https://example.org>", "https://example.org"),
    ],
)
def test_plain_text(markdown, plain):
    """Markup goes and words stay."""
    assert plain_text(markdown) == plain


@pytest.mark.parametrize(
    "unit", ["[", "[a](", "<!--", "<a ", "- ", "-", "|-", "*", "_", "`", "\n", " ", "![", "~~~", "1. ", "> "]
)
def test_hostile_repetition_takes_no_more_than_a_moment(unit):
    """Reading takes time in proportion to length: four times as much text, not sixteen times as long."""

    def seconds(count: int) -> float:
        started = time.thread_time()
        plain_text(unit * count + "x")
        return time.thread_time() - started

    assert min(seconds(80_000) for _ in range(3)) < 8 * min(seconds(20_000) for _ in range(3)) + 0.05


WORDS = st.text(st.sampled_from("abcdefg äß. 漢字🙂_-"), min_size=1, max_size=30)
BLOCKS = st.one_of(
    WORDS,
    st.lists(WORDS, min_size=1, max_size=60).map(" ".join),
    st.lists(WORDS, min_size=1, max_size=30).map("\n".join),
    st.lists(WORDS, min_size=1, max_size=30).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(WORDS, min_size=1, max_size=30).map(
        lambda items: "\n".join(f"  * {item}\n    - x" for item in items)
    ),
    st.lists(WORDS, min_size=1, max_size=30).map(lambda items: "```\n" + "\n".join(items) + "\n```"),
    st.lists(WORDS, min_size=1, max_size=30).map(lambda items: "> " + "\n> ".join(items)),
    st.lists(st.lists(WORDS, min_size=2, max_size=2), min_size=3, max_size=30).map(
        lambda rows: "\n".join("| " + " | ".join(row) + " |" for row in [rows[0], ["--", "--"], *rows[1:]])
    ),
    st.text("xyz", min_size=100, max_size=500),
    st.text(max_size=100),
)


def words(text: str) -> list[str]:
    """Give letters and digits."""
    return re.findall(r"\w", text)


def is_subsequence(inner: list[str], outer: list[str]) -> bool:
    """Tell whether `inner` is `outer` with some left out."""
    rest = iter(outer)
    return all(item in rest for item in inner)


@settings(max_examples=150, deadline=None)
@given(st.lists(BLOCKS, max_size=8), st.integers(120, 160))
def test_nothing_is_lost_and_nothing_is_too_long(blocks, window):
    """Every letter of a body without headings is in some passage, in order, and each fits into the window."""
    body = "\n\n".join(block for block in blocks)
    found = split(body, title="T", window=window)
    headings = [part for passage in found for part in passage.heading_path]
    if not headings and not re.search(r"^\s{0,3}(#|=|-+\s*$)", body, re.MULTILINE):
        assert is_subsequence(
            words(body.replace("\0", "")), words("\n".join(passage.text for passage in found))
        )
    for passage in found:
        assert COUNT(embedding_text(passage)) <= window
        assert passage.text.strip()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=400))
def test_any_text_at_all_is_split(body):
    """No input breaks the splitter, and the same input gives the same passages."""
    assert split(body) == split(body)
