"""Articles by what somebody typed so far, or mistyped. Pure."""

# ruff: noqa: PLC0415 - rapidfuzz is loaded when somebody mistypes
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from knowledge.library import ArticleSummary

_LIKELY = 60.0


def nearest_articles(typed: str, articles: Iterable[ArticleSummary], limit: int) -> list[ArticleSummary]:
    """Give the articles whose title or id is like `typed`, the likest first; for nothing typed by title."""
    from rapidfuzz import utils

    wanted = utils.default_process(typed)
    if not wanted:
        return sorted(articles, key=lambda article: (article.title.casefold(), article.ref))[:limit]
    scored = [(_likeness(wanted, article), article) for article in articles]
    likely = [(score, article) for score, article in scored if score >= _LIKELY]
    likely.sort(key=lambda pair: (-pair[0], pair[1].title.casefold(), pair[1].ref))
    return [article for _, article in likely[:limit]]


def _likeness(wanted: str, article: ArticleSummary) -> float:
    from rapidfuzz import utils

    names = (article.title, article.id, str(article.ref))
    return max(_score(wanted, utils.default_process(name)) for name in names)


def _score(wanted: str, name: str) -> float:
    from rapidfuzz import fuzz

    if not name:
        return 0.0
    if name.startswith(wanted):
        return 200.0
    if wanted in name:
        return 150.0
    return max(fuzz.ratio(wanted, name), fuzz.partial_ratio(wanted, name) - 10 if len(wanted) > 3 else 0.0)  # noqa: PLR2004 - of fewer letters every title has some
