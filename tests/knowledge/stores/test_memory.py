"""The search in memory: exact, filtered first, the same however the entries came in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.stores.entries import Entry, Scope
from knowledge.stores.fusion import MEANING_ALONE
from knowledge.stores.memory import MemorySearch
from knowledge.stores.postings import K1, PRIOR_COMMON, PRIOR_PASSAGES, B, Postings
from knowledge.stores.query import QueryPlan, plan_query

VOCABULARY = ["export", "invoice", "login", "vpn", "phone"]


def unit(*numbers: float) -> np.ndarray:
    """Give a unit vector."""
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


def entry(entry_id: str, words: str = "", vector: np.ndarray | None = None, **fields: object) -> Entry:
    """Make an entry."""
    return Entry(entry_id, text=words, words=words, vector=vector, **fields)


def by_words(text: str) -> QueryPlan:
    """Plan a search by keywords alone."""
    return QueryPlan((), (), ((text, 1.0),))


BY_MEANING = QueryPlan(("",), (1.0,), ())


def test_bm25_is_the_published_formula():
    """Scores equal a straightforward computation."""
    documents = [{"a": 2.0, "b": 1.0}, {"a": 1.0}, {"c": 3.0}]
    postings = Postings({"c"})
    for slot, document in enumerate(documents):
        postings.add(slot, document)
    average = 7 / 3

    def expected(document: dict[str, float]) -> float:
        total = 0.0
        for term, holders in (("a", 2), ("c", 1 + PRIOR_COMMON)):
            frequency = document.get(term, 0.0)
            norm = K1 * (1 - B + B * sum(document.values()) / average)
            idf = math.log(1 + (3 + PRIOR_PASSAGES - holders + 0.5) / (holders + 0.5))
            total += idf * frequency * (K1 + 1) / (frequency + norm)
        return total

    scores, _ = postings.scores({"a": 1.0, "c": 1.0, "unknown": 1.0}, 3)
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
            st.sampled_from("abcdefgh"),
            st.lists(st.sampled_from(VOCABULARY), max_size=4),
            st.sampled_from(("one", "two", None)),
        ),
        max_size=30,
    )
)
def test_updated_in_place_equals_built_anew(steps):
    """After any puts and removals, scores are those of a fresh index of what is left."""
    memory, left = MemorySearch(), {}
    for name, words, article in steps:
        if article:
            vector = unit(1, len(words) + len(article))
            left[name] = entry(name, " ".join(words), vector, article_id=article)
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


def test_what_says_the_same_takes_the_new_revision_and_is_not_read_again():
    """Audience, payload, article and vector are the new ones; the words were not even given again."""
    memory = MemorySearch()
    memory.put([entry("a", "vpn", unit(1, 0), title="Remote", article_id="x"), entry("b", "fax", unit(0, 1))])
    again = Entry("a", "vpn", "", title="Remote", article_id="y", payload="new", vector=unit(0.6, 0.8))
    assert memory.says(again)
    memory.put([again])
    plan = QueryPlan(("",), (1.0,), (("remote vpn", 1.0),))
    (hit,) = memory.search(unit(0, 1)[None], plan, Scope(exclude=frozenset({"x", ""})), 1)
    assert (hit.id, hit.payload, round(hit.dense, 6)) == ("a", "new", 0.8)
    assert memory.search(None, by_words("vpn"), Scope(exclude=frozenset({"y"})), 5) == []
    other_title = Entry("a", "vpn", "vpn", title="Office", article_id="y", vector=unit(1, 0))
    assert not memory.says(other_title)
    assert not memory.says(Entry("a", "vpn", "", title="Remote", language="de"))
    memory.put([other_title])
    assert memory.search(None, by_words("remote"), Scope(), 5) == []
    assert [hit.id for hit in memory.search(None, by_words("office"), Scope(), 5)] == ["a"]


@pytest.mark.parametrize("gone", [1, 40, 550])
def test_few_and_many_removals_leave_the_same_as_never_put(gone):
    """One by one or in bulk, from short lists and from long ones, with words that all hold and that one holds."""
    entries = [entry(f"{n:03}", f"all some{n % 7} one{n}", unit(1, n)) for n in range(600)]
    memory, fresh = MemorySearch(), MemorySearch()
    memory.put(entries)
    memory.remove([one.id for one in entries[:gone]])
    fresh.put(entries[gone:])
    for words in ("all", "some3 one599", "one0 all"):
        plan = QueryPlan(("",), (1.0,), ((words, 1.0),))
        found, expected = (one.search(unit(1, 9)[None], plan, Scope(), 600) for one in (memory, fresh))
        assert [hit.id for hit in found] == [hit.id for hit in expected]
        assert [hit.keyword for hit in found] == pytest.approx([hit.keyword for hit in expected], abs=1e-5)


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


def test_of_two_equal_passages_the_one_in_the_article_about_the_matter_wins():
    """What an article's other passages say counts, however they came in, and goes when they go."""
    aside = [entry("a#0", "", unit(1, 0, 0), article_id="a"), entry("a#1", "", unit(0, 1, 0), article_id="a")]
    about = [
        entry("b#0", "", unit(1, 0, 0), article_id="b"),
        entry("b#1", "", unit(1, 0, 0.5), article_id="b"),
    ]
    memory = MemorySearch()
    memory.put(aside)
    memory.put(about)
    question = unit(1, 0, 0)[None]
    assert [hit.id for hit in memory.search(question, BY_MEANING, Scope(), 3)] == ["b#0", "b#1", "a#0"]
    memory.remove(["a#1"])
    assert memory.search(question, BY_MEANING, Scope(), 1)[0].id == "a#0"
    alone = memory.search(question, BY_MEANING, Scope(), 2, MEANING_ALONE)
    assert [(hit.id, hit.score) for hit in alone] == [("a#0", 1.0), ("b#0", 1.0)]


def test_the_subject_of_a_long_question_counts_more_than_its_story():
    """Keywords of the first paragraph weigh more than those below it."""
    plan = plan_query("export invoices\n\nlogin vpn phone")
    assert plan.keywords[0] == ("export invoices", 1.0)
    assert plan.keywords[1][1] < 1.0
    memory = MemorySearch()
    memory.put([entry("story", "vpn"), entry("subject", "export")])
    assert memory.search(None, plan, Scope(), 1)[0].id == "subject"


@given(st.text(max_size=300))
def test_any_question_has_a_plan(text):
    """Something is embedded, and the weights of what is embedded sum to one."""
    plan = plan_query(text)
    assert len(plan.texts) == len(plan.weights) > 0
    assert sum(plan.weights) == pytest.approx(1.0)
    assert plan_query(text) == plan


def test_in_a_small_help_centre_common_words_tell_nothing():
    """A question is not drawn to the one article that says "with you"."""
    memory = MemorySearch()
    memory.put([entry("a", "we are there with you if you need us"), entry("b", "refunds")])
    assert memory.search(None, by_words("are there refunds for you"), Scope(), 1)[0].id == "b"
