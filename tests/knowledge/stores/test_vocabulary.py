"""Whether a word stands in what a reader may see."""

from __future__ import annotations

import pytest

from knowledge.stores.entries import Entry, Scope
from knowledge.stores.memory import MemorySearch
from knowledge.stores.vocabulary import is_misspelling

PUBLIC = Scope(frozenset({"public"}))
INTERNAL = Scope(frozenset({"public", "internal"}))


@pytest.fixture
def search() -> MemorySearch:
    """Two public entries and an internal one."""
    search = MemorySearch()
    text = "Reset your password in the settings. On Wi-Fi it works offline; the stopwatch starts. ERR_SESSION_504"
    search.put(
        [
            Entry("1", "", text, title="Invoices by e-mail", audience=frozenset({"public"})),
            Entry("2", "", "A kind word.", audience=frozenset({"public"})),
            Entry("3", "", "Set up Tunnelblick for Salesforce.", audience=frozenset({"internal"})),
        ]
    )
    return search


@pytest.mark.parametrize(
    "word",
    [
        "password",
        "Passwords",
        "pasword",
        "passwrod",
        "invocies",
        "invoice",
        "wifi",
        "wi-fi",
        "watch",
        "email",
    ],
)
def test_a_word_is_held_inflected_misspelt_or_in_parts(search: MemorySearch, word: str) -> None:
    """What people mean by it stands in an entry."""
    assert search.held([word], PUBLIC) == {word}


@pytest.mark.parametrize("word", ["fax", "Kindle", "bitcoin", "ERR_SESSION_999", "Trello", "rest-api-key"])
def test_another_word_is_not_held(search: MemorySearch, word: str) -> None:
    """However near a shorter word is: "kind" is not "kindle"."""
    assert search.held([word], PUBLIC) == frozenset()


def test_what_stands_in_internal_passages_alone_is_not_held_for_the_public(search: MemorySearch) -> None:
    """Nor as a misspelling of it: nobody learns which words the internal articles have."""
    words = ["Salesforce", "salesfroce", "Tunnelblick"]
    assert search.held(words, PUBLIC) == frozenset()
    assert search.held(words, INTERNAL) == frozenset(words)


def test_what_was_removed_is_held_no_longer(search: MemorySearch) -> None:
    """The vocabulary follows the articles."""
    search.remove(["3"])
    assert search.held(["Salesforce"], INTERNAL) == frozenset()


def test_errors_are_counted_with_swaps() -> None:
    """Four to seven letters may have one error, longer words two, shorter ones none; the first is right."""
    assert is_misspelling("pasword", "password", 7)
    assert is_misspelling("authnetikation", "authentication", 14)
    assert not is_misspelling("fax", "tax", 3)
    assert not is_misspelling("zoom", "room", 4)
    assert not is_misspelling("trello", "treble", 6)
    assert is_misspelling("passwrod", "password", 8)
    assert not is_misspelling("psswrodd", "password", 7)
