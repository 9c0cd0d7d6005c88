"""Finds terms like a word among tens of thousands: by how they begin or end, and by what they may be misspelt from."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

EDGE = 4
"""Letters: a word this long or longer is looked for at the edges of terms."""


class TermIndex:
    """Terms by their first and last letters, and by first letter and length; `terms` may only ever grow."""

    def __init__(self, terms: Collection[str]) -> None:
        self._terms = terms
        self._seen = 0
        self._starts: defaultdict[str, list[str]] = defaultdict(list)
        self._ends: defaultdict[str, list[str]] = defaultdict(list)
        self._sizes: defaultdict[tuple[str, int], list[str]] = defaultdict(list)

    def with_edge(self, word: str) -> Iterator[str]:
        """Give the terms that begin or end with a word of EDGE letters or more."""
        self._catch_up()
        for term in self._starts.get(word[:EDGE], ()):
            if term.startswith(word):
                yield term
        for term in self._ends.get(word[-EDGE:], ()):
            if term.endswith(word):
                yield term

    def near(self, word: str, errors: int) -> Iterator[str]:
        """Give the terms with the first letter of a word and nearly its length."""
        self._catch_up()
        for size in range(max(1, len(word) - errors), len(word) + errors + 1):
            yield from self._sizes.get((word[0], size), ())

    def _catch_up(self) -> None:
        if self._seen == len(self._terms):
            return
        for term in islice(self._terms, self._seen, None):
            if len(term) >= EDGE:
                self._starts[term[:EDGE]].append(term)
                self._ends[term[-EDGE:]].append(term)
            self._sizes[term[:1], len(term)].append(term)
        self._seen = len(self._terms)
