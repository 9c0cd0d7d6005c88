"""Articles that are files in a folder: Markdown, HTML, plain text, PDF, DOCX."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self

import structlog
from pydantic import Field

from knowledge.errors import ArticleError, PermanentSourceError, TransientSourceError
from knowledge.models import Article, Failed, Found, ListingComplete, Unchanged
from knowledge.sources.base import SourceOptions, read_options
from knowledge.sources.convert import ConverterLimits, DocumentConverter
from knowledge.sources.documents import (
    MAX_BYTES,
    SUFFIXES,
    DraftArticle,
    Facts,
    article_from_text,
    is_text,
    name_digest,
    read_article_bytes,
    read_bytes,
    revision_for,
    too_large,
)
from knowledge.sources.folder_walk import FoundFile, Walk, matches, walk_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from config.settings import SourceSettings

_BATCH_FILES: Final = 64
_BATCH_BYTES: Final = 16_000_000


class FolderOptions(SourceOptions):
    """What a folder's `[[sources]]` table may say beside `path` and `audience`.

    `base_url` and a file's path make an article's address. `include` and `exclude` are globs over paths
    under the folder. `language` is of articles that name none. The rest are limits on one file.
    """

    base_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    language: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_bytes: int = Field(default=MAX_BYTES, ge=1, le=2_000_000_000)
    convert_seconds: float = Field(default=30.0, gt=0, le=3600)


class FolderSource:
    """The files of a folder, at any depth, hidden ones left out.

    An article's id is its path under the folder with "/" between (`billing/refunds.md`), or `id` in its
    front matter. Its date is what it says itself, else the file's modification time at its last change of
    content: touching a file changes nothing. Its revision follows from the file's bytes, so an unchanged
    file is hashed and not read further.
    """

    def __init__(
        self, name: str, path: Path, audience: frozenset[str], options: FolderOptions | None = None
    ) -> None:
        self.name = name
        self._path = path
        self._options = options or FolderOptions()
        self._facts = Facts(name, audience, base_url=self._options.base_url, language=self._options.language)
        self._converter = DocumentConverter(ConverterLimits(seconds=self._options.convert_seconds))
        self._log = structlog.get_logger().bind(source=name)
        self._dates: Mapping[str, datetime] = {}
        """When files were changed, where something tells better than the file system."""

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, FolderOptions)
        if settings.path is None:
            raise PermanentSourceError(f'source {settings.name}: a folder needs a path; set path = "…"')
        return cls(settings.name, settings.path, settings.audience, options)

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """List every file; see ArticleSource. Of two files with one id the first by path has it."""
        walk, identity = await self._walk()
        listing = _Listing(known, full=full)
        for failed in walk.failed:
            for article_id in listing.ids_behind(failed.article_id):
                yield Failed(article_id, failed.reason)
        try:
            for batch in _batches(walk.files):
                for read in await asyncio.to_thread(self._read_batch, batch, listing):
                    done = await self._convert(read, listing) if isinstance(read, _ToConvert) else read
                    if done.found is not None:
                        yield listing.once(done)
        finally:
            await self._converter.close()
        if walk.unreadable:
            raise TransientSourceError(
                f"source {self.name}: cannot read {', '.join(walk.unreadable)} in {self._path}; "
                "nothing was removed; give the bot the right to read it"
            )
        if await asyncio.to_thread(_identity, self._path) != identity:
            raise TransientSourceError(
                f"source {self.name}: the folder {self._path} went away while it was read; "
                "nothing was removed; the next sync tries again"
            )
        yield ListingComplete()

    async def check(self) -> str:
        """Say how many files there are; raises PermanentSourceError when the folder cannot be read."""
        walk, _ = await self._walk()
        if walk.unreadable:
            raise PermanentSourceError(
                f"source {self.name}: cannot read {', '.join(walk.unreadable)}; give the bot the right to"
            )
        faults = f", {len(walk.failed)} not readable" if walk.failed else ""
        return f"{len(walk.files)} files{faults}"

    async def close(self) -> None:
        """End the converter's process."""
        await self._converter.close()

    async def _walk(self) -> tuple[Walk, tuple[int, int] | None]:
        try:
            identity = await asyncio.to_thread(_identity, self._path)
            walk = await asyncio.to_thread(walk_folder, self._path, self._is_wanted)
        except NotADirectoryError:
            raise PermanentSourceError(
                f"source {self.name}: {self._path} is no folder; correct path, or the type"
            ) from None
        except OSError as error:
            raise PermanentSourceError(
                f"source {self.name}: the folder {self._path} cannot be read ({error.strerror}); "
                "correct path, or give the bot the right to read it"
            ) from error
        return walk, identity

    def _is_wanted(self, name: str) -> bool:
        if os.path.splitext(name)[1].lower() not in SUFFIXES:  # noqa: PTH122 - a string, many times
            return False
        included = not self._options.include or matches(name, self._options.include)
        return included and not matches(name, self._options.exclude)

    def _read_batch(self, files: list[FoundFile], listing: _Listing) -> list[_Read]:
        return [self._read(file, listing) for file in files]

    def _read(self, file: FoundFile, listing: _Listing) -> _Read:
        try:
            if file.size > self._options.max_bytes:
                raise too_large(file.name, file.size, self._options.max_bytes)
            data, modified_at = read_bytes(file.path, file.name, self._options.max_bytes)
            facts = replace(self._facts, modified_at=self._dates.get(file.name, modified_at))
            if (known_id := listing.unchanged_id(revision_for(file.name, data, facts))) is not None:
                return _FromFile(file.name, Unchanged(known_id))
            if not is_text(file.name):
                return _ToConvert(file.name, data, facts)
            return _FromFile(file.name, article_from_text(file.name, data, facts))
        except ArticleError as error:
            return self._failed(file.name, error, listing)

    async def _convert(self, read: _ToConvert, listing: _Listing) -> _FromFile:
        try:
            return _FromFile(
                read.name, await read_article_bytes(read.name, read.data, read.facts, self._converter)
            )
        except ArticleError as error:
            return self._failed(read.name, error, listing)

    def _failed(self, name: str, error: ArticleError, listing: _Listing) -> _FromFile:
        if isinstance(error, DraftArticle):
            self._log.info("draft left out", document=name)
            return _FromFile(name, None)
        return _FromFile(name, Failed(listing.id_for(name), str(error)))


