"""What differs between two versions of an article, as text for a chat. Pure."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.models import Article

_MOST_LINES = 120
_TICKS = re.compile(r"`{3,}")


def as_lines(article: Article) -> list[str]:
    """Give all that an admin can change of an article, line by line."""
    return [
        f"title: {article.title}",
        f"url: {article.url or ''}",
        f"readers: {', '.join(sorted(article.audience))}",
        "",
        *article.body.strip().splitlines(),
    ]


def difference(before: Article, after: Article, names: tuple[str, str] = ("before", "after")) -> str:
    """Give a unified diff, cut after many lines; empty when nothing differs."""
    lines = list(
        difflib.unified_diff(as_lines(before), as_lines(after), names[0], names[1], n=2, lineterm="")
    )
    hidden = len(lines) - _MOST_LINES
    if hidden > 0:
        lines = [*lines[:_MOST_LINES], f"… {hidden} more lines"]
    return "\n".join(lines)


def fenced(text: str, language: str = "") -> str:
    """Give a code block that nothing inside of it ends."""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in _TICKS.findall(text))])
    return f"{fence}{language}\n{text}\n{fence}"
