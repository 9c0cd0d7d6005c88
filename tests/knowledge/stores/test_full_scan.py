"""A search that estimates first finds, to the last bit, what a plain look at every entry finds."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.stores.analysis import Analyzer, common_terms
from knowledge.stores.entries import Entry, Scope
from knowledge.stores.fusion import BALANCED, MEANING_ALONE, Fusion
from knowledge.stores.memory import HEADING_WEIGHT, TITLE_WEIGHT, MemorySearch
from knowledge.stores.postings import K1, PRIOR_COMMON, PRIOR_PASSAGES, B, weighted_counts
from knowledge.stores.quantised import QuantisedRows
from knowledge.stores.query import QueryPlan

WORDS = [
    "export",
    "invoice",
    "login",
    "vpn",
    "phone",
    "the",
    "with",
    "printer",
    "badge",
    "seat",
    "desk",
    "lamp",
]
DIMENSIONS = 24
ANALYZER = Analyzer()
COMMON = common_terms(ANALYZER)
F32 = np.float32


def terms_of(entry: Entry) -> dict[str, float]:
    """Give how often each term counts."""
    fields = ((entry.words, 1.0), (entry.title, TITLE_WEIGHT), (entry.headings, HEADING_WEIGHT))
    return weighted_counts((ANALYZER.terms(text, "english"), weight) for text, weight in fields)


def keyword_scores(entries: list[Entry], plan: QueryPlan) -> tuple[list[np.float32], float]:
    """Give BM25 of each entry, one by one, and its ceiling."""
    counts = [terms_of(entry) for entry in entries]
    weights: dict[str, float] = {}
    for text, weight in plan.keywords:
        for term in ANALYZER.terms(text, "english"):
            weights[term] = max(weights.get(term, 0.0), weight)
    holders = {term: sum(term in held for held in counts) for term in weights}
    telling = []
    for term, weight in weights.items():
        if holders[term]:
            count = holders[term] + PRIOR_COMMON * (term in COMMON)
            idf = float(np.log1p((len(entries) + PRIOR_PASSAGES - count + 0.5) / (count + 0.5)))
            telling.append((-weight * idf, term))
    average = sum(sum(held.values()) for held in counts) / len(entries) or 1.0
    scores = []
    for held in counts:
        norm = F32(K1 * (1 - B + B * np.array([sum(held.values())], F32) / average)[0])
        score = F32(0)
        for weight, term in sorted(telling):
            if term in held:
                frequency = F32(held[term])
                score += frequency * F32(-weight * (K1 + 1)) / (frequency + norm)
        scores.append(score)
    return scores, (K1 + 1) * sum(-weight for weight, _ in sorted(telling))


def plain(
    entries: list[Entry], query: np.ndarray, plan: QueryPlan, scope: Scope, fusion: Fusion
) -> list[tuple[str, float, float, float]]:
    """Give id, score, cosine and BM25 of what is in scope, best first, from every entry in turn."""
    entries = sorted(entries, key=lambda entry: entry.id)
    rows = [np.zeros(DIMENSIONS, F32) if one.vector is None else one.vector for one in entries]
    articles = defaultdict(list)
    for entry, row in zip(entries, rows, strict=True):
        articles[entry.source, entry.article_id or entry.id].append(row)
    keywords, ceiling = keyword_scores(entries, plan)
    found = []
    for entry, row, keyword in zip(entries, rows, keywords, strict=True):
        total = np.stack(articles[entry.source, entry.article_id or entry.id]).sum(axis=0, dtype=F32)
        centre = total / max(float(np.linalg.norm(total)), 1e-9)
        dense, article = np.einsum("j,j->", row, query), np.einsum("j,j->", centre, query)
        share = keyword / F32(ceiling) if ceiling > 0 else keyword
        score = F32(dense) + F32(fusion.article) * F32(article) + F32(fusion.keyword) * share
        hidden = entry.article_id in scope.exclude or (scope.ids is not None and entry.id not in scope.ids)
        if scope.allows(entry.source, entry.audience) and not hidden:
            found.append((-np.round(F32(score), 6), entry.id, float(score), float(dense), float(keyword)))
    return [(name, score, dense, keyword) for _, name, score, dense, keyword in sorted(found)]


def made(chooser: random.Random, numbers: np.random.Generator, name: str) -> Entry:
    """Make an entry: its vector one of a few, or nearly one of them, or zeros, or none at all."""
    base = np.zeros(DIMENSIONS, F32)
    base[chooser.randrange(4) :: 5] = chooser.choice((0.4, 0.41, -0.2))
    noise = numbers.standard_normal(DIMENSIONS).astype(F32) * F32(chooser.choice((0, 1e-4, 3e-3, 0.3)))
    vector = chooser.choice((base + noise, base + noise, base + noise, base, base * 0, None))
    return Entry(
        name,
        (text := " ".join(chooser.choices(WORDS, k=chooser.choice((0, 1, 1, 4, 9))))),
        text,
        title=chooser.choice(WORDS),
        source=chooser.choice("xxxy"),
        article_id=f"article {chooser.randrange(12)}",
        audience=frozenset(chooser.sample(["public", "team"], chooser.choice((1, 1, 1, 2)))),
        vector=vector,
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.integers(8, 160), st.sampled_from([1, 2, 8, 30]))
def test_the_best_are_those_of_a_full_scan(seed: int, count: int, top_k: int) -> None:
    """After puts, replacements and removals; with ties, zero vectors, scopes, weights; with and without words."""
    chooser, numbers = random.Random(seed), np.random.default_rng(seed)
    memory, held = MemorySearch(large=chooser.choice((1, 1, 60))), {}
    for _ in range(chooser.randint(1, 3)):
        batch = [made(chooser, numbers, f"n{chooser.randrange(count)}") for _ in range(count)]
        memory.put(batch)
        held.update({entry.id: entry for entry in batch})
        gone = chooser.sample(sorted(held), len(held) // chooser.choice((3, 9, 1000)))
        memory.remove(gone)
        for name in gone:
            del held[name]
        for _ in range(2):
            vectors = numbers.standard_normal((2, DIMENSIONS)).astype(F32) * F32(chooser.choice((0.2, 1, 0)))
            keywords = ((" ".join(chooser.choices(WORDS, k=5)), 1.0), (chooser.choice(WORDS), 0.4))
            plan = QueryPlan(("", ""), (0.7, 0.3), keywords[: chooser.randint(0, 2)])
            scope = Scope(
                chooser.choice((None, frozenset({"public"}), frozenset({"team"}))),
                chooser.choice((None, None, frozenset({"x"}))),
                frozenset({f"article {n}" for n in range(chooser.choice((0, 0, 3)))}),
                chooser.choice((None, None, set(chooser.sample(sorted(held), len(held) // 2)))),
            )
            fusion = chooser.choice((BALANCED, BALANCED, BALANCED, MEANING_ALONE))
            found = memory.search(vectors, plan, scope, top_k, fusion)
            query = np.asarray(plan.weights, F32) @ vectors
            expected = plain(list(held.values()), query, plan, scope, fusion)[:top_k]
            assert [(hit.id, hit.score, hit.dense, hit.keyword) for hit in found] == expected


@pytest.mark.parametrize("top_k", [1, 4])
@pytest.mark.parametrize("noise", [1e-3, 1e-2])
def test_what_bytes_cannot_tell_apart_is_told_apart(top_k: int, noise: float) -> None:
    """Of passages that are nearly the same, more alike than a byte can say, the nearest come first all the same."""
    numbers = np.random.default_rng(3)
    base = numbers.standard_normal(DIMENSIONS).astype(F32)
    entries = [
        Entry(f"n{n}", "", "", vector=base + F32(noise) * numbers.standard_normal(DIMENSIONS).astype(F32))
        for n in range(300)
    ]
    memory = MemorySearch(large=1)
    memory.put(entries)
    plan = QueryPlan(("",), (1.0,), ())
    for _ in range(10):
        query = numbers.standard_normal(DIMENSIONS).astype(F32)
        found = memory.search(query[None], plan, Scope(), top_k)
        expected = plain(entries, query, plan, Scope(), BALANCED)[:top_k]
        assert [(hit.id, hit.score, hit.dense, hit.keyword) for hit in found] == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 3, 24, 384]), st.sampled_from([1e-6, 1.0, 1e4]))
def test_no_product_is_further_off_than_is_said(seed: int, dimensions: int, size: float) -> None:
    """Whatever the rows and the query, even where one number of a row outweighs all others."""
    numbers = np.random.default_rng(seed)
    rows = (numbers.standard_normal((50, dimensions)) ** 5 * size).astype(F32)
    rows[:5] = 0
    query = (numbers.standard_normal(dimensions) ** 3).astype(F32)
    held = QuantisedRows()
    held.make_room(64, dimensions)
    held.set(np.arange(50), rows)
    products, error = held.products(query, 50)
    true = rows.astype(np.float64) @ query.astype(np.float64)
    assert np.abs(products - true).max() <= error
    assert np.isfinite(error)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_no_vector_is_looked_at_one_by_one(broken: float) -> None:
    """A row, or a question, that is no vector leaves nothing out: there is nothing to estimate from."""
    held = QuantisedRows()
    held.make_room(4, 2)
    held.set(np.arange(2), np.ones((2, 2), F32))
    assert np.isinf(held.products(np.array([1, broken], F32), 2)[1])
    held.set(np.arange(1), np.array([[broken, 1]], F32))
    assert np.isinf(held.products(np.ones(2, F32), 2)[1])
