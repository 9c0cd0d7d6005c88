"""Intake: articles made of what an admin gives in a chat: shared files, a page's address, a file of the terminal."""

# ruff: noqa: PLC0415 - what reads documents and pages is loaded when an admin gives one: 0.1 s of a start
from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from connectors.errors import DeliveryError
from knowledge.errors import ArticleError
from knowledge.models import Failed
from knowledge.sync import LOCAL_SOURCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from connectors.base import Address, SharedFile
    from knowledge.models import Article
    from knowledge.sources.convert import DocumentConverter
    from knowledge.sources.documents import Facts
    from knowledge.sources.fetch import DocumentFetcher

    FetchFile = Callable[[SharedFile, Address], Awaitable[bytes]]
    """Gives the bytes of a shared file. Raises DeliveryError, which says why not."""

MOST_FILES: Final = 20
MOST_BYTES: Final = 20_000_000
"""Of one file that comes with a message."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of files: the articles, and those that could not be read, with the reason."""

    articles: tuple[Article, ...]
    failed: tuple[Failed, ...] = ()


class Intake:
    """Reads what admins give; nothing is stored. Documents are converted in a child process with limits."""

    def __init__(
        self,
        fetch_file: FetchFile,
        read_path: Callable[[Path], Awaitable[Article]],
        clock: Callable[[], datetime],
        fetcher: DocumentFetcher | None = None,
    ) -> None:
        self._fetch_file = fetch_file
        self._read_path = read_path
        self._clock = clock
        self._fetcher = fetcher

    async def from_files(
        self, files: Sequence[SharedFile], address: Address, audience: frozenset[str]
    ) -> Taken:
        """Read files that came with a message; of two with one id the first counts."""
        from knowledge.sources.convert import DocumentConverter

        articles: dict[str, Article] = {}
        failed: list[Failed] = [
            Failed(file.name, f"only {MOST_FILES} files are taken at a time") for file in files[MOST_FILES:]
        ]
        async with DocumentConverter() as converter:
            for file in files[:MOST_FILES]:
                try:
                    article = await self._from_file(file, address, audience, converter)
                except (ArticleError, DeliveryError) as error:
                    failed.append(Failed(file.name, str(error).removeprefix(f"{file.name}: ")))
                    continue
                if article.id in articles:
                    failed.append(Failed(file.name, f"has the same id as “{articles[article.id].title}”"))
                else:
                    articles[article.id] = article
        return Taken(tuple(articles.values()), tuple(failed))

    async def from_url(self, url: str, audience: frozenset[str]) -> Article:
        """Read a page of the open internet; addresses of inner networks are refused. Raises ArticleError."""
        from knowledge.sources.convert import DocumentConverter
        from knowledge.sources.fetch import DocumentFetcher, read_article_url

        fetcher = self._fetcher or DocumentFetcher(max_bytes=MOST_BYTES)
        async with DocumentConverter() as converter:
            return await read_article_url(url, self._facts(audience), converter, fetcher)

    async def from_path(self, path: Path) -> Article:
        """Read a file of this machine: for the terminal alone. Raises ArticleError."""
        return await self._read_path(path)

    async def _from_file(
        self, file: SharedFile, address: Address, audience: frozenset[str], converter: DocumentConverter
    ) -> Article:
        from knowledge.sources.documents import kind_of, read_article_bytes, too_large

        name = PurePosixPath(file.name.replace("\\", "/")).name or "file"
        kind_of(name)
        if file.size > MOST_BYTES:
            raise too_large(name, file.size, MOST_BYTES)
        data = await self._fetch_file(file, address)
        return await read_article_bytes(name, data, self._facts(audience), converter)

    def _facts(self, audience: frozenset[str]) -> Facts:
        from knowledge.sources.documents import Facts

        return Facts(LOCAL_SOURCE, audience, modified_at=self._clock())
