"""Statements of two articles that cannot both be true are told from those that can."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from knowledge.answering.compose import conflict_text
from knowledge.answering.conflict import disagree, find_conflicts
from knowledge.answering.phrases import phrases
from knowledge.answering.quantities import quantities
from knowledge.answering.stated import statements_of
from knowledge.answering.statements import read_statement
from knowledge.models import ArticleRef, Passage, ScoredPassage

if TYPE_CHECKING:
    from knowledge.answering.statements import Statement


def pairs(name: str) -> dict[str, list[dict[str, Any]]]:
    """Read a table of pairs."""
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


PAIRS, MORE = pairs("conflicts.toml"), pairs("conflicts_more.toml")
FOUND = [*PAIRS["disagree"], *(row for row in MORE["disagree"] if not row.get("missed"))]


def passage(article: str, text: str, title: str = "Rules", heading: str = "", **changes: Any) -> Passage:
    """Give a passage of an article."""
    path = (heading,) if heading else ()
    ref = ArticleRef("desk", article)
    return Passage(f"{ref}#0", ref, "1", 0, title, path, text, frozenset({"public"}), **changes)


def sides(row: dict[str, Any]) -> list[Passage]:
    """Give the two passages of a row."""
    found = []
    for number, side in enumerate(row["pair"]):
        title, heading, text = map(str.strip, side.split("|")) if "|" in side else (row["title"], "", side)
        found.append(passage(f"a{number}", text, title, heading, language=row.get("language", "en")))
    return found


def read(one: Passage) -> Statement | None:
    """Read a passage of one sentence."""
    return read_statement(one.text, one)


@pytest.mark.parametrize("row", FOUND, ids=lambda row: row["why"])
def test_what_cannot_both_be_true_is_found(row: dict[str, Any]) -> None:
    """Whichever of the two is in the answer, the other one is shown with it."""
    first, second = sides(row)
    for mine, theirs in ((first, second), (second, first)):
        (found,) = find_conflicts([(mine.text, mine)], [ScoredPassage(theirs, 1.0)])
        assert (found.passage, found.other) == (theirs, theirs.text)


@pytest.mark.parametrize("row", [*PAIRS["agree"], *MORE["agree"]], ids=lambda row: row["why"])
def test_what_can_both_be_true_is_no_conflict(row: dict[str, Any]) -> None:
    """A conflict that is none would make people doubt what is right."""
    first, second = sides(row)
    one, other = read(first), read(second)
    if one is not None and other is not None:
        assert not disagree(one, other)
        assert not disagree(other, one)
    assert not find_conflicts([(first.text, first)], [ScoredPassage(second, 1.0)])


def test_there_are_enough_pairs() -> None:
    """Thirty of each kind at least, each with its own reason."""
    for kind in ("disagree", "agree"):
        assert len({row["why"] for row in PAIRS[kind]}) == len(PAIRS[kind]) >= 30


def test_no_statement_of_the_pairs_conflicts_with_one_of_another_pair() -> None:
    """All against all: sentences on different things never disagree."""
    rows = [(number, each) for number, row in enumerate(PAIRS["disagree"]) for each in sides(row)]
    read_ = [(number, one) for number, each in rows if (one := read(each)) is not None]
    odd = [
        (one.text, other.text)
        for i, one in read_
        for j, other in read_
        if i < j and one.context != other.context and disagree(one, other)
    ]
    assert odd == []


def test_lists_and_tables_state_things_too() -> None:
    """An item, a step and a cell are read with what they belong to; code and headings are not."""
    text = "- Files: 5 MB.\n- Images: 2 MB.\n\n| Plan | Price |\n|---|---|\n| Team | 8 euros |\n\n```\nlimit 7 MB\n```"
    said = [one.text for one in statements_of(passage("a", text))]
    assert said == ["Files: 5 MB.", "Images: 2 MB.", "Team, Price: 8 euros"]


def test_a_price_of_a_table_is_held_against_that_of_another() -> None:
    """The row is the subject, so that two rows of two tables differ and one row does not."""
    table = "| Plan | Price a month |\n|---|---|\n| Team | {} euros |\n| Business | 14 euros |"
    here, there = passage("a", table.format(8), "Prices"), passage("b", table.format(9), "Prices")
    stated = [(one.text, here) for one in statements_of(here)]
    (found,) = find_conflicts(stated, [ScoredPassage(there, 1.0)])
    assert (found.stated, found.other) == ("Team, Price a month: 8 euros", "Team, Price a month: 9 euros")


def test_an_article_is_never_held_against_itself() -> None:
    """Its parts are about its parts: steps, plans, versions."""
    one = passage("a", "Files stay for 30 days.")
    other = replace(passage("a", "Files stay for 60 days."), id="desk/a#1", position=1)
    assert not find_conflicts([(one.text, one)], [ScoredPassage(other, 1.0)])


def test_articles_in_two_languages_are_not_compared() -> None:
    """Their words say nothing to each other."""
    one = passage("a", "Das Limit: 30 MB pro Upload.", "Upload Limit", language="de")
    other = passage("b", "Das Limit: 60 MB pro Upload.", "Upload Limit", language="en")
    assert not find_conflicts([(one.text, one)], [ScoredPassage(other, 1.0)])


def test_at_most_two_conflicts_are_shown_and_each_once() -> None:
    """Of the same pair in two passages one is enough; more than two nobody reads."""
    texts = [
        "Audit logs are kept for {} days.",
        "Attachments can be up to {} MB.",
        "A guest can open {} boards.",
    ]
    here, there = (
        passage(name, " ".join(t.format(n) for t in texts), "Limits of guests, attachments and logs")
        for name, n in (("a", 5), ("b", 7))
    )
    stated = [(t.format(5), here) for t in [texts[0], *texts]]
    found = find_conflicts(stated, [ScoredPassage(there, 1.0)] * 2)
    assert [conflict.other for conflict in found] == [texts[0].format(7), texts[1].format(7)]


@pytest.mark.parametrize(
    ("mine", "theirs", "order"),
    [
        (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC), ["60", "30"]),
        (datetime(2025, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC), ["30", "60"]),
        (None, datetime(2024, 1, 1, tzinfo=UTC), ["60", "30"]),
        (datetime(2024, 1, 1, tzinfo=UTC), None, ["30", "60"]),
        (None, None, ["30", "60"]),
    ],
)
def test_the_newest_is_shown_first(mine: datetime | None, theirs: datetime | None, order: list[str]) -> None:
    """Each with its article's title and date, or that it has none."""
    here = passage("a", "Files stay in the trash for 30 days.", "Trash", updated_at=mine)
    there = passage("b", "Files stay in the trash for 60 days.", "Trash rules", updated_at=theirs)
    found = find_conflicts([(here.text, here)], [ScoredPassage(there, 1.0)])
    lines = conflict_text(found, phrases("en")).split("\n")
    assert [line.split(" days")[0].rsplit(" ", 1)[1] for line in lines if line.startswith("- ")] == order
    for title, date in (("(Trash, ", mine), ("(Trash rules, ", theirs)):
        assert f"{title}{date.date().isoformat() if date else 'no date'})" in "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("It costs 8 euros a month per user.", ["€/month/user"]),
        ("$8/user/month or €1,200.50 a year", ["$/month/user", "€/year"]),
        ("From 9 am to 5:30 pm", ["clock", "clock"]),
        ("On 3 May 2024 and on 2024-05-03 and 03/05/2024", []),
        ("in one place", []),
        ("1.000.000 rows", ["row"]),
    ],
)
def test_quantities_are_read_with_what_they_count(text: str, kinds: list[str]) -> None:
    """Rates are part of the kind; dates and "one" are no quantities."""
    assert [one.kind for one in quantities(text)] == kinds
