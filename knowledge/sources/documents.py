"""One document, from a file, an upload or a page, to one Article."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import stat
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urljoin

import structlog

from config.nearest import similarity
from knowledge.errors import ArticleError
from knowledge.models import PUBLIC, Article, revision_of
from knowledge.sources.convert import DocumentConverter, DocumentKind
from knowledge.sources.markdown import split_front_matter, take_title
from knowledge.sources.text import (
    checked_id,
    clean_text,
    decode_html,
    decode_text,
    one_line,
    parse_date,
    parse_labels,
    parse_language,
    web_address,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES: Final = 50_000_000
"""The largest document that is read, unless a source says otherwise."""

_READING_VERSION: Final = 2
"""Moves when the same bytes come to another article; every article is then read again."""

_TEXT_SUFFIXES: Final = {".md": "markdown", ".markdown": "markdown", ".txt": "text"}
_CONVERTED_SUFFIXES: Final = {
    ".html": DocumentKind.HTML,
    ".htm": DocumentKind.HTML,
    ".pdf": DocumentKind.PDF,
    ".docx": DocumentKind.DOCX,
}
SUFFIXES: Final = frozenset({*_TEXT_SUFFIXES, *_CONVERTED_SUFFIXES})
_LIKE_AUDIENCE: Final = 0.8


class DraftArticle(ArticleError):  # noqa: N818 - the name says the fact
    """The document says that it is not published (`draft: true`, `published: false`)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a document beside its bytes.

    `title` and `url` are an operator's and win over the document's own; `audience` is the source's, which a
    document can only narrow; `language` and `modified_at` stand in where the document says nothing.
    """

    source: str
    audience: frozenset[str]
    article_id: str | None = None
    title: str | None = None
    url: str | None = None
    base_url: str | None = None
    language: str | None = None
    modified_at: datetime | None = None
    charset: str | None = None


def kind_of(name: str) -> str:
    """Say by its suffix what a document is; raises ArticleError for one that cannot be read."""
    suffix = PurePosixPath(name).suffix.lower()
    kind = _TEXT_SUFFIXES.get(suffix) or _CONVERTED_SUFFIXES.get(suffix)
    if kind is None:
        raise ArticleError(
            f"{name}: this kind of file cannot be read; known are {', '.join(sorted(SUFFIXES))}"
        )
    return str(kind)


def is_text(name: str) -> bool:
    """Whether a document is text already, and needs no converter."""
    return PurePosixPath(name).suffix.lower() in _TEXT_SUFFIXES


def revision_for(name: str, data: bytes, facts: Facts) -> str:
    """Give a document's revision from its bytes, without converting it.

    What stands before the dash tells the document by its name, so that one that can no longer be read is
    still known.
    """
    version = "" if is_text(name) else _converter_version()
    content = revision_of(
        _READING_VERSION,
        version,
        hashlib.sha256(data).hexdigest(),
        facts.audience,
        facts.title,
        facts.url,
        facts.base_url,
        facts.language,
    )
    return f"{name_digest(name)}-{content}"


def name_digest(name: str) -> str:
    """Give the part of a revision that tells which document it is."""
    return revision_of(name)[:12]


@lru_cache
def _converter_version() -> str:
    return metadata.version("markitdown")


def article_from_text(name: str, data: bytes, facts: Facts) -> Article:
    """Make an article of Markdown or plain text; raises ArticleError that names the document."""
    text = decode_text(name, data)
    if PurePosixPath(name).suffix.lower() == ".txt":
        return _article(name, data, facts, text, {})
    document = split_front_matter(name, text)
    return _article(name, data, facts, document.body, document.fields)


async def read_article_bytes(name: str, data: bytes, facts: Facts, converter: DocumentConverter) -> Article:
    """Make an article of a document; its name's suffix decides how. Raises ArticleError naming it."""
    kind = kind_of(name)
    if is_text(name):
        return await asyncio.to_thread(article_from_text, name, data, facts)
    if kind == DocumentKind.HTML:
        content = (await asyncio.to_thread(decode_html, name, data, facts.charset)).encode()
    else:
        content = data
    converted = await converter.convert(DocumentKind(kind), name, content, facts.url or _url_of(name, facts))
    fields = {
        "title": converted.title,
        "language": converted.language,
        "url": converted.url,
        "updated_at": converted.updated_at,
    }
    return await asyncio.to_thread(_article, name, data, facts, clean_text(converted.markdown), fields)


