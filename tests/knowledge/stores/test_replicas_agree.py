"""Two that hold the same entries agree to the last bit, whatever came first and whatever is gone again."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.stores.entries import Entry, Scope
from knowledge.stores.memory import MemorySearch
from knowledge.stores.query import QueryPlan

WORDS = [
    f"{stem}{ending}"
    for stem in ("connect", "invoice", "export", "login")
    for ending in ("", "s", "ed", "x", "y")
]
DIMENSIONS = 33


def corpus(count: int, seed: int) -> list[Entry]:
    """Make entries in a few articles; many words are as rare as one another, and some vectors are zero."""
    chooser, numbers = random.Random(seed), np.random.default_rng(seed)
    entries = []
    for number in range(count):
        vector = numbers.standard_normal(DIMENSIONS).astype(np.float32)
        vector /= np.linalg.norm(vector)
        words = " ".join(chooser.choices(WORDS, k=chooser.randint(0, 6)))
        entries.append(
            Entry(
                f"a{number % 5}#{number}",
                words,
                words,
                title=chooser.choice(WORDS),
                source="one",
                article_id=f"a{number % 5}",
                language=chooser.choice(("en", "de")),
                vector=vector if number % 7 else None,
            )
        )
    return entries


def by_another_way(entries: list[Entry], others: list[Entry], chooser: random.Random) -> MemorySearch:
    """Hold the entries after a past of its own: other entries under the same ids and others, put and taken out."""
    memory = MemorySearch()
    passing = [
        Entry(f"gone{number}", other.text, other.words, article_id="a1", source="one", vector=other.vector)
        for number, other in enumerate(others)
    ]
    replaced = [
        Entry(mine.id, other.text, other.words, vector=other.vector)
        for mine, other in zip(entries, others, strict=True)
    ]
    steps = [*passing, *replaced]
    chooser.shuffle(steps)
    memory.put(steps)
    shuffled = chooser.sample(entries, len(entries))
    half = len(shuffled) // 2
    memory.put(shuffled[:half])
    memory.remove([one.id for one in passing])
    for one in shuffled[half:]:
        memory.put([one])
    return memory


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(0, 10_000))
def test_what_came_before_does_not_show(count: int, seed: int) -> None:
    """Order, replacements and removals, and a start from a snapshot, change no bit of a score, and no repaired word."""
    chooser = random.Random(seed)
    entries = corpus(count, seed)
    first = MemorySearch()
    first.put(entries)
    second = by_another_way(entries, corpus(count, seed + 1), chooser)
    third = MemorySearch()
    third.thaw(*second.freeze(), entries)
    vectors = np.random.default_rng(seed).standard_normal((2, DIMENSIONS)).astype(np.float32)
    plan = QueryPlan(
        ("", ""), (0.5, 0.5), ((" ".join(chooser.sample(WORDS, 12)), 1.0), (" ".join(WORDS), 0.4))
    )
    misspelt = [f"{word[:2]}{word[3:]}" for word in WORDS]
    expected = first.search(vectors, plan, Scope(), count)
    for other in (second, third):
        assert other.search(vectors, plan, Scope(), count) == expected
        assert other.search(None, plan, Scope(), count) == first.search(None, plan, Scope(), count)
        assert other.items_of("a1") == first.items_of("a1")
        assert other.respelled(misspelt, Scope()) == first.respelled(misspelt, Scope())
