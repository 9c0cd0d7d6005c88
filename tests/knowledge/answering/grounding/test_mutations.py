"""What was changed in a true sentence is seen, and a true sentence goes out: over the sample help centre."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from pathlib import Path

import frontmatter
import pytest
from hypothesis import given
from hypothesis import strategies as st

import knowledge
from knowledge.answering.blocks import clean
from knowledge.answering.grounding.facts import missing_fact
from knowledge.answering.grounding.meaning import opposed

SAMPLE = Path(knowledge.__file__).parent / "samples/help_centre"
ROWS = [
    json.loads(line)
    for line in Path(__file__).with_name("mutations.jsonl").read_text(encoding="utf-8").splitlines()
]
KINDS = sorted({row["kind"] for row in ROWS})


@lru_cache(maxsize=128)
def source_of(article: str) -> str:
    """Give an article's text as a passage shows it."""
    read = frontmatter.load(str(SAMPLE / article))
    return f"{read.get('title', '')}\n{clean(read.content)}"


def fault(text: str, source: str) -> str | None:
    """Give the rules' complaint; meanings are not looked at."""
    return missing_fact(text, source) or opposed(text, source)


def test_there_are_enough_of_each_named_kind() -> None:
    """Two hundred and more, of every kind that a model is known to get wrong."""
    counts = Counter(row["kind"] for row in ROWS)
    assert len(ROWS) >= 200
    assert {"number", "negation", "product", "url", "menu", "condition", "opposite"} <= counts.keys()


def test_true_sentences_go_out() -> None:
    """At most five in a hundred of the articles' own sentences are dropped."""
    texts = {(row["article"], row["text"]) for row in ROWS}
    dropped = [(text, found) for article, text in texts if (found := fault(text, source_of(article)))]
    assert len(dropped) <= 0.05 * len(texts), dropped


@pytest.mark.parametrize("kind", KINDS)
def test_changes_are_seen(kind: str) -> None:
    """At least ninety-five in a hundred of each kind, by the rules alone."""
    rows = [row for row in ROWS if row["kind"] == kind]
    missed = [row["changed"] for row in rows if not fault(row["changed"], source_of(row["article"]))]
    assert len(missed) <= 0.05 * len(rows), missed


NUMBERED = [row for row in ROWS if row["kind"] == "number"]


@given(row=st.sampled_from(NUMBERED), by=st.integers(min_value=1, max_value=10**6))
def test_any_other_number_is_seen(row: dict[str, str], by: int) -> None:
    """Whatever a number of a true sentence becomes, the sentence is dropped, unless the article has that number."""
    old, new = _changed_number(row)
    other = str(int(old) + by)
    source = source_of(row["article"])
    if other not in source:
        assert fault(row["changed"].replace(new, other, 1), source)


def _changed_number(row: dict[str, str]) -> tuple[str, str]:
    """Give the number that was changed, and what it became."""
    pairs = zip(row["text"].split(), row["changed"].split(), strict=True)
    one, other = next((a, b) for a, b in pairs if a != b)
    return ("".join(filter(str.isdigit, one)), "".join(filter(str.isdigit, other)))
