"""Pages of a web site, from its sitemap or by following links from its start page."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urljoin, urlsplit

import structlog
from protego import Protego
from pydantic import Field

from knowledge.errors import ArticleError, PermanentSourceError, TransientSourceError
from knowledge.models import Failed, ListingComplete, Unchanged
from knowledge.sources.base import SourceOptions, read_options
from knowledge.sources.convert import DocumentConverter
from knowledge.sources.fetch import DocumentFetcher, Fetched, FetchError, is_public_address
from knowledge.sources.helpdesk.options import checked_url
from knowledge.sources.website_links import links_in, plain_address, read_sitemap
from knowledge.sources.website_pages import PageReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from config.settings import SourceSettings
    from knowledge.models import Found

_AGENT: Final = "helpdesk-bot"
_PASSING: Final = frozenset({None, 408, 425, 429, 500, 502, 503, 504})
_READABLE: Final = frozenset({".html", ".pdf", ".docx", ".md"})
_GONE: Final = frozenset({404, 410})
_NOT_MODIFIED: Final = 304
_MOST_SITEMAPS: Final = 500
_LONGEST_DELAY: Final = 30.0
_NOT_PAGES: Final = (
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css", ".js", ".zip", ".mp4", ".xml", ".json", ".ico", ".gz",
)  # fmt: skip


class WebsiteOptions(SourceOptions):
    """What a website's table may say beside `url` (a sitemap, or a page to start from) and `audience`.

    `include` and `exclude` are globs over paths (`/help/*`). `language` is of pages that name none. `delay`
    are seconds between requests; robots.txt may ask for more. `allow_private` lets the site be in your network.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    language: str | None = None
    max_pages: int = Field(default=2000, ge=1, le=100_000)
    max_bytes: int = Field(default=10_000_000, ge=1000, le=1_000_000_000)
    seconds: float = Field(default=30.0, gt=0, le=600)
    attempts: int = Field(default=3, ge=1, le=10)
    delay: float = Field(default=0.2, ge=0, le=60)
    allow_private: bool = False
    allow_http: bool = True


@dataclass(slots=True)
class _Crawl:
    """One listing: what the bot knew, which addresses are still to be read, and whether one failed for now."""

    known: Mapping[str, str]
    full: bool
    queue: list[str]
    seen: set[str]
    follows: bool
    interrupted: str = ""

    def add(self, address: str) -> None:
        """Take an address up, once."""
        if address not in self.seen:
            self.seen.add(address)
            self.queue.append(address)


