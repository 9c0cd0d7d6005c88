"""Search over passages held in memory: a matrix of vectors and BM25 postings, filtered first and then fused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from knowledge.stores.analysis import Analyzer, common_terms, stemmer_language
from knowledge.stores.centres import ArticleCentres
from knowledge.stores.entries import Entry, Hit, Scope, Vectors
from knowledge.stores.fusion import BALANCED, Fusion
from knowledge.stores.postings import Postings, weighted_counts
from knowledge.stores.vocabulary import Vocabulary
from knowledge.stores.vocabulary_spelling import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from knowledge.stores.query import QueryPlan

TITLE_WEIGHT = 3.0
HEADING_WEIGHT = 2.0

_Kind = TypeVar("_Kind", bound=np.generic)


class MemorySearch:
    """Entries in slots of growing arrays. Not safe for several threads at once; its owner holds a lock."""

    def __init__(self) -> None:
        self._analyzer = Analyzer()
        self._postings = Postings(common_terms(self._analyzer))
        self._slot_of: dict[str, int] = {}
        self._slots_of_article: dict[str, set[int]] = {}
        self._free: list[int] = []
        self._ids: list[str] = []
        self._texts: list[str] = []
        self._payloads: list[str] = []
        self._heads: list[int] = []
        self._article_ids: list[str] = []
        self._languages: Counter[str] = Counter()
        self._language_of: list[str] = []
        self._groups: dict[tuple[str, frozenset[str]], int] = {}
        self._group_of: NDArray[np.int32] = np.zeros(0, np.int32)
        self._centres = ArticleCentres()
        self._article_of: NDArray[np.int32] = np.zeros(0, np.int32)
        self._alive: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._matrix: Vectors = np.zeros((0, 0), np.float32)

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._slot_of

    @property
    def dimensions(self) -> int:
        """The length of the vectors; 0 before the first."""
        return int(self._matrix.shape[1])

    def put(self, entries: Iterable[Entry]) -> None:
        """Add entries; one with a known id takes the old one's place.

        Of one that says what the old one said (`says`) the words are not read again: an article that changes in one
        place, or in its revision only, costs no more than that.
        """
        added = {entry.id: entry for entry in entries}
        same = {known for known, entry in added.items() if self.says(entry)}
        touched = {number for known in same for number in self._replace(self._slot_of[known], added[known])}
        fresh = [entry for known, entry in added.items() if known not in same]
        self.remove([entry.id for entry in fresh])
        touched.update(self._put(entry) for entry in fresh)
        self._centres.update(touched, self._matrix, self._ids)

    def says(self, entry: Entry) -> bool:
        """Whether the entry of this id has the same text, title, headings and language: its words need not be given."""
        slot = self._slot_of.get(entry.id)
        return (
            slot is not None
            and self._texts[slot] == entry.text
            and self._heads[slot] == entry.head
            and self._language_of[slot] == stemmer_language(entry.language)
        )

    def _replace(self, slot: int, entry: Entry) -> set[int]:
        """Put an entry in the place of one that `says` the same; give the articles whose centres move."""
        before, vector = int(self._article_of[slot]), self._matrix[slot].copy()
        self._leave(slot)
        article = self._place(entry, slot)
        self._set_vector(slot, entry.vector)
        moved = article != before or not np.array_equal(vector, self._matrix[slot])
        return {before, article} if moved else set()

    def _leave(self, slot: int) -> None:
        """Undo `_place`."""
        self._centres.discard(int(self._article_of[slot]), slot)
        self._alive[slot] = False
        self._slots_of_article[self._article_ids[slot]].discard(slot)
        self._languages[self._language_of[slot]] -= 1
        self._texts[slot] = self._payloads[slot] = ""

    def remove(self, ids: Iterable[str]) -> None:
        """Take entries out; unknown ids are passed over."""
        slots = [self._slot_of.pop(known) for known in dict.fromkeys(ids) if known in self._slot_of]
        self._postings.remove(slots)
        touched = {int(self._article_of[slot]) for slot in slots}
        for slot in slots:
            self._leave(slot)
        self._free.extend(slots)
        self._centres.update(touched, self._matrix, self._ids)

    def freeze(self) -> tuple[list[str], dict[str, NDArray[Any]]]:
        """Give the ids of all entries and the postings over them, which take longest to make; see `thaw`."""
        ids = sorted(self._slot_of)
        return ids, self._postings.freeze(np.array([self._slot_of[known] for known in ids], np.int32))

    def thaw(self, ids: Sequence[str], arrays: Mapping[str, NDArray[Any]], entries: Iterable[Entry]) -> None:
        """Hold `entries`, whose words are not read: they are in what `freeze` gave, under these ids.

        Ids without an entry are dropped. Only where nothing was put yet. Raises ValueError, KeyError for what does not
        fit together; then this search is of no use.
        """
        slots = {known: slot for slot, known in enumerate(ids)}
        for _ in ids:
            self._new_slot()
        self._postings.thaw(arrays)
        self._free = list(slots.values())[::-1]
        vectors: dict[int, Vectors | None] = {}
        for entry in entries:
            vectors[slots[entry.id]] = entry.vector
            self._place(entry, slots[entry.id])
        self._set_vectors(vectors)
        self._free = [slot for slot in self._free if slot not in vectors]
        self._postings.remove(self._free)
        self._centres.update(set(self._article_of[list(vectors)].tolist()), self._matrix, self._ids)

    def _set_vectors(self, vectors: Mapping[int, Vectors | None]) -> None:
        """Copy all rows at once."""
        known = {slot: vector for slot, vector in vectors.items() if vector is not None}
        if known:
            rows = np.stack(list(known.values()))
            self._set_vector(next(iter(known)), rows[0])
            self._matrix[list(known)] = rows

    def items(self) -> list[tuple[str, str, str]]:
        """Give id, text and payload of every entry, by id."""
        return [
            (known, self._texts[slot], self._payloads[slot]) for known, slot in sorted(self._slot_of.items())
        ]

    def items_of(self, article_id: str) -> list[tuple[str, str, str]]:
        """Give the same of the entries of an article, whatever their source."""
        slots = sorted(self._slots_of_article.get(article_id, ()), key=self._ids.__getitem__)
        return [(self._ids[slot], self._texts[slot], self._payloads[slot]) for slot in slots]

    def search(
        self, vectors: Vectors | None, plan: QueryPlan, scope: Scope, top_k: int, fusion: Fusion = BALANCED
    ) -> list[Hit]:
        """Give the best `top_k` entries in scope, best first, ties by id.

        `vectors` has a row for each of `plan.texts` (unit length); None searches by keywords alone.
        """
        mask = self._mask(scope)
        if top_k < 1 or not mask.any():
            return []
        dense, article = self._dense(vectors, plan.weights)
        keyword, ceiling = self._keyword(plan)
        scores = fusion.scores(dense, article, keyword, ceiling)
        if vectors is None:
            mask &= keyword > 0
        return [
            Hit(
                self._ids[slot],
                self._texts[slot],
                self._payloads[slot],
                float(scores[slot]),
                float(dense[slot]),
                float(keyword[slot]),
            )
            for slot in self._best(scores, mask, top_k)
        ]

    def held(self, words: Iterable[str], scope: Scope) -> frozenset[str]:
        """Give those of the words that stand in an entry in scope; see Vocabulary.holds."""
        languages = [language for language, count in self._languages.items() if count]
        seen = Vocabulary(self._postings, self._analyzer, languages, self._mask(scope))
        return frozenset(word for word in words if seen.holds(word))

    def respelled(self, words: Iterable[str], scope: Scope) -> dict[str, str]:
        """Give, for those of the words that are misspelt words of entries in scope, these; see Spelling.repaired."""
        languages = [language for language, count in self._languages.items() if count]
        seen = Spelling(
            self._postings, self._analyzer, languages, self._mask(scope), self._readable, ids=self._ids
        )
        repaired = ((word, seen.repaired(word)) for word in words)
        return {word: written for word, written in repaired if written is not None}

    def _readable(self, slot: int) -> str:
        return f"{self._texts[slot]}\n{self._payloads[slot]}"

    def _put(self, entry: Entry) -> int:
        """Fill a slot and give the number of its article."""
        slot = self._free.pop() if self._free else self._new_slot()
        article = self._place(entry, slot)
        self._set_vector(slot, entry.vector)
        language = self._language_of[slot]
        fields = ((entry.words, 1.0), (entry.title, TITLE_WEIGHT), (entry.headings, HEADING_WEIGHT))
        terms = weighted_counts((self._analyzer.terms(text, language), weight) for text, weight in fields)
        self._postings.add(slot, terms)
        return article

    def _place(self, entry: Entry, slot: int) -> int:
        """Note all of an entry but its words and its vector, and give the number of its article."""
        language = stemmer_language(entry.language)
        self._slot_of[entry.id] = slot
        self._ids[slot], self._texts[slot], self._payloads[slot] = entry.id, entry.text, entry.payload
        self._article_ids[slot], self._language_of[slot] = entry.article_id, language
        self._heads[slot] = entry.head
        self._slots_of_article.setdefault(entry.article_id, set()).add(slot)
        self._languages[language] += 1
        group = (entry.source, entry.audience)
        self._group_of[slot] = self._groups.setdefault(group, len(self._groups))
        key = (entry.source, entry.article_id) if entry.article_id else ("", entry.id)
        article = self._article_of[slot] = self._centres.add(key, slot)
        self._alive[slot] = True
        return int(article)

    def _new_slot(self) -> int:
        slot = len(self._ids)
        for values in (self._ids, self._texts, self._payloads, self._article_ids, self._language_of):
            values.append("")
        self._heads.append(0)
        if slot >= len(self._alive):
            size = max(1024, slot + slot // 2)
            self._alive = _grown(self._alive, size)
            self._group_of = _grown(self._group_of, size)
            self._article_of = _grown(self._article_of, size)
            self._matrix = _grown(self._matrix, size)
        return slot

    def _set_vector(self, slot: int, vector: Vectors | None) -> None:
        if vector is not None and self._matrix.shape[1] == 0:
            self._matrix = np.zeros((len(self._alive), len(vector)), np.float32)
        self._matrix[slot] = 0.0 if vector is None else vector

    def _mask(self, scope: Scope) -> NDArray[np.bool_]:
        size = len(self._ids)
        allowed = np.array([scope.allows(*group) for group in self._groups] or [False], np.bool_)
        mask: NDArray[np.bool_] = self._alive[:size] & allowed[self._group_of[:size]]
        for article_id in scope.exclude:
            mask[list(self._slots_of_article.get(article_id, ()))] = False
        if scope.ids is not None:
            chosen = np.zeros(size, np.bool_)
            chosen[[self._slot_of[known] for known in scope.ids if known in self._slot_of]] = True
            mask &= chosen
        return mask

    def _dense(self, vectors: Vectors | None, weights: Sequence[float]) -> tuple[Vectors, Vectors]:
        """Give the cosines of all slots, and those of their articles."""
        size = len(self._ids)
        if vectors is None or self._matrix.shape[1] == 0:
            return np.zeros(size, np.float32), np.zeros(size, np.float32)
        # Cosines are linear in the query, so weighing the vectors first costs one product in place of several.
        query = np.asarray(weights, np.float32) @ np.atleast_2d(vectors)
        # Not `@`: bound by memory, BLAS is no quicker here, and its threads stall one another on a busy machine.
        cosines: Vectors = np.einsum("ij,j->i", self._matrix[:size], query)
        return cosines, self._centres.cosines(query)[self._article_of[:size]]

    def _keyword(self, plan: QueryPlan) -> tuple[Vectors, float]:
        """Give BM25 scores of all slots and the score that a perfect match would have."""
        weights: dict[str, float] = {}
        for text, weight in plan.keywords:
            for language in sorted(language for language, count in self._languages.items() if count):
                for term in dict.fromkeys(self._analyzer.terms(text, language)):
                    weights[term] = max(weights.get(term, 0.0), weight)
        return self._postings.scores(weights, len(self._ids)), self._postings.ceiling(weights)

    def _best(self, scores: Vectors, mask: NDArray[np.bool_], top_k: int) -> list[int]:
        slots = np.flatnonzero(mask)
        # Rounded, so that the last bits of a sum do not decide between equals.
        rounded = np.round(scores[slots], 6)
        if len(slots) > top_k:
            threshold = np.partition(rounded, len(slots) - top_k)[len(slots) - top_k]
            kept = rounded >= threshold
            slots, rounded = slots[kept], rounded[kept]
        order = sorted(
            zip((-rounded).tolist(), (self._ids[slot] for slot in slots), slots.tolist(), strict=True)
        )
        return [slot for _, _, slot in order[:top_k]]


def _grown(values: NDArray[_Kind], size: int) -> NDArray[_Kind]:
    grown = np.zeros((size, *values.shape[1:]), values.dtype)
    grown[: len(values)] = values
    return grown
