"""A source and an index that live in memory, for the tests of the sync between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from knowledge.models import ListingComplete

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, Sequence

    from config.settings import SourceSettings
    from knowledge.library import ArticleLibrary
    from knowledge.models import Article, ArticleRef, Found
    from knowledge.sync import Progress


@dataclass
class ListedSource:
    """A source that lists what it is given; an exception among the items is raised in its place."""

    items: list[Found | Exception]
    name: str = "desk"
    closed: bool = False
    known: Mapping[str, str] = field(default_factory=dict)

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """List the items."""
        self.known = {} if full else known
        try:
            for item in self.items:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.closed = True

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> ListedSource:
        """Not used here."""
        return cls([], settings.name)

    async def check(self) -> str:
        """Say how many items there are."""
        return f"{len(self.items)} items"

    async def close(self) -> None:
        """Nothing is open."""


class RevisionIndex:
    """An index in memory that holds the revision of each article and embeds what it does not hold."""

    def __init__(self) -> None:
        self.held: dict[ArticleRef, str] = {}
        self.error: Exception | None = None
        self.prepared: list[tuple[ArticleRef, str, str | None]] = []
        """What was prepared: the article, its coming revision, and the revision that was searchable then."""

    def known(self) -> dict[ArticleRef, str]:
        """Give what is held."""
        return dict(self.held)

    async def prepare(self, articles: Sequence[Article], progress: Progress | None = None) -> int:  # noqa: ARG002
        """Note what is coming."""
        if self.error is not None:
            raise self.error
        self.prepared += [(article.ref, article.revision, self.held.get(article.ref)) for article in articles]
        return 0

    async def reconcile(
        self, library: ArticleLibrary, progress: Progress | None = None, again: Collection[ArticleRef] = ()
    ) -> int:
        """Follow the library."""
        if self.error is not None:
            raise self.error
        wanted = await library.revisions()
        missing = [ref for ref, revision in wanted.items() if self.held.get(ref) != revision or ref in again]
        if progress is not None:
            progress("embedding passages", len(missing), len(missing))
        self.held = wanted
        return len(missing)

    async def rebuild(self, library: ArticleLibrary, progress: Progress | None = None) -> int:
        """Begin anew."""
        self.held = {}
        return await self.reconcile(library, progress)


def listing(*items: Found | Exception, name: str = "desk") -> ListedSource:
    """A source that lists `items` to the end."""
    return ListedSource([*items, ListingComplete()], name)


async def agree(library: ArticleLibrary, index: RevisionIndex) -> bool:
    """Whether the index holds exactly what the library holds."""
    return await library.revisions() == index.held
