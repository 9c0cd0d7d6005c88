"""Articles that are the lines of a JSON Lines file."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from pydantic import Field

from knowledge.errors import ArticleError, PermanentSourceError, TransientSourceError
from knowledge.models import Article, Failed, Found, ListingComplete, Unchanged, revision_of
from knowledge.sources.base import SourceOptions, read_options
from knowledge.sources.documents import MAX_BYTES, Facts, narrowed_audience
from knowledge.sources.markdown import take_title
from knowledge.sources.text import (
    checked_id,
    clean_text,
    one_line,
    parse_date,
    parse_labels,
    parse_language,
    web_address,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from config.settings import SourceSettings

_READING_VERSION: Final = 2
_BATCH_LINES: Final = 256
_BATCH_BYTES: Final = 8_000_000
_REQUIRED: Final = ("title", "body_markdown")
_KEPT: Final = "no article is removed until this line is mended, because nobody knows which one it was"


class JsonlOptions(SourceOptions):
    """What a jsonl `[[sources]]` table may say beside `path` and `audience`.

    `language` is of articles that name none; `max_bytes` is the longest line that is read.
    """

    language: str | None = None
    max_bytes: int = Field(default=MAX_BYTES, ge=1, le=2_000_000_000)


class JsonlSource:
    """A file with one article a line.

    A line is `{id, title, url, body_markdown, updated_at?, audience?, language?, labels?}`.
    A line that cannot be read is a `Failed` that names file and line; as its article is unknown, that
    listing is not complete and nothing is removed by absence. A line with an id that lacks something else
    keeps only its own article.
    """

    def __init__(
        self, name: str, path: Path, audience: frozenset[str], options: JsonlOptions | None = None
    ) -> None:
        self.name = name
        self._path = path
        self._options = options or JsonlOptions()
        self._facts = Facts(name, audience, language=self._options.language)

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, JsonlOptions)
        if settings.path is None:
            raise PermanentSourceError(f'source {settings.name}: a jsonl source needs a path; set path = "…"')
        return cls(settings.name, settings.path, settings.audience, options)

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """List every line; see ArticleSource. Of two lines with one id the first has it."""
        listing = _Listing({} if full else known)
        file = await asyncio.to_thread(self._open)
        try:
            before = os.fstat(file.fileno())
            while found := await asyncio.to_thread(self._read_batch, file, listing):
                for one in found:
                    yield one
            after = os.fstat(file.fileno())
        except OSError as error:
            raise TransientSourceError(
                f"source {self.name}: {self._path} could not be read to its end ({error.strerror}); "
                "nothing was removed; the next sync tries again"
            ) from error
        finally:
            await asyncio.to_thread(file.close)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise TransientSourceError(
                f"source {self.name}: {self._path} was written while it was read; nothing was removed. "
                "Write to another file and rename it"
            )
        if listing.is_certain:
            yield ListingComplete()

    async def check(self) -> str:
        """Say how many lines there are; raises PermanentSourceError when the file cannot be read."""
        return f"{await asyncio.to_thread(self._count)} lines"

    async def close(self) -> None:
        """Nothing stays open between listings."""

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            raise PermanentSourceError(
                f"source {self.name}: the file {self._path} cannot be read ({error.strerror}); "
                "correct path, or give the bot the right to read it"
            ) from error

    def _count(self) -> int:
        with self._open() as file:
            return sum(1 for line in file if line.strip())

    def _read_batch(self, file: BinaryIO, listing: _Listing) -> list[Found]:
        """Read until there is something to yield; an empty list is the end."""
        found: list[Found] = []
        size = 0
        while len(found) < _BATCH_LINES and size < _BATCH_BYTES:
            line = file.readline(self._options.max_bytes + 1)
            if not line:
                break
            listing.line += 1
            size += len(line)
            if len(line) > self._options.max_bytes:
                _skip_line(file, line)
                found.append(
                    listing.unreadable(self._where(listing), "is longer than max_bytes; split the article")
                )
            elif line.strip():
                found.append(self._read_line(line.strip(), listing))
        return found

    def _where(self, listing: _Listing) -> str:
        return f"{self._path.name}:{listing.line}"

    def _read_line(self, line: bytes, listing: _Listing) -> Found:
        where = self._where(listing)
        try:
            row = _parse(line, first=listing.line == 1)
            article_id = checked_id(where, row.get("id"))
        except ValueError as error:
            return listing.unreadable(where, str(error))
        except ArticleError as error:
            return listing.unreadable(where, str(error).removeprefix(f"{where}: "))
        if (first := listing.lines.setdefault(article_id, listing.line)) != listing.line:
            reason = (
                f"{where}: has the id {article_id!r} of line {first}, which comes first; give one another id"
            )
            return Failed(where, reason)
        revision = revision_of(
            _READING_VERSION,
            hashlib.sha256(line).hexdigest(),
            self._facts.audience,
            self._facts.language,
        )
        if listing.known.get(article_id) == revision:
            return Unchanged(article_id)
        try:
            return self._article(where, article_id, revision, row)
        except ArticleError as error:
            return Failed(article_id, str(error))

    def _article(self, where: str, article_id: str, revision: str, row: dict[str, Any]) -> Article:
        missing = [key for key in _REQUIRED if not isinstance(row.get(key), str)]
        if missing:
            raise ArticleError(f"{where}: {' and '.join(missing)} must be there, as text")
        title, body = take_title(clean_text(str(row["body_markdown"])), one_line(str(row["title"])))
        if not title or not body.strip():
            raise ArticleError(
                f"{where}: has no {'text' if title else 'title'}; write some or take the line away"
            )
        return Article(
            source=self.name,
            id=article_id,
            title=title,
            body=body.strip("\n") + "\n",
            revision=revision,
            audience=narrowed_audience(where, self._facts, row),
            url=web_address(row.get("url")),
            updated_at=parse_date(row.get("updated_at")),
            language=parse_language(row.get("language")) or self._facts.language,
            labels=parse_labels(row.get("labels")) or (),
        )


@dataclass(slots=True)
class _Listing:
    """One listing: what the bot knew, where it stands, and whether every line's article is known."""

    known: Mapping[str, str]
    line: int = 0
    is_certain: bool = True
    lines: dict[str, int] = field(default_factory=dict)

    def unreadable(self, where: str, fault: str) -> Failed:
        """Note a line whose article nobody knows."""
        self.is_certain = False
        return Failed(where, f"{where}: {fault}; {_KEPT}")


def _parse(line: bytes, *, first: bool) -> dict[str, Any]:
    """Parse a line; raises ValueError that completes "FILE:LINE: …"."""
    try:
        row = json.loads(line.decode("utf-8-sig" if first else "utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"is not valid UTF-8 at its byte {error.start}; save the file as UTF-8") from None
    except json.JSONDecodeError as error:
        fault = error.msg.removesuffix(" at")  # some of its messages end so, for what Python itself appends
        raise ValueError(
            f"is no JSON, or is cut off ({fault} at column {error.colno}); write the line again"
        ) from None
    except (RecursionError, ValueError) as error:
        raise ValueError(
            f"is no JSON that can be read ({type(error).__name__}); write the line again"
        ) from None
    if not isinstance(row, dict):
        raise ValueError("is JSON, but no object in braces; write {…}")  # noqa: TRY004 - it is about the text
    return row


def _skip_line(file: BinaryIO, chunk: bytes) -> None:
    while chunk and not chunk.endswith(b"\n"):
        chunk = file.readline(1 << 20)
