"""Articles of Help Scout Docs (https://developer.helpscout.com/docs-api/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import httpx
from pydantic import AwareDatetime

from knowledge.models import Failed, Removed
from knowledge.sources.base import read_options
from knowledge.sources.helpdesk.audience import NOBODY, narrowest
from knowledge.sources.helpdesk.client import HelpdeskClient, NotThere
from knowledge.sources.helpdesk.entries import Body, Entry
from knowledge.sources.helpdesk.options import HelpdeskOptions, checked_url, read_token
from knowledge.sources.helpdesk.pages import (
    PageWalk,
    Payload,
    checked_items,
    checked_object,
    read_all,
    read_each,
)
from knowledge.sources.helpdesk.source import HelpdeskSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from config.settings import SourceSettings
    from knowledge.sources.helpdesk.source import Item

_PAGE: Final = 100


class HelpScoutOptions(HelpdeskOptions):
    """Beside what all helpdesks know: `collections` that are read, by id, slug or name; by default all."""

    collections: tuple[str, ...] = ()


class _Collection(Payload):
    id: str
    name: str
    slug: str = ""
    visibility: str = "private"


class _Article(Payload):
    id: str
    name: str
    status: str
    publicUrl: str | None = None  # noqa: N815 - so the API calls it
    updatedAt: AwareDatetime | None = None  # noqa: N815
    createdAt: AwareDatetime | None = None  # noqa: N815


class HelpScoutSource(HelpdeskSource):
    """The collections of one Help Scout account. Lists have no texts: each new revision is fetched alone."""

    lists_changes = False
    _options: HelpScoutOptions
    _collections: list[_Collection]

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, HelpScoutOptions)
        url = checked_url(settings, allow_http=options.allow_http, example="https://docsapi.helpscout.net")
        token = read_token(settings, needs="a Help Scout Docs API key")
        auth = httpx.BasicAuth(token, "X")
        client = HelpdeskClient(settings.name, url, auth=auth, limits=options.limits())
        source = cls(
            settings.name, client, options.rules(settings.audience), full_every=options.longest_delta
        )
        source._options = options
        return source

    async def check(self) -> str:
        """Say how many collections there are."""
        await self._containers()
        return f"{len(self._collections)} collections at {self._client.host}"

    async def _containers(self) -> object:
        pages = self._pages("v1/collections", "collections", "collections")
        items = [item async for page in pages for item in page]
        found = read_all(self.name, "collections", _Collection, items)
        wanted = set(self._options.collections)
        self._collections = [one for one in found if not wanted or wanted & {one.id, one.slug, one.name}]
        return sorted(one.model_dump_json() for one in found)

    async def _pages(self, path: str, envelope: str, what: str) -> AsyncIterator[list[Any]]:
        """Give the entries of each page, by number, and hold them against the count that each page names."""
        walk = PageWalk(self.name, what)
        number, last = 1, 1
        while number <= last:
            walk.enter(str(number))
            said = await self._client.json(path, what, {"page": number, "pageSize": _PAGE})
            outer = checked_object(self.name, what, said)
            page = checked_object(self.name, what, outer.get(envelope))
            items = checked_items(self.name, what, page.get("items"))
            count, pages = page.get("count"), page.get("pages")
            walk.expect(count if isinstance(count, int) else None, len(items))
            last = pages if isinstance(pages, int) else 1
            yield items
            number += 1
        walk.end()

    async def _everything(self) -> AsyncIterator[Item]:
        for collection in self._collections:
            path = f"v1/collections/{collection.id}/articles"
            async for items in self._pages(path, "articles", f"articles of {collection.name}"):
                for said in read_each(_Article, items, _id_of):
                    yield said if isinstance(said, Failed) else self._entry(said, collection)

    def _entry(self, article: _Article, collection: _Collection) -> Entry | Removed:
        names = (collection.id, collection.slug, collection.name, "private")
        readers = None if collection.visibility == "public" else self._rules.only([names])
        draft = None if article.status == "published" else (self._rules.drafts or NOBODY)
        audience = narrowest(self._rules.source, readers, draft)
        if not audience:
            return Removed(article.id)
        return Entry(
            id=article.id,
            title=article.name,
            audience=audience,
            url=article.publicUrl,
            updated_at=article.updatedAt or article.createdAt,
            labels=(collection.name,),
        )

    async def _body(self, entry: Entry) -> Body:
        what = f"the article {entry.id}"
        said = checked_object(self.name, what, await self._client.json(f"v1/articles/{entry.id}", what))
        article = checked_object(self.name, what, said.get("article"))
        return Body(str(article.get("text") or ""))

    async def _is_gone(self, article_id: str) -> bool:
        try:
            said = await self._client.json(f"v1/articles/{article_id}", f"the article {article_id}")
        except NotThere:
            return True
        article = said.get("article") if isinstance(said, dict) else None
        inside = article.get("collectionId") if isinstance(article, dict) else None
        return inside not in {collection.id for collection in self._collections}


def _id_of(item: Any) -> str:
    return str(item["id"])
