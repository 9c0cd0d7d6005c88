"""Pages of Confluence spaces, in the cloud or in a data centre.

The endpoints are those of https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content/.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urljoin

import httpx
from pydantic import AwareDatetime, Field

from knowledge.errors import PermanentSourceError
from knowledge.models import Failed, Removed
from knowledge.sources.base import read_options
from knowledge.sources.helpdesk.audience import narrowest
from knowledge.sources.helpdesk.client import HelpdeskClient, NotThere
from knowledge.sources.helpdesk.entries import Body, Entry
from knowledge.sources.helpdesk.options import HelpdeskOptions, checked_url, read_token
from knowledge.sources.helpdesk.pages import Payload, checked_items, checked_object, linked_pages, read_each
from knowledge.sources.helpdesk.source import HelpdeskSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from config.settings import SourceSettings
    from knowledge.sources.helpdesk.source import Item

_PAGE: Final = 50
_READ: Final = "restrictions.read.restrictions"
_EXPAND: Final = f"version,space,ancestors,metadata.labels,{_READ}.user,{_READ}.group"


class ConfluenceOptions(HelpdeskOptions):
    """Beside what all helpdesks know: the keys of the `spaces`, and in the cloud the token's owner's `email`."""

    spaces: tuple[str, ...] = Field(min_length=1)
    email: str = ""


class _Version(Payload):
    number: int
    when: AwareDatetime | None = None


class _Ancestor(Payload):
    id: str
    title: str = ""


class _Page(Payload):
    id: str
    title: str
    status: str = "current"
    version: _Version
    ancestors: tuple[_Ancestor, ...]
    restrictions: dict[str, Any]
    metadata: dict[str, Any] = Field(default_factory=dict)
    links: dict[str, Any] = Field(default_factory=dict, alias="_links")


class ConfluenceSource(HelpdeskSource):
    """The pages of some spaces.

    Restrictions hold for all pages below, and changing one touches none of them: so every sync lists all
    pages with their restrictions, without texts, and fetches the text of what is new.
    """

    lists_changes = False
    _options: ConfluenceOptions
    _base: str
    _pages: list[_Page | Failed]
    _readers: dict[str, frozenset[str] | None]

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, ConfluenceOptions)
        url = checked_url(settings, allow_http=options.allow_http, example="https://acme.atlassian.net/wiki")
        token = read_token(settings, needs="an Atlassian API token, or a personal access token")
        headers = {} if options.email else {"Authorization": f"Bearer {token}"}
        auth = httpx.BasicAuth(options.email, token) if options.email else None
        client = HelpdeskClient(settings.name, url, headers=headers, auth=auth, limits=options.limits())
        source = cls(
            settings.name, client, options.rules(settings.audience), full_every=options.longest_delta
        )
        source._options, source._base = options, url
        return source

    async def check(self) -> str:
        """Name the spaces."""
        names = []
        for key in self._options.spaces:
            try:
                said = await self._client.json(f"rest/api/space/{key}", f"the space {key}")
            except NotThere as error:
                raise PermanentSourceError(f"{error} Correct spaces, or let the token see {key}") from None
            names.append(str(checked_object(self.name, key, said).get("name", key)))
        return f"{', '.join(names)} at {self._client.host}"

    async def _containers(self) -> object:
        self._pages = []
        for key in self._options.spaces:
            what = f"pages of {key}"
            query = {
                "cql": f'space = "{key}" and type = page order by created',
                "expand": _EXPAND,
                "limit": _PAGE,
            }
            first = ("rest/api/content/search", query)
            async for page in linked_pages(self._client, self.name, what, first, self._next):
                self._pages += read_each(_Page, checked_items(self.name, what, page.get("results")), _id_of)
        self._readers = {
            page.id: self._readers_of(page) for page in self._pages if not isinstance(page, Failed)
        }
        return sorted((page_id, readers) for page_id, readers in self._readers.items() if readers is not None)

    def _next(self, page: dict[str, Any]) -> str | None:
        """Give the next page's address, which is written without the context path (`/wiki`)."""
        links = page.get("_links")
        address = links.get("next") if isinstance(links, dict) else None
        if not address:
            return None
        context = str(links.get("context", "")) if isinstance(links, dict) else ""
        return address if str(address).startswith(context) else context + str(address)

    async def _everything(self) -> AsyncIterator[Item]:
        for page in self._pages:
            yield page if isinstance(page, Failed) else self._entry(page)

    def _entry(self, page: _Page) -> Entry | Removed:
        above = [self._readers.get(one.id, self._rules.some()) for one in page.ancestors]
        audience = narrowest(self._rules.source, self._readers[page.id], *above)
        if not audience or page.status != "current":
            return Removed(page.id)
        labels = page.metadata.get("labels") or {}
        names = [str(label["name"]) for label in labels.get("results", ()) if isinstance(label, dict)]
        return Entry(
            id=page.id,
            title=page.title,
            audience=audience,
            url=urljoin(self._base + "/", str(page.links.get("webui", "")).lstrip("/")),
            updated_at=page.version.when,
            labels=tuple(dict.fromkeys((*(one.title for one in page.ancestors if one.title), *names))),
            stamp=str(page.version.number),
        )

    def _readers_of(self, page: _Page) -> frozenset[str] | None:
        """Give the labels of who may read a page by its own restrictions; None for all who see the space."""
        match page.restrictions:
            case {
                "read": {
                    "restrictions": {"user": {"results": list(users)}, "group": {"results": list(groups)}}
                }
            }:
                if not users and not groups:
                    return None
                named = [_names_of(group) for group in groups]
                return self._rules.only([*named, *([("users",)] if users else [])])
        return self._rules.some()  # not understood: not for everybody

    async def _body(self, entry: Entry) -> Body:
        what = f"the page {entry.id}"
        path = f"rest/api/content/{entry.id}"
        said = await self._client.json(path, what, {"expand": "body.export_view,version"})
        body = checked_object(self.name, what, checked_object(self.name, what, said).get("body"))
        view = checked_object(self.name, what, body.get("export_view"))
        return Body(str(view.get("value") or ""))

    async def _is_gone(self, article_id: str) -> bool:
        what = f"the page {article_id}"
        try:
            said = await self._client.json(f"rest/api/content/{article_id}", what, {"expand": "space"})
        except NotThere:
            return True
        match said:
            case {"status": str(status)} if status != "current":
                return True
            case {"space": {"key": str(key)}}:
                return key not in self._options.spaces
        return False  # not understood: no evidence


def _names_of(group: Any) -> tuple[str, ...]:
    """Give the names under which the config may know a group."""
    if not isinstance(group, dict):
        return ("",)
    return tuple(str(group[key]) for key in ("name", "id") if group.get(key))


def _id_of(item: Any) -> str:
    return str(item["id"])
