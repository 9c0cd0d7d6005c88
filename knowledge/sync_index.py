"""What a sync needs of the passage index, and how it tells of its progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from knowledge.library import ArticleLibrary
    from knowledge.models import Article, ArticleRef

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how much of it is done, and how much there is if that is known."""


class Index(Protocol):
    """What a sync needs of the passage index."""

    def known(self) -> Mapping[ArticleRef, str]:
        """Give the revision of each article that is held."""
        ...

    async def prepare(self, articles: Sequence[Article], progress: Progress | None = None) -> int:
        """Embed what these revisions will need, changing nothing that is searched; give the passages embedded."""
        ...

    async def reconcile(
        self, library: ArticleLibrary, progress: Progress | None = None, again: Collection[ArticleRef] = ()
    ) -> int:
        """Bring the index to what the library holds; give the number of passages embedded.

        Articles in `again` are cut and embedded anew although the index has them.
        """
        ...

    async def rebuild(self, library: ArticleLibrary, progress: Progress | None = None) -> int:
        """Make the index anew from the library; give the number of passages embedded."""
        ...
