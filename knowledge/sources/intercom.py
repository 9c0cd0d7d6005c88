"""Articles of Intercom (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/articles)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import Field

from knowledge.models import Failed, Removed
from knowledge.sources.base import read_options
from knowledge.sources.helpdesk.audience import NOBODY, narrowest
from knowledge.sources.helpdesk.client import HelpdeskClient
from knowledge.sources.helpdesk.entries import Entry
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
    from collections.abc import AsyncIterator, Iterator

    from config.settings import SourceSettings
    from knowledge.sources.helpdesk.source import Item

_VERSION: Final = "2.15"
_PAGE: Final = 50
_DEEPEST: Final = 10
_SIGNED = re.compile(r"""(https://[\w.-]*intercomcdn\.com/[^\s"'?<>]*)\?[^\s"'<>]*""")
"""A picture's address with a signature that is another each time and soon runs out: no change of the article."""


class IntercomOptions(HelpdeskOptions):
    """Beside what all helpdesks know: `languages` that are read, by default all that an article has."""

    languages: tuple[str, ...] = ()


class _Collection(Payload):
    id: str
    name: str | None = None
    parent_id: str | int | None = None


class _Text(Payload):
    title: str | None = None
    body: str | None = None
    state: str = "draft"
    url: str | None = None
    updated_at: int | None = None


class _Article(_Text):
    id: str
    updated_at: int
    parent_id: int | str | None = None
    default_locale: str | None = None
    translated_content: dict[str, Any] | None = None
    tags: dict[str, Any] = Field(default_factory=dict)


class IntercomSource(HelpdeskSource):
    """The articles of one Intercom workspace; `ID`, and `ID:LANGUAGE` for its translations."""

    _options: IntercomOptions
    _collections: dict[str, _Collection]

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, IntercomOptions)
        url = checked_url(settings, allow_http=options.allow_http, example="https://api.intercom.io")
        token = read_token(settings, needs="the access token of an Intercom app")
        headers = {"Authorization": f"Bearer {token}", "Intercom-Version": _VERSION}
        client = HelpdeskClient(settings.name, url, headers=headers, limits=options.limits())
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
        what = "collections"
        items = [item async for page in self._pages("help_center/collections", what) for item in page]
        found = read_all(self.name, what, _Collection, items)
        self._collections = {collection.id: collection for collection in found}
        return sorted(collection.model_dump_json() for collection in found)

    async def _pages(self, path: str, what: str) -> AsyncIterator[list[Any]]:
        """Give the entries of each page, by cursor, and hold their number against the total."""
        walk = PageWalk(self.name, what)
        after = ""
        while True:
            walk.enter(after)
            said = await self._client.json(
                path, what, {"per_page": _PAGE} | ({"starting_after": after} if after else {})
            )
            page = checked_object(self.name, what, said)
            items = checked_items(self.name, what, page.get("data"))
            total = page.get("total_count")
            walk.expect(total if isinstance(total, int) else None, len(items))
            yield items
            match page.get("pages"):
                case {"next": {"starting_after": str(after)}} if after:
                    continue
            walk.end()
            return

    async def _everything(self) -> AsyncIterator[Item]:
        async for items in self._pages("articles", "articles"):
            for said in read_each(_Article, items, _id_of):
                if isinstance(said, Failed):
                    yield said
                else:
                    for entry in self._entries(said):
                        yield entry

    async def _changes(self, since: datetime) -> AsyncIterator[Item]:
        """Read from the newest change to the first that is older: so the API sorts articles."""
        async for items in self._pages("articles", "articles"):
            for said in read_each(_Article, items, _id_of):
                if isinstance(said, Failed):
                    yield said
                elif said.updated_at < since.timestamp():
                    return
                else:
                    for entry in self._entries(said):
                        yield entry

    def _entries(self, article: _Article) -> Iterator[Item]:
        own = article.default_locale
        if own is None or not self._options.languages or own in self._options.languages:
            yield self._entry(article, article.id, article, own)
        for locale, said in sorted((article.translated_content or {}).items()):
            wanted = not self._options.languages or locale in self._options.languages
            if not isinstance(said, dict) or locale == own or not wanted:
                continue
            article_id = f"{article.id}:{locale}"
            [text] = read_each(_Text, [said], partial(_known_id, article_id))
            yield text if isinstance(text, Failed) else self._entry(article, article_id, text, locale)

    def _entry(self, article: _Article, article_id: str, text: _Text, locale: str | None) -> Entry | Removed:
        draft = None if text.state == "published" else (self._rules.drafts or NOBODY)
        audience = narrowest(self._rules.source, draft)
        if not audience:
            return Removed(article_id)
        tags = article.tags.get("tags") or []
        names = [str(tag["name"]) for tag in tags if isinstance(tag, dict) and tag.get("name")]
        return Entry(
            id=article_id,
            title=text.title or "",
            audience=audience,
            html=_SIGNED.sub(r"\1", text.body or ""),
            url=text.url or article.url,
            updated_at=datetime.fromtimestamp(text.updated_at or article.updated_at, UTC),
            language=locale,
            labels=tuple(dict.fromkeys((*self._places(article.parent_id), *names))),
        )

    def _places(self, collection_id: str | int | None) -> list[str]:
        """Give the names of the collections that an article is in, from the outermost."""
        names: list[str] = []
        while (collection := self._collections.get(str(collection_id))) is not None and len(names) < _DEEPEST:
            names.insert(0, collection.name or "")
            collection_id = collection.parent_id
        return [name for name in names if name]


def _known_id(article_id: str, _item: Any) -> str:
    return article_id


def _id_of(item: Any) -> str:
    return str(item["id"])
