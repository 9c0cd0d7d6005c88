"""BM25 over postings in memory that are updated in place."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from knowledge.stores.term_index import TermIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_MOST_QUERY_TERMS = 128
_FEW = 500
"""Slots: more are taken out of each term's list at once."""
_SHORT = 64
_COLUMN_FROM = 12
"""A term that one slot in so many holds, or more, is read quicker slot by slot than from its list."""
_MOST_COLUMN_BYTES = 24 * 2**20
_BYTE = 255

K1 = 1.2
B = 0.6
PRIOR_PASSAGES = 200
PRIOR_COMMON = 60
"""As if 200 passages more had been seen, of which 60 held each common word: in a help centre of a few articles counts
alone say nothing about how much a word tells, in one of thousands these change nothing."""


class Postings:
    """Which slots hold which terms and how often; a slot is a small integer that its owner may use again.

    The score is BM25 (Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009) with
    idf = ln(1 + (N - df + 0.5) / (df + 0.5)), N and df with a prior. Frequencies may be fractions, so that
    fields can weigh differently.
    """

    def __init__(self, common: Collection[str] = ()) -> None:
        """Start empty; `common` are terms that tell nothing in any article, such as "the"."""
        self._common = frozenset(common)
        self._common_ids: set[int] = set()
        self._ids: dict[str, int] = {}
        self.like = TermIndex(self._ids)
        self._slots: list[array[int]] = []
        self._frequencies: list[array[float]] = []
        self._terms_of: dict[int, array[int]] = {}
        self._lengths: NDArray[np.float32] = np.zeros(1024, np.float32)
        self._total_length = 0.0
        self._norms: NDArray[np.float32] | None = None
        self._columns: dict[int, NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return len(self._terms_of)

    def add(self, slot: int, frequencies: Mapping[str, float]) -> None:
        """Put the terms of a slot that holds none."""
        ids = array("i")
        for term, frequency in frequencies.items():
            number = self._ids.get(term)
            if number is None:
                number = self._ids[term] = len(self._slots)
                self._slots.append(array("i"))
                self._frequencies.append(array("f"))
                if term in self._common:
                    self._common_ids.add(number)
            self._slots[number].append(slot)
            self._frequencies[number].append(frequency)
            self._note(number, slot, frequency)
            ids.append(number)
        self._terms_of[slot] = ids
        self._set_length(slot, sum(frequencies.values()))

    def remove(self, slots: Sequence[int]) -> None:
        """Take the terms of slots out; slots without terms are passed over."""
        held = [slot for slot in slots if slot in self._terms_of]
        if len(held) <= _FEW:
            for slot in held:
                for number in self._terms_of.pop(slot):
                    self._drop(number, slot)
                self._set_length(slot, 0.0)
            return
        gone = np.zeros(len(self._lengths), np.bool_)
        gone[held] = True
        touched: set[int] = set()
        for slot in held:
            touched.update(self._terms_of.pop(slot))
            self._set_length(slot, 0.0)
        for number in touched:
            self._keep(number, gone)

    def freeze(self, order: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
        """Give all of it as arrays, for `thaw`; the slot `order[n]` becomes n, and slots that are not there go."""
        places = np.full(len(self._lengths) + 1, -1, np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        sizes = np.fromiter((len(slots) for slots in self._slots), np.int64, len(self._slots))
        slots = places[np.frombuffer(b"".join(slots.tobytes() for slots in self._slots), np.int32)]
        frequencies = np.frombuffer(b"".join(held.tobytes() for held in self._frequencies), np.float32)
        terms = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        kept = slots >= 0
        words = "\n".join(self._ids).encode("utf-8", "surrogatepass")
        return {
            "terms": terms[kept],
            "slots": slots[kept],
            "frequencies": frequencies[kept],
            "lengths": self._lengths[order],
            "words": np.frombuffer(words, np.uint8),
        }

    def thaw(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Become what `freeze` gave; only where nothing was added yet. Raises ValueError for what does not fit."""
        terms, slots, lengths = arrays["terms"], arrays["slots"], arrays["lengths"]
        words = arrays["words"].tobytes().decode("utf-8", "surrogatepass").split("\n")
        self._ids.update((word, number) for number, word in enumerate(words))
        if len(self._ids) != len(words) or not len(terms) == len(slots) == len(arrays["frequencies"]):
            raise ValueError("these are not the arrays of one index")
        self._common_ids.update(self._ids[word] for word in self._common if word in self._ids)
        ends = np.cumsum(np.bincount(terms, minlength=len(words)))[:-1]
        self._slots = [array("i", part.tobytes()) for part in np.split(slots, ends)]
        self._frequencies = [array("f", part.tobytes()) for part in np.split(arrays["frequencies"], ends)]
        by_slot = np.argsort(slots, kind="stable")
        stops = np.cumsum(np.bincount(slots, minlength=len(lengths)))[:-1]
        parts = np.split(terms[by_slot], stops)
        self._terms_of = {slot: array("i", part.tobytes()) for slot, part in enumerate(parts)}
        self._lengths = np.concatenate([lengths, np.zeros(1024, np.float32)])
        self._total_length = float(lengths.sum(dtype=np.float64))
        self._norms = None

    def scores(self, weights: Mapping[str, float], size: int) -> tuple[NDArray[np.float32], float]:
        """Give the BM25 score of slots 0 to `size` (exclusive) for query terms with their weights.

        With it comes the score that nothing can exceed: every query term, as often as one likes.
        Of a very long question the terms that tell most count.
        """
        scores: NDArray[np.float32] = np.zeros(size, np.float32)
        norms = self._current_norms()
        telling = self._telling(weights)
        columns: list[tuple[NDArray[np.uint8], np.float32]] = []
        for number, weight in telling:
            factor = np.float32(weight * (K1 + 1))
            column = self._column(number, size)
            if column is not None:
                columns.append((column, factor))
                continue
            _add_columns(scores, columns, norms)
            columns.clear()
            slots = np.frombuffer(self._slots[number], np.int32).astype(np.intp)
            frequencies = np.frombuffer(self._frequencies[number], np.float32)
            scores[slots] += frequencies * factor / (frequencies + norms[slots])
        _add_columns(scores, columns, norms)
        return scores, (K1 + 1) * sum(weight for _, weight in telling)

    def _column(self, number: int, size: int) -> NDArray[np.uint8] | None:
        """Give how often each slot holds a term that many hold; None for others, and where bytes cannot say it."""
        slots = self._slots[number]
        if len(slots) * _COLUMN_FROM < size:
            return None
        column = self._columns.get(number)
        if column is not None and len(column) >= size:
            return column
        frequencies = np.frombuffer(self._frequencies[number], np.float32)
        if len(self._lengths) < size or frequencies.max() > _BYTE or (frequencies % 1).any():
            return None
        self._columns.pop(number, None)
        if len(self._columns) * len(self._lengths) >= _MOST_COLUMN_BYTES:
            del self._columns[next(iter(self._columns))]
        column = self._columns[number] = np.zeros(len(self._lengths), np.uint8)
        column[np.frombuffer(slots, np.int32)] = frequencies
        return column

    def _note(self, number: int, slot: int, frequency: float) -> None:
        """Keep a term's column true, or give it up."""
        column = self._columns.get(number)
        if column is None:
            return
        if slot < len(column) and frequency <= _BYTE and not frequency % 1:
            column[slot] = frequency
        else:
            del self._columns[number]

    def terms(self) -> Iterable[str]:
        """Give every term ever held, those that no slot holds any more included."""
        return self._ids.keys()

    def slots_of(self, term: str) -> NDArray[np.int32]:
        """Give the slots that hold a term."""
        number = self._ids.get(term)
        return np.frombuffer(b"" if number is None else self._slots[number], np.int32)

    def _telling(self, weights: Mapping[str, float]) -> list[tuple[int, float]]:
        known = [(term, self._ids[term], weight) for term, weight in weights.items() if term in self._ids]
        weighed = [
            (-weight * self._idf(number), term, number)
            for term, number, weight in known
            if len(self._slots[number])
        ]
        # By weight and word, not by number: equal questions give equal scores to the last bit, here and wherever else
        # the same entries are held, whatever came first.
        return [(number, -weight) for weight, _, number in sorted(weighed)[:_MOST_QUERY_TERMS]]

    def _idf(self, number: int) -> float:
        count = len(self._slots[number]) + PRIOR_COMMON * (number in self._common_ids)
        return float(np.log1p((len(self) + PRIOR_PASSAGES - count + 0.5) / (count + 0.5)))

    def _drop(self, number: int, slot: int) -> None:
        """Take one slot out of a term's list; the last one of it takes its place."""
        slots, frequencies = self._slots[number], self._frequencies[number]
        place = slots.index(slot) if len(slots) < _SHORT else _place_of(slot, slots)
        last, frequency = slots.pop(), frequencies.pop()
        self._note(number, slot, 0.0)
        if place < len(slots):
            slots[place], frequencies[place] = last, frequency

    def _keep(self, number: int, gone: NDArray[np.bool_]) -> None:
        slots = np.frombuffer(self._slots[number], np.int32)
        frequencies = np.frombuffer(self._frequencies[number], np.float32)
        kept = ~gone[slots]
        self._columns.pop(number, None)
        self._slots[number] = array("i", slots[kept].tobytes())
        self._frequencies[number] = array("f", frequencies[kept].tobytes())

    def _set_length(self, slot: int, length: float) -> None:
        if slot >= len(self._lengths):
            grown = np.zeros(max(slot + 1, 2 * len(self._lengths)), np.float32)
            grown[: len(self._lengths)] = self._lengths
            self._lengths = grown
        self._total_length += length - float(self._lengths[slot])
        self._lengths[slot] = length
        self._norms = None

    def _current_norms(self) -> NDArray[np.float32]:
        if self._norms is None:
            average = self._total_length / max(len(self), 1) or 1.0
            self._norms = (K1 * (1 - B + B * self._lengths / average)).astype(np.float32)
        return self._norms


def _add_columns(
    scores: NDArray[np.float32],
    columns: Sequence[tuple[NDArray[np.uint8], np.float32]],
    norms: NDArray[np.float32],
) -> None:
    """Add what terms tell of all slots, in the order of the terms; where a term is not, it adds 0."""
    size = len(scores) if columns else 0
    share, divisor = np.empty(size, np.float32), np.empty(size, np.float32)
    for column, factor in columns:
        np.copyto(share, column[:size])
        np.add(share, norms[:size], out=divisor)
        np.multiply(share, factor, out=share)
        np.divide(share, divisor, out=share)
        np.add(scores, share, out=scores)


def _place_of(slot: int, slots: array[int]) -> int:
    return int(np.flatnonzero(np.frombuffer(slots, np.int32) == slot)[0])


def weighted_counts(fields: Iterable[tuple[Iterable[str], float]]) -> dict[str, float]:
    """Sum how often each term stands in the fields, each occurrence counting as its field's weight."""
    counts: dict[str, float] = {}
    for terms, weight in fields:
        for term, count in Counter(terms).items():
            counts[term] = counts.get(term, 0.0) + weight * count
    return counts
