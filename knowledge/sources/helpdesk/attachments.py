"""The text of the files that hang on an article."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import structlog

from knowledge.errors import ArticleError
from knowledge.sources.convert import DocumentConverter, DocumentKind
from knowledge.sources.documents import SUFFIXES, is_text, kind_of
from knowledge.sources.fetch import DocumentFetcher
from knowledge.sources.helpdesk.client import NotThere, Redirected
from knowledge.sources.text import decode_html, decode_text, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from knowledge.sources.helpdesk.client import HelpdeskClient


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of an article; `address` is at the helpdesk, which may redirect to a public one."""

    name: str
    address: str
    size: int | None = None


async def attached_text(
    article: str, files: Iterable[Attachment], client: HelpdeskClient, converter: DocumentConverter
) -> str:
    """Give the text of those files that have some, each under its name as a heading.

    A file that is broken or gone is left out with a warning; raises TransientSourceError where the next sync
    may read it.
    """
    parts = []
    for file in files:
        if PurePosixPath(file.name).suffix.lower() not in SUFFIXES:
            continue
        try:
            text = (await _text_of(article, file, client, converter)).strip()
        except (ArticleError, NotThere) as error:
            structlog.get_logger().warning("attachment left out", article=article, error=str(error))
            continue
        if text:
            parts.append(f"## {one_line(file.name)}\n\n{text}")
    return "\n\n".join(parts)


async def _text_of(
    article: str, file: Attachment, client: HelpdeskClient, converter: DocumentConverter
) -> str:
    name = f"{article}/{file.name}"
    charset = None
    try:
        data = await client.download(file.address, f"the attachment {file.name}")
    except Redirected as moved:  # to a store of files: without the token, and to the open internet only
        fetched = await DocumentFetcher().fetch(moved.location)
        data, charset = fetched.data, fetched.charset
    if is_text(file.name):
        return decode_text(name, data)
    kind = DocumentKind(kind_of(file.name))
    if kind is DocumentKind.HTML:
        data = decode_html(name, data, charset).encode()
    return (await converter.convert(kind, name, data, client.url(file.address))).markdown
