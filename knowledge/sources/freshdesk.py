"""Articles of Freshdesk's solutions: categories, folders, articles (https://developers.freshdesk.com/api/#solutions)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

import httpx
from pydantic import AwareDatetime

from knowledge.errors import TransientSourceError
from knowledge.models import Failed, Removed
from knowledge.sources.base import read_options
from knowledge.sources.helpdesk.audience import NOBODY, narrowest
from knowledge.sources.helpdesk.client import HelpdeskClient, NotThere
from knowledge.sources.helpdesk.entries import Entry
from knowledge.sources.helpdesk.options import HelpdeskOptions, checked_url, read_token
from knowledge.sources.helpdesk.pages import Payload, checked_items, read_all, read_each
from knowledge.sources.helpdesk.source import HelpdeskSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from config.settings import SourceSettings
    from knowledge.sources.helpdesk.source import Item

_API: Final = "api/v2/solutions"
_PAGE: Final = 100
_MOST_PAGES: Final = 10_000
_EVERYBODY: Final = 1
_VISIBILITY: Final = {2: "logged-in", 3: "agents", 4: "companies", 5: "bots"}
_PUBLISHED: Final = 2


class FreshdeskOptions(HelpdeskOptions):
    """Beside what all helpdesks know: the `languages` that are read beside the primary one."""

    languages: tuple[str, ...] = ()


class _Category(Payload):
    id: int
    name: str


class _Folder(_Category):
    visibility: int
    company_ids: tuple[int, ...] = ()
    sub_folders_count: int = 0


class _Article(Payload):
    id: int
    title: str
    description: str | None = None
    status: int
    tags: tuple[str, ...] = ()
    updated_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder, the names above it, and who may read there (None: everybody)."""

    folder: int
    names: tuple[str, ...]
    readers: frozenset[str] | None


class FreshdeskSource(HelpdeskSource):
    """The solutions of one Freshdesk. Its API tells no changes, so every sync lists all of them.

    Its pages are numbered: what one deletion moves to the page before is asked for before it counts as gone.
    """

    lists_changes = False
    _options: FreshdeskOptions
    _places: list[_Place]
    _base: str

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, FreshdeskOptions)
        url = checked_url(settings, allow_http=options.allow_http, example="https://acme.freshdesk.com")
        token = read_token(settings, needs="the API key of a Freshdesk agent")
        auth = httpx.BasicAuth(token, "X")
        client = HelpdeskClient(settings.name, url, auth=auth, limits=options.limits())
        source = cls(
            settings.name, client, options.rules(settings.audience), full_every=options.longest_delta
        )
        source._options, source._base = options, url
        return source

    async def check(self) -> str:
        """Say how many folders there are."""
        await self._containers()
        return f"{len(self._places)} folders at {self._client.host}"

    async def _containers(self) -> object:
        self._places = []
        for category in await self._all(f"{_API}/categories", "categories", _Category):
            path = f"{_API}/categories/{category.id}/folders"
            await self._add_folders(path, (category.name,), None)
        return [(place.folder, place.names, place.readers) for place in self._places]

    async def _add_folders(self, path: str, names: tuple[str, ...], readers: frozenset[str] | None) -> None:
        for folder in await self._all(path, "folders", _Folder):
            own = self._readers_of(folder)
            both = None if own is None and readers is None else narrowest(NOBODY, own, readers)
            self._places.append(_Place(folder.id, (*names, folder.name), both))
            if folder.sub_folders_count:
                below = f"{_API}/folders/{folder.id}/subfolders"
                await self._add_folders(below, (*names, folder.name), both)

    def _readers_of(self, folder: _Folder) -> frozenset[str] | None:
        if folder.visibility == _EVERYBODY:
            return None
        if folder.company_ids:
            return self._rules.only((str(company), "companies") for company in folder.company_ids)
        return self._rules.only([(_VISIBILITY.get(folder.visibility, str(folder.visibility)),)])

    async def _all(self, path: str, what: str, kind: type[Any]) -> list[Any]:
        return read_all(
            self.name, what, kind, [item async for page in self._pages(path, what) for item in page]
        )

    async def _pages(self, path: str, what: str) -> AsyncIterator[list[Any]]:
        """Give the entries of each page; a short page is the last one."""
        for number in range(1, _MOST_PAGES):
            said = await self._client.json(path, what, {"page": number, "per_page": _PAGE})
            items = checked_items(self.name, what, said)
            yield items
            if len(items) < _PAGE:
                return
        raise TransientSourceError(f"source {self.name}: the list of {what} does not end")

    async def _everything(self) -> AsyncIterator[Item]:
        for place in self._places:
            for language in (None, *self._options.languages):
                path = f"{_API}/folders/{place.folder}/articles" + (f"/{language}" if language else "")
                async for items in self._pages(path, "articles"):
                    for said in read_each(_Article, items, partial(_id_in, language)):
                        yield said if isinstance(said, Failed) else self._entry(said, place, language)

    def _entry(self, article: _Article, place: _Place, language: str | None) -> Entry | Removed:
        article_id = _id_in(language, {"id": article.id})
        draft = None if article.status == _PUBLISHED else (self._rules.drafts or NOBODY)
        audience = narrowest(self._rules.source, place.readers, draft)
        if not audience:
            return Removed(article_id)
        local = f"{language}/" if language else ""
        return Entry(
            id=article_id,
            title=article.title,
            audience=audience,
            html=article.description or "",
            url=f"{self._base}/{local}support/solutions/articles/{article.id}",
            updated_at=article.updated_at,
            language=language,
            labels=tuple(dict.fromkeys((*place.names, *article.tags))),
        )

    async def _is_gone(self, article_id: str) -> bool:
        number, _, language = article_id.partition(":")
        path = f"{_API}/articles/{number}" + (f"/{language}" if language else "")
        try:
            await self._client.json(path, f"the article {article_id}")
        except NotThere:
            return True
        return bool(language) and language not in self._options.languages


def _id_in(language: str | None, item: Any) -> str:
    return f"{int(item['id'])}:{language}" if language else str(int(item["id"]))
