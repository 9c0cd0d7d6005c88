"""One page of a web site, and what its server calls this version of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Final

from knowledge.errors import ArticleError
from knowledge.models import Article, Failed, Unchanged, revision_of
from knowledge.sources.convert import DocumentConverter, DocumentKind
from knowledge.sources.documents import readable_name
from knowledge.sources.markdown import take_title
from knowledge.sources.text import (
    clean_text,
    decode_html,
    decode_text,
    one_line,
    parse_date,
    parse_language,
)

if TYPE_CHECKING:
    from knowledge.sources.fetch import Fetched

_READING_VERSION: Final = 2
_LONGEST_VALIDATOR: Final = 200
_KINDS: Final = {".html": DocumentKind.PAGE, ".pdf": DocumentKind.PDF, ".docx": DocumentKind.DOCX}


class PageReader:
    """Makes articles of fetched pages."""

    def __init__(
        self, source: str, audience: frozenset[str], language: str | None, converter: DocumentConverter
    ) -> None:
        self._source = source
        self._audience = audience
        self._language = language
        self._converter = converter
        self._settings = revision_of(_READING_VERSION, audience, language)

    async def read(self, address: str, fetched: Fetched, known: str) -> Article | Unchanged | Failed:
        """Make the article of a page, unless the bot has it in this very text."""
        content = revision_of(hashlib.sha256(fetched.data).hexdigest(), self._settings)
        if known.partition(".")[0] == content:
            return Unchanged(address)
        try:
            return await self._article(address, fetched, f"{content}.{self._encoded(fetched)}")
        except ArticleError as error:
            return Failed(address, str(error))

    async def _article(self, address: str, fetched: Fetched, revision: str) -> Article:
        kind = _KINDS.get(fetched.suffix)
        if kind is None:
            title, body = take_title(decode_text(address, fetched.data), None)
            language = date = None
        else:
            data = fetched.data
            if kind is DocumentKind.PAGE:
                data = decode_html(address, data, fetched.charset).encode()
            converted = await self._converter.convert(kind, address, data, fetched.url)
            title, body = take_title(clean_text(converted.markdown), converted.title)
            language, date = converted.language, converted.updated_at
        if not body.strip():
            raise ArticleError(f"{address}: has no text; leave it out with exclude if it is no article")
        return Article(
            source=self._source,
            id=address,
            title=one_line(title or "") or readable_name(address.rstrip("/").rpartition("/")[2] or address),
            body=body.strip("\n") + "\n",
            revision=revision,
            audience=self._audience,
            url=address,
            updated_at=parse_date(date),
            language=parse_language(language) or self._language,
        )

    def _encoded(self, fetched: Fetched) -> str:
        """Write what the server calls this version, so that it fits a revision."""
        said = [fetched.etag, fetched.modified, self._settings]
        if any(len(one) > _LONGEST_VALIDATOR for one in said):
            return ""
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()

    def validators_of(self, revision: str) -> dict[str, str]:
        """Give the headers that ask whether a page still is in this revision; none if it must be read anew."""
        try:
            etag, modified, settings = json.loads(base64.urlsafe_b64decode(revision.partition(".")[2]))
        except (ValueError, TypeError, binascii.Error):
            return {}
        if settings != self._settings:
            return {}
        headers = {"If-None-Match": etag, "If-Modified-Since": modified}
        return {name: value for name, value in headers.items() if isinstance(value, str) and value}
