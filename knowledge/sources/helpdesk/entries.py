"""An entry of a helpdesk's listing, and how it becomes an Article."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Final

from knowledge.errors import ArticleError
from knowledge.models import Article, revision_of
from knowledge.sources.convert import DocumentConverter, DocumentKind
from knowledge.sources.markdown import take_title
from knowledge.sources.text import clean_text, one_line, parse_language, web_address

if TYPE_CHECKING:
    from datetime import datetime

_READING_VERSION: Final = 2
"""Moves when the same entry comes to another article; every article is then read again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a listing says of one article.

    `html` is its body where the listing has it, else None: then `stamp` must change with the body. `stamp` is
    the helpdesk's own version of whatever the other fields do not say.
    """

    id: str
    title: str
    audience: frozenset[str]
    html: str | None = None
    url: str | None = None
    updated_at: datetime | None = None
    language: str | None = None
    labels: tuple[str, ...] = ()
    stamp: str = ""

    @property
    def revision(self) -> str:
        """The revision of the article that this entry becomes, without its body being fetched."""
        body = None if self.html is None else hashlib.sha256(self.html.encode("utf-8", "replace")).hexdigest()
        return revision_of(
            _READING_VERSION,
            _converter_version(),
            self.title,
            self.audience,
            body,
            self.url,
            self.updated_at,
            self.language,
            self.labels,
            self.stamp,
        )


@lru_cache
def _converter_version() -> str:
    return metadata.version("markitdown")


@dataclass(frozen=True, slots=True)
class Body:
    """The body of an article: HTML, and Markdown that follows it, such as the text of attachments."""

    html: str
    appendix: str = ""


async def finished(source: str, entry: Entry, body: Body, converter: DocumentConverter) -> Article:
    """Make the article of an entry; raises ArticleError that names it."""
    name = f"{source}/{entry.id}"
    title = one_line(entry.title)
    if not title:
        raise ArticleError(f"{name}: has no title; give it one in the helpdesk")
    converted = await converter.convert(
        DocumentKind.HTML, name, clean_text(body.html).encode("utf-8"), entry.url, fragment=True
    )
    _, text = take_title(clean_text(converted.markdown), title)
    text = "\n\n".join(part for part in (text.strip("\n"), body.appendix.strip("\n")) if part.strip())
    if not text.strip():
        raise ArticleError(f"{name}: “{title}” has no text; write some in the helpdesk, or unpublish it")
    return Article(
        source=source,
        id=entry.id,
        title=title,
        body=text + "\n",
        revision=entry.revision,
        audience=entry.audience,
        url=web_address(entry.url),
        updated_at=entry.updated_at,
        language=parse_language(entry.language),
        labels=entry.labels,
    )
