"""Articles as JSON, for what waits until somebody confirms it. Pure."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from knowledge.models import Article

if TYPE_CHECKING:
    from collections.abc import Mapping


def dump_article(article: Article) -> dict[str, Any]:
    """Give what `load_article` reads back to an equal article."""
    updated_at = None if article.updated_at is None else article.updated_at.isoformat()
    return asdict(article) | {
        "audience": sorted(article.audience),
        "labels": list(article.labels),
        "updated_at": updated_at,
    }


def load_article(row: Mapping[str, Any]) -> Article:
    """Read what `dump_article` wrote."""
    updated_at = row["updated_at"]
    return Article(
        **(
            dict(row)
            | {
                "audience": frozenset(row["audience"]),
                "labels": tuple(row["labels"]),
                "updated_at": None if updated_at is None else datetime.fromisoformat(updated_at),
            }
        )
    )
