"""Which English words mean nearly the same: a small table of word vectors, shipped as plain numbers."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import Stemmer

from knowledge.answering.words import stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


class WordVectors:
    """Unit vectors of common English words, in the order of how common they are.

    They are what all-MiniLM-L6-v2 makes of each word alone, less the mean, in their first 64 principal components
    (`bench/word_vectors.py`). They do not depend on the desk's own embedding model.
    """

    def __init__(self, words: Sequence[str], vectors: NDArray[np.int8]) -> None:
        self._row = {word: row for row, word in enumerate(words)}
        self._row_of_stem: dict[str, int] = {}
        for row, stemmed in enumerate(Stemmer.Stemmer("english", 0).stemWords(list(words))):
            self._row_of_stem.setdefault(stemmed, row)
        known = vectors.astype(np.float32)
        self._vectors = known / np.maximum(np.linalg.norm(known, axis=1), 1.0)[:, None]

    def __len__(self) -> int:
        return len(self._row)

    def __contains__(self, word: object) -> bool:
        return word in self._row

    def rows(self) -> Iterable[tuple[str, int]]:
        """Give every word with its row, the commonest first."""
        return self._row.items()

    def row(self, word: str) -> int | None:
        """Give the row of a casefolded word, or of another with its stem; None for one that is not held."""
        found = self._row.get(word)
        return self._row_of_stem.get(stem(word)) if found is None else found

    def rarity(self, word: str) -> float:
        """Give how rare a casefolded word is, from 0 (the commonest) to 1 (not held)."""
        row = self.row(word)
        return 1.0 if row is None else float(np.log1p(row) / np.log1p(len(self._row)))

    def cosines(self, words: Sequence[int], others: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Give the cosines of rows with other rows, shape (words, others)."""
        found: NDArray[np.float32] = self._vectors.take(words, 0) @ self._vectors.take(others, 0).T
        return found


@lru_cache(maxsize=1)
def load_word_vectors() -> WordVectors:
    """Read the shipped table (some 30 ms, once a process)."""
    with files("knowledge.answering").joinpath("gate_words.npz").open("rb") as file:
        table = np.load(file, allow_pickle=False)
        return WordVectors(str(table["words"]).split(), table["vectors"])
