"""A question that was asked, as its row in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knowledge.models import PUBLIC
from knowledge.quick_json import dump_json

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.base import Address, Person
    from knowledge.models import Answer


def row_of(
    asked_at: datetime,
    address: Address,
    sender: Person,
    answer: Answer,
    audience: frozenset[str] | None,
    *,
    private: bool,
) -> dict[str, object]:
    """Give the values by column, the id aside; `audience` is the one that the answer was made for."""
    told = {
        "citations": [citation.title for citation in answer.citations],
        "cited": [_cited(citation) for citation in answer.citations],
        "timings_ms": dict(answer.timings_ms),
        "trace": dict(answer.trace),
    }
    return {
        "asked_at": asked_at.timestamp(),
        "platform": address.platform,
        "workspace": address.workspace or "",
        "channel": address.channel,
        "thread": address.thread or "",
        "person": sender.id,
        "text": answer.question,
        "audience": dump_json(None if audience is None else sorted(audience)),
        "persona": answer.persona,
        "verdict": answer.verdict.value,
        "answer_id": answer.id,
        "confidence": answer.confidence,
        "cache": answer.cache.value,
        "trace": dump_json(told, str),
        "private": int(private),
        "public": int(not private and audience == frozenset({PUBLIC})),
    }


def _cited(citation: Any) -> dict[str, Any]:
    return {
        "source": citation.source,
        "article": citation.article_id,
        "revision": citation.revision,
        "quote": citation.quote,
    }
