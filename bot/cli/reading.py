"""What `articles add` is given, made into articles: a file, a folder, JSON Lines, a page, standard input."""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from typer import BadParameter

from bot.local_articles import id_of
from knowledge.errors import ArticleError, SourceError
from knowledge.models import Article, Failed
from knowledge.sources.convert import DocumentConverter
from knowledge.sources.documents import (
    MAX_BYTES,
    Facts,
    read_article_bytes,
    read_article_file,
    readable_name,
    too_large,
)
from knowledge.sources.fetch import DocumentFetcher, read_article_url
from knowledge.sources.folder import FolderSource
from knowledge.sources.jsonl import JsonlSource
from knowledge.sources.text import web_address
from knowledge.sync import LOCAL_SOURCE

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an admin says of the articles that are added."""

    audience: frozenset[str]
    title: str | None = None
    url: str | None = None

    @property
    def facts(self) -> Facts:
        """The same, for the readers of documents."""
        return Facts(LOCAL_SOURCE, self.audience, title=self.title, url=self.url)


def is_url(what: str) -> bool:
    """Whether it is the address of a page."""
    return what.lower().startswith(("http://", "https://"))


def check_wanted(what: str, wanted: Wanted) -> None:
    """Refuse options that cannot be meant. Raises BadParameter."""
    if wanted.url is not None and web_address(wanted.url) is None:
        raise BadParameter("--url must be an http or https address, such as https://help.example.com/refunds")
    if what == STDIN or is_url(what):
        return
    path = _path(what)
    if not path.exists():
        raise BadParameter(f"there is no file or folder {what}")
    if _holds_many(path) and (wanted.title or wanted.url):
        raise BadParameter("--title and --url are for one article; leave them out for many")


def _path(what: str) -> Path:
    return Path(what).expanduser().resolve()


def _holds_many(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() == ".jsonl"


def read_stdin() -> bytes:
    """Read standard input to its end, or until it is too much; outside the loop, so that Ctrl-C ends it."""
    data = bytearray()
    while len(data) <= MAX_BYTES and (chunk := os.read(sys.stdin.fileno(), 65536)):
        data += chunk
    return bytes(data)


async def read_articles(what: str, wanted: Wanted, stdin: bytes) -> AsyncGenerator[Article | Failed]:
    """Give the articles of a file, a folder, a page or `stdin`; what cannot be read is a Failed."""
    path = None if what == STDIN or is_url(what) else _path(what)
    if path is not None and _holds_many(path):
        async with aclosing(_many(path, wanted)) as found:
            async for item in found:
                yield item
        return
    try:
        async with DocumentConverter() as converter:
            if path is not None:
                yield await read_article_file(path, wanted.facts, converter)
            elif what == STDIN:
                yield await _from_stdin(stdin, wanted, converter)
            else:
                yield await read_article_url(what, wanted.facts, converter, DocumentFetcher(_anywhere))
    except ArticleError as error:
        yield Failed(what, str(error))


async def _many(path: Path, wanted: Wanted) -> AsyncGenerator[Article | Failed]:
    kind = JsonlSource if path.suffix.lower() == ".jsonl" else FolderSource
    source = kind(LOCAL_SOURCE, path, wanted.audience)
    try:
        async for found in source.articles({}):
            if isinstance(found, Article | Failed):
                yield found
    except SourceError as error:
        yield Failed(str(path), str(error))
    finally:
        await source.close()


def _anywhere(_address: object) -> bool:
    """Let the operator fetch from the operator's own network, where many a wiki stands."""
    return True


async def _from_stdin(data: bytes, wanted: Wanted, converter: DocumentConverter) -> Article:
    if len(data) > MAX_BYTES:
        raise too_large("standard input", len(data), MAX_BYTES)
    name = f"stdin{_suffix_of(data)}"
    facts = replace(wanted.facts, modified_at=datetime.now(UTC))
    article = await read_article_bytes(name, data, facts, converter)
    if article.title == readable_name(name) and wanted.title is None:
        raise ArticleError('standard input has no title: give --title "…", or begin with a heading')
    return article if article.id != name else replace(article, id=id_of(article.title))


def _suffix_of(data: bytes) -> str:
    start = data[:512].lstrip().lower()
    if start.startswith(b"%pdf"):
        return ".pdf"
    if start.startswith(b"pk\x03\x04"):
        return ".docx"
    return ".html" if start.startswith((b"<!doctype html", b"<html")) else ".md"
