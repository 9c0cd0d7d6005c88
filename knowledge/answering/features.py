"""What the evidence gate looks at: numbers that tell whether these passages answer this question."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from knowledge.answering.features_topic import topic_features
from knowledge.answering.scoring import asked, stem_sets
from knowledge.answering.words import clip, names, numbers, platforms, stem_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from knowledge.answering.gate_words import WordVectors
    from knowledge.answering.scoring import Asked
    from knowledge.models import Passage, ScoredPassage

_TOP = 3
_LEAD = 160
_BRIEF = 20
"""Words of a question in a sentence or two."""


def gate_features(question: str, passages: Sequence[ScoredPassage], vectors: WordVectors) -> dict[str, float]:
    """Give the gate's features by name, mostly between 0 and 1; `passages` best first, at least one."""
    question = clip(question)
    texts = [_text(scored.passage) for scored in passages]
    stems = stem_sets(texts, question)
    query = asked(question, stems)
    top = "\n".join(texts[:_TOP])
    return {
        **_similarities(passages),
        **topic_features(question, passages, texts, vectors),
        **_words(query, passages[0].passage.title, stems),
        "missing_names": _missing(names(query.text) if query.language in {None, "en"} else (), top),
        "missing_numbers": _missing(numbers(query.text), top),
        "missing_platform": _missing_platform(query, passages),
        "story": float(is_story(query.text)),
        "length": math.log1p(len(query.weights)),
    }


def is_story(question: str) -> bool:
    """Whether somebody tells what happened, rather than asks in a sentence: most of the words are not the topic."""
    return "\n\n" in question.strip() or len(question.split()) > _BRIEF


def _text(passage: Passage) -> str:
    return f"{passage.title}\n{' '.join(passage.heading_path)}\n{passage.text}"


def _similarities(passages: Sequence[ScoredPassage]) -> dict[str, float]:
    first = passages[0]
    dense = max(passages, key=lambda scored: scored.dense)
    keyword = max(passages, key=lambda scored: scored.keyword)
    others = [s.dense for s in passages if s.passage.article != dense.passage.article]
    return {
        "dense": dense.dense,
        "dense_first": first.dense,
        "margin": dense.dense - (sum(others) / len(others) if others else 0.5 * dense.dense),
        "lift": max(first.score - first.dense, 0.0),
        "agreement": float(dense.passage.article == keyword.passage.article),
        "same_article": sum(s.passage.article == first.passage.article for s in passages) / len(passages),
    }


def _words(query: Asked, title: str, stems: Sequence[frozenset[str]]) -> dict[str, float]:
    lead = asked(query.text[:_LEAD].split("\n")[0], stems)
    titled = stem_set(title, query.language)
    return {
        "covered_first": query.covered_by(stems[0]),
        "covered_top": query.covered_by(frozenset[str]().union(*stems[:_TOP])),
        "covered_lead": lead.covered_by(stems[0]),
        "title_asked": len(titled.intersection(query.weights)) / len(titled) if titled else 0.0,
    }


def _missing(wanted: frozenset[str] | tuple[()], text: str) -> float:
    """Give the share of the wanted words that the text lacks; 0 when none are wanted."""
    held = text.casefold()
    return sum(word not in held for word in wanted) / len(wanted) if wanted else 0.0


def _missing_platform(query: Asked, passages: Sequence[ScoredPassage]) -> float:
    """Give 1 when the question names a platform and the top passages are about others."""
    wanted = platforms(query.text)
    if not wanted:
        return 0.0
    spoken = [platforms(_text(scored.passage)) for scored in passages[:_TOP]]
    return float(any(spoken) and not any(wanted & named for named in spoken))
