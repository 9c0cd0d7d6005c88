"""How a passage's meaning, its article's meaning and its keywords become one score."""

# ruff: noqa: PLC0415 - numpy is loaded with the first search, not with the cache's key
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights beside the cosine of question and passage, which counts 1.

    `article` is that of the cosine of question and article (the centre of its passages): of two passages that read
    alike, the one whose article is about the matter wins. `keyword` is that of the BM25 score as a share of what a
    passage with every term would get, so that it means the same from one question to the next.
    """

    article: float = 0.4
    keyword: float = 0.8

    def scores(self, dense: Scores, article: Scores, keyword: Scores, ceiling: float) -> Scores:
        """Give the fused score of each passage; all arrays run over the passages."""
        import numpy as np

        share = keyword / np.float32(ceiling) if ceiling > 0 else keyword
        fused: Scores = dense + np.float32(self.article) * article + np.float32(self.keyword) * share
        return fused


BALANCED = Fusion()
"""Tuned on a development set; docs/retrieval.md has the figures."""

MEANING_ALONE = Fusion(article=0.0, keyword=0.0)
