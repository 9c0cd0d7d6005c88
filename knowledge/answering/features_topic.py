"""The gate's features about the topic of a question: whether the article found is about that very thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from knowledge.answering.gate_opposites import asks_the_opposite
from knowledge.answering.gate_support import support_for, topic_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.answering.gate_words import WordVectors
    from knowledge.models import ScoredPassage


def topic_features(
    question: str, passages: Sequence[ScoredPassage], texts: Sequence[str], vectors: WordVectors
) -> dict[str, float]:
    """Give the features by name; `texts` are the passages' titles, headings and words, best first."""
    first = passages[0].passage
    own = [index for index, scored in enumerate(passages) if scored.passage.article == first.article]
    heads = [f"{s.passage.title} {' '.join(s.passage.heading_path)}" for s in passages]
    support = support_for(question, [*texts, *heads], vectors)
    gaps, everywhere = support.gaps(own), list(range(len(texts)))
    return {
        "topic_held": support.mean(own),
        "topic_first": support.mean([0]),
        "topic_any": support.mean(everywhere),
        "topic_title": support.mean([len(texts) + index for index in own]),
        "topic_worst": float(gaps.max(initial=0.0)),
        "topic_gap": float(gaps.sum()),
        "topic_sum": float((support.weights - gaps).sum()),
        "topic_unknown": float(support.gaps(everywhere).max(initial=0.0)),
        "topic_words": float(np.log1p(len(support.words))),
        **_title_asked(question, first.title, vectors),
        "opposite": float(asks_the_opposite(question, [texts[index] for index in own])),
        "articles": len({scored.passage.article for scored in passages}) / 8,
        "score_first": passages[0].score,
    }


def _title_asked(question: str, title: str, vectors: WordVectors) -> dict[str, float]:
    """Say how much of the title the question is about: "Door code" is not what "the lift code" asks for."""
    if not topic_words(title):
        return {"title_held": 0.5, "title_gap": 0.0}
    held = support_for(title, [question], vectors).of([0])
    return {"title_held": float(held.mean()), "title_gap": float((1.0 - held).sum())}
