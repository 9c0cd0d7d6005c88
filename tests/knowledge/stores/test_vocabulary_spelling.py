"""Misspelt words, put right by the words that a reader may see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.stores.entries import Entry, Scope
from knowledge.stores.memory import MemorySearch

PUBLIC = frozenset({"public"})
EVERYTHING = Scope()


def search(*texts: str, audience: frozenset[str] = PUBLIC) -> MemorySearch:
    """Give a search over texts."""
    found = MemorySearch()
    found.put(
        Entry(f"{sorted(audience)}{number}", text, text, audience=audience)
        for number, text in enumerate(texts)
    )
    return found


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pasword", "password"),
        ("passwrod", "password"),
        ("factr", "factor"),
        ("authentification", "authentication"),
        ("invoces", "invoices"),
        ("Pasword", "password"),
    ],
)
def test_a_slip_is_put_right(written: str, meant: str) -> None:
    """A letter too many, too few, wrong or swapped; in words of eight letters two. What comes back is a whole word."""
    held = search("Two-factor authentication needs your password.", "Invoices are sent monthly.")
    assert held.respelled([written], EVERYTHING) == {written: meant}


@pytest.mark.parametrize(
    "word", ["password", "passwords", "word", "qassword", "pasw", "p4ssword", "of", "zzzzzzzz"]
)
def test_what_is_right_short_or_far_off_is_left(word: str) -> None:
    """Words of the articles, inflected or in compounds; codes; another first letter; too many errors."""
    assert search("Reset your password.").respelled([word], EVERYTHING) == {}


def test_a_word_of_others_articles_is_never_given() -> None:
    """Law 3: the public learns nothing of a word that only internal articles have, not even by a slip."""
    held = search("Reset your password.")
    held.put([Entry("secret", "Project Bluebird", "Project Bluebird", audience=frozenset({"internal"}))])
    assert held.respelled(["bluebrid"], Scope(audience=PUBLIC)) == {}
    assert held.respelled(["bluebrid"], Scope(audience=frozenset({"internal"}))) == {"bluebrid": "bluebird"}


def test_a_word_that_left_with_its_article_is_not_given() -> None:
    """The terms of removed entries stay known to the postings, and are no longer in sight."""
    held = search("Reset your password.")
    held.put([Entry("old", "Bluebird", "Bluebird", audience=PUBLIC)])
    held.remove(["old"])
    assert held.respelled(["bluebrid"], EVERYTHING) == {}


def test_of_two_as_near_the_commoner_is_taken() -> None:
    """The word formt is as near to "format" as to "forms"; two entries are about the format."""
    held = search("The format of a file.", "Choose a format.", "Forty formulas.", "One forma.")
    assert held.respelled(["formt"], EVERYTHING) == {"formt": "format"}


@given(st.text(max_size=30))
def test_any_word_gives_a_word_in_sight_or_nothing(word: str) -> None:
    """No word breaks it."""
    held = search("Reset your password in the office.")
    assert set(held.respelled([word], EVERYTHING).values()) <= {
        "reset",
        "your",
        "password",
        "office",
        "in",
        "the",
    }
