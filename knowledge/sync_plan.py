"""Compares what a source lists with what the bot holds; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from knowledge.models import Article, Failed, ListingComplete, Removed, SyncPlan, Unchanged
from knowledge.tables import storable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from knowledge.models import Found

LARGEST_REMOVAL: Final = 0.2
"""The share of a source's articles that a sync removes without asking an admin; one article always may go."""


def plan_sync(
    source: str,
    known: Mapping[str, str],
    found: Iterable[Found],
    *,
    accept_empty: bool = False,
    accepted: Collection[str] = (),
) -> SyncPlan:
    """Compare what a source lists with `known` (article id to revision).

    What is known and not listed is removed only after ListingComplete, and only if something was listed, or
    with `accept_empty`; a failed article without an id keeps everything. Of two with one id the first counts.
    A removal of more than LARGEST_REMOVAL is held, but for the ids that an admin has `accepted`.
    """
    listing = _Listing(source)
    for item in found:
        listing.take(item)
    plan = listing.plan(known, accept_empty=accept_empty)
    return plan if accept_empty else _held_back(plan, known, accepted)


def _held_back(plan: SyncPlan, known: Mapping[str, str], accepted: Collection[str]) -> SyncPlan:
    asked = tuple(article_id for article_id in plan.removed if article_id not in accepted)
    if len(asked) <= max(1, LARGEST_REMOVAL * len(known)):
        return plan
    removed = tuple(article_id for article_id in plan.removed if article_id in accepted)
    return replace(plan, removed=removed, held=asked)


def refused_as_empty(plan: SyncPlan, known: Mapping[str, str], found: Iterable[Found]) -> str | None:
    """Say so when a listing reached its end without one readable article while the bot holds some."""
    complete = False
    for item in found:
        if isinstance(item, Article | Unchanged):
            return None
        complete = complete or isinstance(item, ListingComplete)
    kept = set(known).difference(plan.removed, (failed.article_id for failed in plan.failed))
    if not kept or not complete:
        return None
    return (
        f"{plan.source} listed no readable article, while the bot holds {len(kept)} of it; they were kept. "
        "If they are really gone, remove them with `helpdesk-bot articles remove`"
    )


class _Listing:
    """What a source said, the last word on each article."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._listed: dict[str, Article | Unchanged] = {}
        self._removed: dict[str, None] = {}
        self._unread: set[str] = set()
        self._failed: list[Failed] = []
        self._complete = False

    def take(self, item: Found) -> None:
        """Take one item of the listing."""
        match item:
            case Article(id=article_id) if reason := self._refusal(item):
                self.take(Failed(article_id, reason))
            case Article(id=article_id) | Unchanged(article_id) if article_id in self._listed:
                self._failed.append(Failed(article_id, self._duplicate(item)))
            case Article(id=article_id) | Unchanged(article_id):
                self._listed[article_id] = item
                self._removed.pop(article_id, None)
            case Removed(article_id):
                self._listed.pop(article_id, None)
                self._unread.discard(article_id)
                self._removed[article_id] = None
            case Failed(article_id):
                self._failed.append(item)
                self._unread.add(article_id.strip())
                self._removed.pop(article_id, None)
            case ListingComplete():
                self._complete = True

    def plan(self, known: Mapping[str, str], *, accept_empty: bool) -> SyncPlan:
        """Compare with what is known."""
        listed = [item for item in self._listed.values() if isinstance(item, Article)]
        claimed = [item.article_id for item in self._listed.values() if isinstance(item, Unchanged)]
        missing = [article_id for article_id in claimed if article_id not in known]
        reason = "its source says it is unchanged, but the bot does not hold it; run the sync with --full"
        same = sum(known.get(article.id) == article.revision for article in listed)
        by_absence = self._complete and "" not in self._unread and (bool(self._listed) or accept_empty)
        return SyncPlan(
            source=self._source,
            added=tuple(article for article in listed if article.id not in known),
            updated=tuple(a for a in listed if a.id in known and known[a.id] != a.revision),
            removed=tuple(
                article_id
                for article_id in known
                if article_id in self._removed
                or (by_absence and article_id not in self._listed and article_id not in self._unread)
            ),
            unchanged=same + len(claimed) - len(missing),
            failed=(*self._failed, *(Failed(article_id, reason) for article_id in missing)),
        )

    def _refusal(self, article: Article) -> str:
        if not article.id.strip():
            return f"“{article.title}” has no id"
        if storable(article.id) != article.id:
            return "its id has characters that no database can hold"
        if article.source != self._source:
            return f"it says it is of source {article.source}, but {self._source} listed it"
        if not article.audience:
            return "nobody may read it: it has no audience"
        return ""

    def _duplicate(self, item: Article | Unchanged) -> str:
        article_id = item.id if isinstance(item, Article) else item.article_id
        kept = self._listed[article_id]
        names = [f"“{one.title}”" if isinstance(one, Article) else "one as before" for one in (kept, item)]
        return f"two articles have the id {article_id}: {names[0]} was taken, {names[1]} was left out"
