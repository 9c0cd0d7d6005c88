"""What `articles add` is given, made into articles: a file, a folder, JSON Lines, a page, standard input."""

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from typer import BadParameter

from bot.upkeep import id_of
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
from knowledge.sources.folder import FolderSource
from knowledge.sources.jsonl import JsonlSource
from knowledge.sync import LOCAL_SOURCE

STDIN = "-"
FETCH_SECONDS = 30.0
_SUFFIX_OF_TYPE = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "text/markdown": ".md",
    "text/plain": ".txt",
}


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


async def read_articles(what: str, wanted: Wanted) -> AsyncGenerator[Article | Failed]:
    """Give the articles of a file, a folder, a page or standard input; what cannot be read is a Failed."""
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
                yield await _from_stdin(wanted, converter)
            else:
                yield await _from_page(what, wanted, converter)
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


async def _from_stdin(wanted: Wanted, converter: DocumentConverter) -> Article:
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
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


async def _from_page(address: str, wanted: Wanted, converter: DocumentConverter) -> Article:
    try:
        async with (
            httpx.AsyncClient(follow_redirects=True, timeout=FETCH_SECONDS) as client,
            client.stream("GET", address) as response,
        ):
            response.raise_for_status()
            data = await _body(address, response)
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        raise ArticleError(f"{address}: answers {code} {error.response.reason_phrase}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ArticleError(f"{address}: cannot be fetched ({error or type(error).__name__})") from error
    url = str(response.url.copy_with(fragment=None))
    parts = urlsplit(url)
    facts = replace(
        wanted.facts,
        article_id=f"{parts.netloc}{parts.path}{'?' if parts.query else ''}{parts.query}".rstrip("/"),
        url=wanted.url or url,
        charset=response.charset_encoding,
        modified_at=_modified_at(response),
    )
    return await read_article_bytes(_name_of(response, parts.path), data, facts, converter)


async def _body(address: str, response: httpx.Response) -> bytes:
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            raise too_large(address, len(data), MAX_BYTES)
    return bytes(data)


def _name_of(response: httpx.Response, path: str) -> str:
    """Name the document by its type, which decides how it is read."""
    name = Path(path).name or "page"
    kind = response.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    suffix = _SUFFIX_OF_TYPE.get(kind)
    if suffix is None or (suffix == ".txt" and Path(name).suffix.lower() in {".md", ".markdown"}):
        return name
    return f"{Path(name).stem}{suffix}"


def _modified_at(response: httpx.Response) -> datetime:
    try:
        return parsedate_to_datetime(response.headers["last-modified"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return datetime.now(UTC)
