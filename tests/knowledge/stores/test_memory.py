"""The search in memory: exact, filtered first, the same however the entries came in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.stores.memory import Entry, MemorySearch, Scope
from knowledge.stores.postings import K1, B, Postings
from knowledge.stores.query import QueryPlan

VOCABULARY = ["export", "invoice", "login", "vpn", "phone"]


def unit(*numbers: float) -> np.ndarray:
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


def entry(entry_id: str, words: str = "", vector: np.ndarray | None = None, **fields: object) -> Entry:
    return Entry(entry_id, text=words, words=words, vector=vector, **fields)


def by_words(text: str) -> QueryPlan:
    return QueryPlan((), (), ((text, 1.0),))


BY_MEANING = QueryPlan(("",), (1.0,), ())


def test_bm25_is_the_published_formula():
    """Scores equal a straightforward computation."""
    documents = [{"a": 2.0, "b": 1.0}, {"a": 1.0}, {"c": 3.0}]
    postings = Postings()
    for slot, document in enumerate(documents):
        postings.add(slot, document)
    average = 7 / 3

    def expected(document: dict[str, float]) -> float:
        total = 0.0
        for term, holders in (("a", 2), ("c", 1)):
            frequency = document.get(term, 0.0)
            norm = K1 * (1 - B + B * sum(document.values()) / average)
            idf = math.log(1 + (3 - holders + 0.5) / (holders + 0.5))
            total += idf * frequency * (K1 + 1) / (frequency + norm)
        return total

    scores = postings.scores({"a": 1.0, "c": 1.0, "unknown": 1.0}, 3)
    assert scores == pytest.approx([expected(document) for document in documents], rel=1e-5)


def test_slots_are_used_again_and_old_words_are_gone():
    """A replaced entry is not found by what it said before."""
    memory = MemorySearch()
    memory.put([entry("a", "invoice"), entry("b", "login")])
    memory.put([entry("a", "vpn")])
    memory.remove(["b", "unknown"])
    memory.put([entry("c", "phone")])
    assert [hit.id for hit in memory.search(None, by_words("invoice login vpn phone"), Scope(), 9)] == [
        "a",
        "c",
    ]
    assert len(memory) == 2


def test_ties_break_by_id():
    """Equal entries come in the order of their ids, whatever the order they were put in."""
    memory = MemorySearch()
    memory.put([entry(name, "export", unit(1, 0)) for name in ("d", "b", "c", "a")])
    assert [hit.id for hit in memory.search(unit(1, 0)[None], BY_MEANING, Scope(), 3)] == ["a", "b", "c"]


def test_filters_leave_no_trace():
    """Audience, source, exclusion and ids decide before the best are taken."""
    memory = MemorySearch()
    memory.put(
        [
            entry("1", "vpn", unit(1, 0), source="a", article_id="x", audience=frozenset({"public"})),
            entry(
                "2", "vpn", unit(1, 0.1), source="b", article_id="y", audience=frozenset({"internal", "team"})
            ),
            entry(
                "3", "vpn", unit(1, 0.2), source="a", article_id="z", audience=frozenset({"public", "team"})
            ),
        ]
    )

    def found(scope: Scope) -> list[str]:
        return [hit.id for hit in memory.search(unit(1, 0)[None], BY_MEANING, scope, 1)]

    assert found(Scope(audience=frozenset({"team"}))) == ["2"]
    assert found(Scope(audience=frozenset({"public"}), exclude=frozenset({"x"}))) == ["3"]
    assert found(Scope(sources=frozenset({"b"}))) == ["2"]
    assert found(Scope(ids={"3"})) == ["3"]
    assert found(Scope(audience=frozenset())) == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdefgh"), st.lists(st.sampled_from(VOCABULARY), max_size=4), st.booleans()
        ),
        max_size=30,
    )
)
def test_updated_in_place_equals_built_anew(steps):
    """After any puts and removals, scores are those of a fresh index of what is left."""
    memory, left = MemorySearch(), {}
    for name, words, put in steps:
        if put:
            left[name] = entry(name, " ".join(words), unit(1, len(words)))
            memory.put([left[name]])
        else:
            left.pop(name, None)
            memory.remove([name])
    fresh = MemorySearch()
    fresh.put(left.values())
    plan = QueryPlan(("",), (1.0,), ((" ".join(VOCABULARY), 1.0),))
    expected = fresh.search(unit(1, 1)[None], plan, Scope(), 30)
    found = memory.search(unit(1, 1)[None], plan, Scope(), 30)
    assert [hit.id for hit in found] == [hit.id for hit in expected]
    assert [hit.score for hit in found] == pytest.approx([hit.score for hit in expected], abs=1e-5)


def test_languages_meet_in_one_search():
    """A question is compared with each article by that article's language."""
    memory = MemorySearch()
    memory.put([entry("de", "die Rechnungen", language="de"), entry("en", "the invoices", language="en")])
    assert memory.search(None, by_words("Rechnung"), Scope(), 5)[0].id == "de"
    assert memory.search(None, by_words("invoice"), Scope(), 5)[0].id == "en"


def test_a_search_of_nothing_finds_nothing():
    """An empty index, no room for results, and words that nobody has."""
    memory = MemorySearch()
    assert memory.search(unit(1, 0)[None], BY_MEANING, Scope(), 5) == []
    memory.put([entry("a", "export")])
    assert memory.search(None, by_words("export"), Scope(), 0) == []
    assert memory.search(None, by_words("🙂"), Scope(), 5) == []
