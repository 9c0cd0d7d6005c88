"""Answers as JSON: for `ask --json`, and for the cache."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from knowledge.models import Answer, CacheStatus, Citation, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Give the object that `ask --json` prints."""
    return {
        "answer_id": answer.id,
        "verdict": answer.verdict.value,
        "text": answer.text,
        "citations": [citation_to_json(citation) for citation in answer.citations],
        "confidence": round(answer.confidence, 4),
        "cache": answer.cache.value,
        "persona": answer.persona,
        "closest": [citation_to_json(citation) for citation in answer.closest],
        "language": answer.language,
        "timings_ms": {name: round(value, 2) for name, value in answer.timings_ms.items()},
    }


def citation_to_json(citation: Citation) -> dict[str, Any]:
    """Give a citation with its date in ISO 8601."""
    return {
        "article_id": citation.article_id,
        "source": citation.source,
        "title": citation.title,
        "url": citation.url,
        "revision": citation.revision,
        "updated_at": citation.updated_at.isoformat() if citation.updated_at else None,
        "quote": citation.quote,
    }


def citation_from_json(data: Mapping[str, Any]) -> Citation:
    """Read what `citation_to_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    updated_at = data["updated_at"]
    return Citation(
        article_id=data["article_id"],
        source=data["source"],
        title=data["title"],
        url=data["url"],
        revision=data["revision"],
        updated_at=datetime.fromisoformat(updated_at) if updated_at else None,
        quote=data["quote"],
    )


def answer_to_cache(answer: Answer) -> dict[str, Any]:
    """Give all of an answer but what belongs to one delivery of it: cache status and timings."""
    return answer_to_json(answer) | {
        "confidence": answer.confidence,
        "question": answer.question,
        "trace": dict(answer.trace),
    }


def answer_from_cache(data: Mapping[str, Any]) -> Answer:
    """Read what `answer_to_cache` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    return Answer(
        id=data["answer_id"],
        question=data["question"],
        text=data["text"],
        verdict=Verdict(data["verdict"]),
        confidence=float(data["confidence"]),
        citations=tuple(citation_from_json(entry) for entry in data["citations"]),
        closest=tuple(citation_from_json(entry) for entry in data["closest"]),
        persona=data["persona"],
        cache=CacheStatus.HIT,
        language=data["language"],
        trace=data["trace"],
    )