@dataclass(frozen=True, slots=True)
class _ToConvert:
    """A file that goes through the converter."""

    name: str
    data: bytes
    facts: Facts


@dataclass(frozen=True, slots=True)
class _FromFile:
    """What came of a file; None for one that is no article."""

    name: str
    found: Article | Unchanged | Failed | None


_Read = _ToConvert | _FromFile


@dataclass(slots=True)
class _Listing:
    """One listing: what the bot knew before it, and which file has which id so far."""

    known: Mapping[str, str]
    full: bool
    names: dict[str, str] = field(default_factory=dict)
    by_revision: dict[str, str] = field(init=False)
    by_name: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.by_revision = {revision: article_id for article_id, revision in self.known.items()}
        self.by_name = {revision.partition("-")[0]: article_id for article_id, revision in self.known.items()}

    def unchanged_id(self, revision: str) -> str | None:
        """Give the id of the article that the bot holds in this very revision."""
        return None if self.full else self.by_revision.get(revision)

    def id_for(self, name: str) -> str:
        """Give the id that a file's article had when it could last be read, so that a failure keeps it."""
        return self.by_name.get(name_digest(name), name)

    def ids_behind(self, link: str) -> list[str]:
        """Give the ids that failing to follow a link leaves unread: its own, and those of files below it."""
        return [
            self.id_for(link),
            *(article_id for article_id in self.known if article_id.startswith(f"{link}/")),
        ]

    def once(self, read: _FromFile) -> Found:
        """Let an id through for the first file that has it; the others fail."""
        found = read.found
        assert found is not None
        if isinstance(found, Failed):
            return found
        article_id = found.id if isinstance(found, Article) else found.article_id
        first = self.names.setdefault(article_id, read.name)
        if first == read.name:
            return found
        reason = f"{read.name}: has the id {article_id!r}, as {first} does, which comes first; change one"
        return Failed(read.name, reason)


def _batches(files: list[FoundFile]) -> Iterator[list[FoundFile]]:
    batch: list[FoundFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) == _BATCH_FILES or size + file.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
