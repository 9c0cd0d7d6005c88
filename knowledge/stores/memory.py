"""Search over passages held in memory: a matrix of vectors and BM25 postings, filtered first and then fused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.stores.analysis import Analyzer, common_terms, stemmer_language
from knowledge.stores.entries import Entry, Hit, Scope, Vectors
from knowledge.stores.fusion import BALANCED, Fusion
from knowledge.stores.postings import Postings, weighted_counts
from knowledge.stores.ranking import best, promising
from knowledge.stores.vectors import PassageVectors, grown
from knowledge.stores.vocabulary import Vocabulary
from knowledge.stores.vocabulary_spelling import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from knowledge.stores.query import QueryPlan

TITLE_WEIGHT = 3.0
HEADING_WEIGHT = 2.0
LARGE = 8_000
_FEW_IN_SIGHT = 8
"""One slot in so many, or fewer: these are computed without estimates."""
_MOST_MASKS = 16
_SHARES = 1e-6
"""More than what rounding can move a share of the BM25 ceiling by."""


class MemorySearch:
    """Entries in slots of growing arrays. Not safe for several threads at once; its owner holds a lock."""

    def __init__(self, large: int = LARGE) -> None:
        """From `large` slots on a search estimates all and computes those exactly that can be among the best."""
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
        self._alive: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._vectors = PassageVectors(large)
        self._masks: dict[object, NDArray[np.bool_]] = {}

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._slot_of

    @property
    def dimensions(self) -> int:
        """The length of the vectors; 0 before the first."""
        return self._vectors.dimensions

    def put(self, entries: Iterable[Entry]) -> None:
        """Add entries; one with a known id takes the old one's place.

        Of one that says what the old one said (`says`) the words are not read again: an article that changes in one
        place, or in its revision only, costs no more than that.
        """
        self._masks.clear()
        added = {entry.id: entry for entry in entries}
        same = {known for known, entry in added.items() if self.says(entry)}
        touched = {number for known in same for number in self._replace(self._slot_of[known], added[known])}
        fresh = [entry for known, entry in added.items() if known not in same]
        self.remove([entry.id for entry in fresh])
        touched.update(self._put(entry) for entry in fresh)
        self._settle(touched)

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
        before, vector = self._vectors.article(slot), self._vectors.row(slot)
        self._leave(slot)
        article = self._place(entry, slot)
        self._vectors.put(slot, entry.vector)
        moved = article != before or not np.array_equal(vector, self._vectors.row(slot))
        return {before, article} if moved else set()

    def _leave(self, slot: int) -> None:
        """Undo `_place`."""
        self._vectors.leave(slot)
        self._alive[slot] = False
        self._slots_of_article[self._article_ids[slot]].discard(slot)
        self._languages[self._language_of[slot]] -= 1
        self._texts[slot] = self._payloads[slot] = ""

    def remove(self, ids: Iterable[str]) -> None:
        """Take entries out; unknown ids are passed over."""
        slots = [self._slot_of.pop(known) for known in dict.fromkeys(ids) if known in self._slot_of]
        self._postings.remove(slots)
        touched = self._vectors.articles(slots)
        for slot in slots:
            self._leave(slot)
        self._free.extend(slots)
        self._settle(touched)

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
        self._vectors.put_all(vectors)
        self._free = [slot for slot in self._free if slot not in vectors]
        self._postings.remove(self._free)
        self._settle(self._vectors.articles(list(vectors)))

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
        keyword, ceiling = self._keyword(plan)
        if vectors is None:
            mask = mask & (keyword > 0)
        query = self._vectors.query(vectors, plan.weights)
        slots = self._candidates(query, mask, (keyword, ceiling), top_k, fusion)
        dense, article = self._vectors.cosines(query, slots, len(mask))
        keyword = keyword[slots]
        scores = fusion.scores(dense, article, keyword, ceiling)
        return [
            Hit(
                self._ids[slots[place]],
                self._texts[slots[place]],
                self._payloads[slots[place]],
                float(scores[place]),
                float(dense[place]),
                float(keyword[place]),
            )
            for place in best(scores, slots, self._ids, top_k)
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
        self._vectors.put(slot, entry.vector)
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
        self._alive[slot] = True
        return self._vectors.join(key, slot)

    def _new_slot(self) -> int:
        slot = len(self._ids)
        for values in (self._ids, self._texts, self._payloads, self._article_ids, self._language_of):
            values.append("")
        self._heads.append(0)
        if slot >= len(self._alive):
            size = max(1024, slot + slot // 2)
            self._alive = grown(self._alive, size)
            self._group_of = grown(self._group_of, size)
            self._vectors.make_room(size)
        return slot

    def _settle(self, articles: set[int]) -> None:
        """Do what follows from a change of entries; the centres of `articles` may have moved."""
        self._masks.clear()
        self._vectors.settle(articles, self._ids)

    def _mask(self, scope: Scope) -> NDArray[np.bool_]:
        """Give which slots are in scope; not to be written to."""
        mask = self._visible(scope)
        if scope.exclude or scope.ids is not None:
            mask = mask.copy()
        for article_id in scope.exclude:
            mask[list(self._slots_of_article.get(article_id, ()))] = False
        if scope.ids is not None:
            chosen = np.zeros(len(mask), np.bool_)
            chosen[[self._slot_of[known] for known in scope.ids if known in self._slot_of]] = True
            mask &= chosen
        return mask

    def _visible(self, scope: Scope) -> NDArray[np.bool_]:
        """Give which slots the audience and the sources of a scope let through; kept until an entry changes."""
        key = (scope.audience, scope.sources)
        mask = self._masks.get(key)
        if mask is None:
            size = len(self._ids)
            allowed = np.array([scope.allows(*group) for group in self._groups] or [False], np.bool_)
            if len(self._masks) >= _MOST_MASKS:
                self._masks.clear()
            mask = self._masks[key] = self._alive[:size] & allowed[self._group_of[:size]]
        return mask

    def _candidates(
        self,
        query: Vectors | None,
        mask: NDArray[np.bool_],
        keyword: tuple[Vectors, float],
        top_k: int,
        fusion: Fusion,
    ) -> NDArray[np.intp]:
        """Give the slots that are worth an exact look: the best `top_k`, and what equals them, are among these."""
        few = np.count_nonzero(mask) * _FEW_IN_SIGHT < len(mask)
        estimated = None if few else self._vectors.estimates(query, len(mask), fusion.article)
        if estimated is None:
            return np.flatnonzero(mask)
        estimates, error = estimated
        scores, ceiling = keyword
        if ceiling > 0:
            estimates += scores * np.float32(fusion.keyword / ceiling)
        return promising(estimates, mask, error + abs(fusion.keyword) * _SHARES, top_k)

    def _keyword(self, plan: QueryPlan) -> tuple[Vectors, float]:
        """Give BM25 scores of all slots and the score that a perfect match would have."""
        weights: dict[str, float] = {}
        for text, weight in plan.keywords:
            for language in sorted(language for language, count in self._languages.items() if count):
                for term in dict.fromkeys(self._analyzer.terms(text, language)):
                    weights[term] = max(weights.get(term, 0.0), weight)
        return self._postings.scores(weights, len(self._ids))