class WebsiteSource:
    """The pages of one host; an article's id is its address.

    With a sitemap (at `url`, or named by robots.txt) its addresses are read, else links are followed from
    `url`, and pages that the bot knows are asked for too. A page that its server says is the same is not
    sent again: its ETag and date are part of our revision.
    """

    def __init__(self, name: str, url: str, audience: frozenset[str], options: WebsiteOptions) -> None:
        self.name = name
        self._url = url
        self._host = urlsplit(url).netloc
        self._options = options
        self._converter = DocumentConverter()
        self._reader = PageReader(name, audience, options.language, self._converter)
        permitted = (lambda _address: True) if options.allow_private else is_public_address
        self._fetcher = DocumentFetcher(permitted, seconds=options.seconds, max_bytes=options.max_bytes)
        self._log = structlog.get_logger().bind(source=name)

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, WebsiteOptions)
        checked_url(settings, allow_http=options.allow_http, example="https://www.acme.com/help/")
        return cls(settings.name, str(settings.url), settings.audience, options)

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """Read every page; see ArticleSource."""
        robots = await self._robots()
        crawl = await self._start(robots, known, full=full)
        pause = min(max(self._options.delay, robots.crawl_delay(_AGENT) or 0.0), _LONGEST_DELAY)
        read = 0
        try:
            while crawl.queue:
                address = crawl.queue.pop(0)
                if not self._is_wanted(address, robots):
                    continue
                if read == self._options.max_pages:
                    raise PermanentSourceError(
                        f"source {self.name}: {self._host} has more than {read} pages; narrow include, or raise "
                        "max_pages; nothing was removed"
                    )
                read += 1
                found = await self._page(address, crawl)
                if found is not None:
                    yield found
                await asyncio.sleep(pause)
        finally:
            await self._converter.close()
        if crawl.interrupted:
            raise TransientSourceError(
                f"source {self.name}: {crawl.interrupted}; nothing was removed; the next sync tries again"
            )
        yield ListingComplete()

    async def check(self) -> str:
        """Say how many addresses there are; raises SourceError with the remedy if there are none."""
        robots = await self._robots()
        crawl = await self._start(robots, {}, full=False)
        wanted = sum(self._is_wanted(address, robots) for address in crawl.queue)
        if not wanted:
            raise PermanentSourceError(
                f"source {self.name}: robots.txt, include and exclude leave no page of {self._url}"
            )
        return (
            f"links from {self._url}" if crawl.follows else f"{wanted} pages in the sitemap of {self._host}"
        )

    async def close(self) -> None:
        """End the converter's process."""
        await self._converter.close()

    async def _robots(self) -> Protego:
        """Read robots.txt; none means that everything may be read."""
        address = urljoin(self._url, "/robots.txt")
        try:
            fetched = await self._fetch(address)
        except FetchError as error:
            if error.status in _PASSING:
                raise self._unread(address, error) from None
            return Protego.parse("")
        except ArticleError as error:
            raise PermanentSourceError(f"source {self.name}: {error}") from None
        return Protego.parse(fetched.data.decode("utf-8", "replace"))

    async def _start(self, robots: Protego, known: Mapping[str, str], *, full: bool) -> _Crawl:
        crawl = _Crawl(known, full, [], set(), follows=False)
        first = await self._fetch_list(self._url)
        listed = read_sitemap(first.data)
        sitemaps = [self._url] if listed is not None else list(robots.sitemaps)
        if not sitemaps:
            crawl.follows = True
            for address in (self._url, *known):
                crawl.add(plain_address(address))
            return crawl
        read: set[str] = set()
        while sitemaps:
            address = sitemaps.pop(0)
            if address in read or urlsplit(address).netloc != self._host:
                continue
            if len(read) == _MOST_SITEMAPS:
                raise PermanentSourceError(f"source {self.name}: it has more than {_MOST_SITEMAPS} sitemaps")
            read.add(address)
            said = read_sitemap((await self._fetch_list(address)).data)
            if said is None:
                raise TransientSourceError(
                    f"source {self.name}: {address} is no sitemap, or is cut off; nothing was removed"
                )
            sitemaps += said.sitemaps
            for page in said.pages:
                crawl.add(plain_address(page))
        return crawl

    def _is_wanted(self, address: str, robots: Protego) -> bool:
        parts = urlsplit(address)
        path = parts.path or "/"
        if parts.scheme not in {"http", "https"} or parts.netloc != self._host:
            return False
        if path.lower().endswith(_NOT_PAGES) or any(
            fnmatchcase(path, glob) for glob in self._options.exclude
        ):
            return False
        included = not self._options.include or any(fnmatchcase(path, glob) for glob in self._options.include)
        return (included or address == plain_address(self._url)) and robots.can_fetch(address, _AGENT)

    async def _page(self, address: str, crawl: _Crawl) -> Found | None:
        """Read one page; None for one that is no article here, or no more."""
        known = "" if crawl.full else crawl.known.get(address, "")
        headers = {} if crawl.follows else self._reader.validators_of(known)
        try:
            fetched = await self._fetch(address, headers)
        except ArticleError as error:
            return self._failed(address, error, crawl)
        if crawl.follows and fetched.suffix == ".html":
            for link in links_in(fetched):
                crawl.add(link)
        if plain_address(fetched.url) != address:  # the page is where the redirect ends
            crawl.add(plain_address(fetched.url))
            return None
        if fetched.suffix not in _READABLE or not self._is_article(address):
            return None
        return await self._reader.read(address, fetched, known)

    def _failed(self, address: str, error: ArticleError, crawl: _Crawl) -> Found | None:
        status = error.status if isinstance(error, FetchError) else 0
        if status == _NOT_MODIFIED:
            return Unchanged(address)
        if status in _GONE:
            return None
        if status in _PASSING:
            crawl.interrupted = crawl.interrupted or str(error)
        return Failed(address, str(error))

    def _is_article(self, address: str) -> bool:
        """Whether a page counts itself; the start page may only be there for its links."""
        return not self._options.include or _matches(urlsplit(address).path or "/", self._options.include)

    async def _fetch_list(self, address: str) -> Fetched:
        try:
            return await self._fetch(address)
        except FetchError as error:
            if error.status in _PASSING:
                raise self._unread(address, error) from None
            raise PermanentSourceError(f"source {self.name}: {error}") from None
        except ArticleError as error:
            raise PermanentSourceError(f"source {self.name}: {error}") from None

    def _unread(self, address: str, error: FetchError) -> TransientSourceError:
        return TransientSourceError(
            f"source {self.name}: {address} cannot be read ({error}); nothing was removed; the next sync tries again"
        )

    async def _fetch(self, address: str, headers: Mapping[str, str] | None = None) -> Fetched:
        for attempt in range(1, self._options.attempts):
            try:
                return await self._fetcher.fetch(address, headers, any_type=True)
            except FetchError as error:
                if error.status not in _PASSING:
                    raise
            await asyncio.sleep(self._options.delay * 2**attempt)
        return await self._fetcher.fetch(address, headers, any_type=True)


def _matches(path: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, glob) for glob in globs)
