"""The gate's features about the topic of a question: whether the article found is about that very thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from knowledge.answering.gate_opposites import asks_the_opposite
from knowledge.answering.gate_support import support_for, topic_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.answering.gate_support import Support
    from knowledge.answering.gate_words import WordVectors
    from knowledge.models import ScoredPassage


_WHOLE = 0.97
_WHO_DID = re.compile(
    r"^\W*(?:who (?:(?:has|have|just|last|already) )*(?:\w{2,}ed|made|sent|took|did|wrote|gave|put)\b"
    r"|wer hat .*\w{5,}t\b|qui a \w+é)",
    re.IGNORECASE,
)
_RECORDS = re.compile(
    r"\b(?:audit|logs?|history|record(?:ed|s)|protokoll|verlauf|journal|historique)\b", re.IGNORECASE
)
"""Where it is written down who did what."""


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
        **_alone(support, passages, own),
        **_title_asked(question, first.title, vectors),
        "asks_who_did": float(_asks_who_did(question, "\n".join(texts[index] for index in own))),
        "opposite": float(asks_the_opposite(question, [texts[index] for index in own])),
        "articles": len({scored.passage.article for scored in passages}) / 8,
        "score_first": passages[0].score,
    }


def _alone(support: Support, passages: Sequence[ScoredPassage], own: Sequence[int]) -> dict[str, float]:
    """Say how much of the topic the other articles hold too: what many hold does not tell them apart."""
    first = passages[0].passage.article
    others = [
        [index for index, scored in enumerate(passages) if scored.passage.article == article]
        for article in dict.fromkeys(scored.passage.article for scored in passages)
        if article != first
    ]
    total = float(support.weights.sum()) or 1.0
    shares = np.mean([support.of(other) for other in others], axis=0) if others else 0.0
    telling = support.weights * support.of(own) * (1.0 - shares)
    second = max((support.mean(other) for other in others), default=0.0)
    return {
        "topic_lead": support.mean(own) - second,
        "topic_telling": float(telling.sum()) / total,
        "topic_rarest": float(telling.max(initial=0.0)),
        "topic_whole": float(support.mean(own) > _WHOLE),
    }


def _title_asked(question: str, title: str, vectors: WordVectors) -> dict[str, float]:
    """Say how much of the title the question is about: "Door code" is not what "the lift code" asks for."""
    if not topic_words(title):
        return {"title_held": 0.5, "title_gap": 0.0}
    held = support_for(title, [question], vectors).of([0])
    return {"title_held": float(held.mean()), "title_gap": float((1.0 - held).sum())}


def _asks_who_did(question: str, text: str) -> bool:
    """Whether a deed's doer is asked for ("who deleted a project?") and the text does not tell of records."""
    return bool(_WHO_DID.match(question)) and not _RECORDS.search(text)
