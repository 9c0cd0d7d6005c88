"""The listing that every helpdesk's source shares: everything once a day, in between what changed."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from knowledge.errors import ArticleError, TransientSourceError
from knowledge.models import Failed, ListingComplete, Removed, Unchanged, revision_of
from knowledge.sources.convert import ConverterLimits, DocumentConverter
from knowledge.sources.helpdesk.client import NotThere
from knowledge.sources.helpdesk.entries import Body, Entry, finished

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from knowledge.models import Article, Found
    from knowledge.sources.helpdesk.audience import AudienceRules
    from knowledge.sources.helpdesk.client import HelpdeskClient

Item = Entry | Removed | Failed
"""What a source's own part yields: an article, evidence that one is gone, or one that cannot be read."""

_OVERLAP: Final = timedelta(minutes=5)
"""A delta begins that much before the last listing began: helpdesks show a change only after a while."""
_UNSURE_CLOCK: Final = timedelta(hours=1)
_BATCH: Final = 32
_MOST_FAILURES: Final = 5


class Cursor(BaseModel):
    """Where a listing ended: when all was listed, who might read the containers, and from when changes count."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    full_at: AwareDatetime
    containers: str
    since: AwareDatetime


@dataclass(slots=True)
class _Listing:
    """One listing: what the bot knew before it, what was listed already, and failures in a row."""

    known: Mapping[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    failures: int = 0
    must_repeat: bool = False

    def is_new(self, item: Item) -> bool:
        """Whether it is the first word on an article: pages that move while they are read repeat some."""
        article_id = item.id if isinstance(item, Entry) else item.article_id
        if isinstance(item, Failed):
            self.seen.add(article_id)
            return True
        if article_id in self.seen:
            return False
        self.seen.add(article_id)
        return True


class HelpdeskSource(ABC):
    """A helpdesk behind an HTTP API.

    A subclass lists containers, everything, and what changed. Everything is listed when the last full listing
    is older than `full_every`, when a container's readers changed (hiding one need not touch its articles),
    and when there is no cursor; else what changed since the last listing that ended well.
    """

    lists_changes = True
    """Whether the API can tell what changed; without it everything is listed each time."""

    def __init__(
        self,
        name: str,
        client: HelpdeskClient,
        rules: AudienceRules,
        *,
        full_every: timedelta = timedelta(days=1),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.name = name
        self.cursor: str | None = None
        self._client = client
        self._rules = rules
        self._full_every = full_every
        self._clock = clock
        self._listing = _Listing()
        self._converter = DocumentConverter(ConverterLimits())
        self._log = structlog.get_logger().bind(source=name)

    @abstractmethod
    async def _containers(self) -> object:
        """List all containers and who may read them, in full; give what `revision_of` takes."""

    @abstractmethod
    def _everything(self) -> AsyncIterator[Item]:
        """List every article; return normally only if all of them were listed."""

    def _changes(self, since: datetime) -> AsyncIterator[Item]:
        """List what changed since then; what was listed before may come again."""
        raise NotImplementedError

    async def _body(self, entry: Entry) -> Body:
        """Fetch the body of an entry that the bot does not have; raises SourceError or ArticleError."""
        return Body(entry.html or "")

    async def _prepare(self, entries: Sequence[Entry]) -> None:  # noqa: ARG002 - most need nothing
        """Fetch what the bodies of these entries need together; raises SourceError."""
        return

    async def _is_gone(self, article_id: str) -> bool:  # noqa: ARG002 - for those that know more
        """Ask for an article that a full listing lacked; for APIs whose pages move while they are read."""
        return True

    @abstractmethod
    async def check(self) -> str:
        """Say in a line what is there; raises SourceError with the remedy if it cannot."""

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """List everything or what changed; see ArticleSource. ListingComplete ends the first only."""
        began = self._clock()
        cursor = self._read_cursor()
        containers = revision_of(await self._containers())
        since = self._since(began)
        whole = full or not self._may_go_on(cursor, containers, began)
        listing = self._listing = _Listing({} if full else known)
        try:
            items = self._everything() if whole or cursor is None else self._changes(cursor.since)
            async for found in self._found(items, listing):
                yield found
        finally:
            await self._converter.close()
        if whole:
            await self._confirm(set(known) - listing.seen)
            yield ListingComplete()
        if not listing.must_repeat:  # else what failed for now is listed again
            full_at = began if whole or cursor is None else cursor.full_at
            self.cursor = Cursor(full_at=full_at, containers=containers, since=since).model_dump_json()

    async def _confirm(self, missing: set[str]) -> None:
        for article_id in sorted(missing):
            if not await self._is_gone(article_id):
                raise TransientSourceError(
                    f"source {self.name}: {article_id} was not listed, but is there: the list changed while it "
                    "was read; nothing was removed; the next sync tries again"
                )

    async def close(self) -> None:
        """End the converter's process and the connections."""
        await self._converter.close()
        await self._client.close()

    def _since(self, began: datetime) -> datetime:
        """Give from when the next delta must look, by the helpdesk's own clock where it has told it."""
        said = self._client.server_time
        return began - _UNSURE_CLOCK if said is None else said - _OVERLAP

    def _read_cursor(self) -> Cursor | None:
        if self.cursor is None:
            return None
        try:
            return Cursor.model_validate_json(self.cursor)
        except ValidationError:
            self._log.warning("the cursor is not understood; everything is listed")
            return None

    def _may_go_on(self, cursor: Cursor | None, containers: str, now: datetime) -> bool:
        return (
            self.lists_changes
            and cursor is not None
            and cursor.containers == containers
            and cursor.full_at <= now < cursor.full_at + self._full_every
        )

    async def _found(self, items: AsyncIterator[Item], listing: _Listing) -> AsyncIterator[Found]:
        batch: list[Entry] = []
        async for item in items:
            if not listing.is_new(item):
                continue
            if not isinstance(item, Entry):
                yield item
            elif listing.known.get(item.id) == item.revision:
                yield Unchanged(item.id)
            else:
                batch.append(item)
            if len(batch) >= _BATCH:
                for found in await self._finished(batch, listing):
                    yield found
                batch = []
        for found in await self._finished(batch, listing):
            yield found

    async def _finished(self, batch: list[Entry], listing: _Listing) -> list[Found]:
        """Fetch and convert some entries at a time; raises what ends the listing, after nothing else."""
        if batch:
            await self._prepare(batch)
        outcomes = await asyncio.gather(*(self._finish(entry) for entry in batch), return_exceptions=True)
        found: list[Found] = []
        for entry, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                found.append(self._failed(entry, outcome))
            else:
                listing.failures = 0
                found.append(outcome)
        return found

    async def _finish(self, entry: Entry) -> Article:
        return await finished(self.name, entry, await self._body(entry), self._converter)

    def _failed(self, entry: Entry, error: BaseException) -> Failed:
        """Make a Failed of what concerns one article; raises everything else."""
        if isinstance(error, NotThere):
            return Failed(entry.id, f"“{entry.title}” was listed, but is not there: {error}")
        if isinstance(error, ArticleError):
            return Failed(entry.id, str(error))
        if isinstance(error, TransientSourceError):
            return self._later(entry.id, error)
        raise error

    def _later(self, article_id: str, error: TransientSourceError) -> Failed:
        """Make a Failed of what may pass, so that the next sync lists it again; raises it where all fail."""
        self._listing.must_repeat = True
        self._listing.failures += 1
        if self._listing.failures >= _MOST_FAILURES:
            raise error
        return Failed(article_id, str(error))