async def read_article_file(
    path: Path,
    facts: Facts,
    converter: DocumentConverter,
    *,
    name: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> Article:
    """Make an article of a file; `name` (by default the file's) is its id and stands in messages.

    The date of a document that says none is the file's. Raises ArticleError that names the file.
    """
    name = name or path.name
    kind_of(name)
    data, modified_at = await asyncio.to_thread(read_bytes, path, name, max_bytes)
    if facts.modified_at is None:
        facts = replace(facts, modified_at=modified_at)
    return await read_article_bytes(name, data, facts, converter)


def read_bytes(path: Path | str, name: str, max_bytes: int) -> tuple[bytes, datetime]:
    """Read a file of at most `max_bytes`, and when it was changed; raises ArticleError that names it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not hold us
    except OSError as error:
        raise ArticleError(
            f"{name}: cannot be opened ({error.strerror}); is it there, and may the bot read it?"
        ) from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ArticleError(f"{name}: is no regular file")
        if status.st_size > max_bytes:
            raise too_large(name, status.st_size, max_bytes)
        try:
            data = file.read(status.st_size + 1)
        except OSError as error:
            raise ArticleError(f"{name}: cannot be read ({error.strerror})") from None
    if len(data) > max_bytes:
        raise too_large(name, len(data), max_bytes)
    return data, datetime.fromtimestamp(status.st_mtime, UTC)


def too_large(name: str, size: int, most: int) -> ArticleError:
    """Say that a document is larger than allowed."""
    return ArticleError(
        f"{name}: has {size / 1e6:.1f} MB, more than the {most / 1e6:g} MB allowed; "
        "split it, or raise max_bytes"
    )


def _article(name: str, data: bytes, facts: Facts, body: str, fields: Mapping[str, Any]) -> Article:
    if _says(fields, "draft", "true") or _says(fields, "published", "false"):
        raise DraftArticle(f"{name}: is a draft")
    own_title = fields.get("title")
    title, body = take_title(body, one_line(own_title) or None if isinstance(own_title, str) else None)
    if not body.strip():
        raise ArticleError(f"{name}: has no text; write some or take the file away")
    article_id = facts.article_id or (
        checked_id(name, fields["id"]) if fields.get("id") else checked_id(name, name)
    )
    return Article(
        source=facts.source,
        id=article_id,
        title=facts.title or title or readable_name(name),
        body=body.strip("\n") + "\n",
        revision=revision_for(name, data, facts),
        audience=narrowed_audience(name, facts, fields),
        url=web_address(facts.url) or _own_url(name, facts, fields) or _url_of(name, facts),
        updated_at=parse_date(fields.get("updated_at") or fields.get("date")) or facts.modified_at,
        language=parse_language(fields.get("language") or fields.get("lang")) or facts.language,
        labels=parse_labels(fields.get("labels") or fields.get("tags")) or (),
    )


def _says(fields: Mapping[str, Any], key: str, word: str) -> bool:
    return str(fields.get(key)).strip().lower() == word


def narrowed_audience(name: str, facts: Facts, fields: Mapping[str, Any]) -> frozenset[str]:
    """Give the labels that a document asks for, without `public` unless its source has it; else its source's.

    Raises ArticleError where the wish is not understood: such an article must not go to everyone by mistake.
    """
    for key in fields:
        if key != "audience" and similarity(key, "audience") >= _LIKE_AUDIENCE:
            raise ArticleError(f"{name}: {key!r} is not known; did you mean audience?")
    labels = parse_labels(fields.get("audience"))
    if labels is None:
        raise ArticleError(f"{name}: its audience must be a label or a list of labels")
    wanted = frozenset(labels)
    if PUBLIC in wanted and PUBLIC not in facts.audience:
        structlog.get_logger().warning(
            "an article may not make itself public",
            document=name,
            source=facts.source,
            remedy="the source's audience",
        )
        wanted -= {PUBLIC}
    return wanted or facts.audience


def _own_url(name: str, facts: Facts, fields: Mapping[str, Any]) -> str | None:
    url = fields.get("url")
    if not isinstance(url, str) or not url.strip():
        return None
    base = _url_of(name, facts) or facts.base_url or ""
    try:
        return web_address(urljoin(base, url.strip()))
    except ValueError:
        return None


def _url_of(name: str, facts: Facts) -> str | None:
    return facts.base_url.rstrip("/") + "/" + quote(name) if facts.base_url else None


def readable_name(name: str) -> str:
    """Make a title of a file's name: `reset_your-password.md` is "Reset your password"."""
    stem = PurePosixPath(name).stem
    words = one_line(re.sub(r"[-_+]+", " ", stem)) or stem
    return words[:1].upper() + words[1:]
