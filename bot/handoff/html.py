"""Agents' answers as they come from a helpdesk's editor: HTML to CommonMark, and CommonMark to HTML for its tickets."""

from __future__ import annotations

import asyncio
import html
import re
from typing import Final

from markdownify import markdownify

from knowledge.sources.html_cleaning import clean_html

_LONGEST: Final = 200_000
_BLANK: Final = re.compile(r"\n\s*\n\s*")


async def to_text(markup: str) -> str:
    """Give the Markdown of an answer; what cannot be read as HTML comes as bare words."""
    return await asyncio.to_thread(_to_text, markup[:_LONGEST])


def _to_text(markup: str) -> str:
    try:
        page = clean_html(markup, None, whole_page=False, titled=False)
        text: str = markdownify(page.html, heading_style="ATX", bullets="-")
    except RecursionError:  # somebody nested a thousand tables
        text = re.sub(r"<[^>]*>", " ", markup)
    return _BLANK.sub("\n\n", text).strip()


def to_html(text: str) -> str:
    """Give plain text as paragraphs."""
    paragraphs = (html.escape(part).replace("\n", "<br>") for part in text.split("\n\n"))
    return "".join(f"<p>{part}</p>" for part in paragraphs)
