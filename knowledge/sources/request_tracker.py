"""Articles of Request Tracker by its REST 2 interface (https://docs.bestpractical.com/rt/5.0/RT/REST2.html)."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

import httpx
from pydantic import Field

from knowledge.errors import ArticleError, PermanentSourceError
from knowledge.models import Failed, Removed
from knowledge.sources.base import read_options
from knowledge.sources.helpdesk.audience import narrowest
from knowledge.sources.helpdesk.client import HelpdeskClient, NotThere
from knowledge.sources.helpdesk.entries import Body, Entry
from knowledge.sources.helpdesk.options import HelpdeskOptions, RestrictedLabels, checked_url, read_token
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
    from collections.abc import AsyncIterator, Mapping

    from config.settings import SourceSettings
    from knowledge.sources.helpdesk.source import Item

_API: Final = "REST/2.0"
_PAGE: Final = 100
_FIELDS: Final = "Name,Summary,LastUpdated,Disabled,Class"
_BLANK_LINES: Final = re.compile(r"\n\s*\n")
_TEXT_TYPES: Final = frozenset({"Text", "Wikitext", "Freeform"})


class RequestTrackerOptions(HelpdeskOptions):
    """Beside what all helpdesks know: the `classes` that are read, by name; by default all.

    With a `user` the secret is that user's password, else it is an authentication token. `body_fields` are
    the custom fields that make the text, in this order; by default all of Text, HTML and Wikitext. `groups`
    gives the labels of single classes: REST 2 does not say who may see one.
    """

    classes: tuple[str, ...] = ()
    user: str = ""
    body_fields: tuple[str, ...] = ()
    groups: dict[str, RestrictedLabels] = Field(default_factory=dict)


class _Class(Payload):
    id: str | int
    Name: str
    Disabled: str | int | None = None


class _Ref(Payload):
    id: str | int


class _Article(Payload):
    id: str | int
    Name: str | None = None
    Summary: str | None = None
    LastUpdated: datetime
    Disabled: str | int | None = None
    Class: _Ref


class RequestTrackerSource(HelpdeskSource):
    """The articles of one Request Tracker.

    A disabled article silently leaves its lists, also those of what changed; so disabled ones are asked for
    as well, and are the evidence that an article is gone.
    """

    _options: RequestTrackerOptions
    _base: str
    _classes: dict[str, _Class]
    _types: dict[str, str]

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, RequestTrackerOptions)
        url = checked_url(settings, allow_http=options.allow_http, example="https://rt.acme.com")
        token = read_token(settings, needs="a Request Tracker token, or a password with user")
        headers = {} if options.user else {"Authorization": f"token {token}"}
        auth = httpx.BasicAuth(options.user, token) if options.user else None
        client = HelpdeskClient(settings.name, url, headers=headers, auth=auth, limits=options.limits())
        source = cls(
            settings.name, client, options.rules(settings.audience), full_every=options.longest_delta
        )
        source._options, source._base, source._types = options, url, {}
        return source

    async def check(self) -> str:
        """Name the classes."""
        await self._containers()
        return f"{', '.join(one.Name for one in self._classes.values())} at {self._client.host}"

    async def _containers(self) -> object:
        query: list[Mapping[str, str]] = [{"field": "id", "operator": ">", "value": "0"}]
        items = [
            item async for page in self._pages("classes", "classes", "Name,Disabled", query) for item in page
        ]
        found = [one for one in read_all(self.name, "classes", _Class, items) if not _is_set(one.Disabled)]
        if missing := sorted(set(self._options.classes) - {one.Name for one in found}):
            raise PermanentSourceError(
                f"source {self.name}: {self._client.host} shows no class {', '.join(missing)}; correct "
                "classes, or give the user the right SeeClass"
            )
        wanted = [one for one in found if not self._options.classes or one.Name in self._options.classes]
        self._classes = {str(one.id): one for one in wanted}
        return sorted(one.model_dump_json() for one in wanted)

    async def _pages(
        self, path: str, what: str, fields: str, query: list[Mapping[str, str]]
    ) -> AsyncIterator[list[Any]]:
        """Give the entries of each page, by number, and hold them against the total that each page names."""
        walk = PageWalk(self.name, what)
        number = 1
        while True:
            walk.enter(str(number))
            params = {
                "query": json.dumps(query),
                "fields": fields,
                "per_page": _PAGE,
                "page": number,
                "orderby": "id",
                "find_disabled_rows": 1,
            }
            page = checked_object(self.name, what, await self._client.json(f"{_API}/{path}", what, params))
            items = checked_items(self.name, what, page.get("items"))
            total = page.get("total")
            walk.expect(
                int(total) if isinstance(total, int | str) and str(total).isdecimal() else None, len(items)
            )
            yield items
            if not page.get("next_page"):
                break
            number += 1
        walk.end()

    async def _everything(self) -> AsyncIterator[Item]:
        async for item in self._listed([{"field": "id", "operator": ">", "value": "0"}]):
            yield item

    async def _changes(self, since: datetime) -> AsyncIterator[Item]:
        moment = since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        async for item in self._listed([{"field": "LastUpdated", "operator": ">", "value": moment}]):
            yield item

    async def _listed(self, query: list[Mapping[str, str]]) -> AsyncIterator[Item]:
        async for items in self._pages("articles", "articles", _FIELDS, query):
            for said in read_each(_Article, items, _id_of):
                yield said if isinstance(said, Failed) else self._entry(said)

    def _entry(self, article: _Article) -> Entry | Removed:
        inside = self._classes.get(str(article.Class.id))
        if inside is None or _is_set(article.Disabled):
            return Removed(str(article.id))
        mapped = self._options.groups.get(inside.Name, self._options.groups.get(str(inside.id)))
        updated_at = article.LastUpdated
        return Entry(
            id=str(article.id),
            title=article.Name or "",
            audience=narrowest(self._rules.source, mapped),
            url=f"{self._base}/Articles/Article/Display.html?id={article.id}",
            updated_at=updated_at if updated_at.tzinfo else updated_at.replace(tzinfo=UTC),
            labels=(inside.Name,),
            stamp=_stamp(article.Summary, self._options.body_fields),
        )

    async def _body(self, entry: Entry) -> Body:
        what = f"the article {entry.id}"
        said = checked_object(self.name, what, await self._client.json(f"{_API}/article/{entry.id}", what))
        parts: dict[str, str] = {}
        for field in checked_items(self.name, what, said.get("CustomFields")):
            if isinstance(field, dict) and (text := await self._text_of(field)):
                parts[str(field.get("name", ""))] = text
        wanted = self._options.body_fields or tuple(parts)
        chosen = {name: parts[name] for name in wanted if name in parts}
        if not chosen:
            raise ArticleError(f"{self.name}/{entry.id}: “{entry.title}” has no text; write some in RT")
        if len(chosen) == 1:
            return Body(next(iter(chosen.values())))
        return Body("\n".join(f"<h2>{html.escape(name)}</h2>\n{text}" for name, text in chosen.items()))

    async def _text_of(self, field: Mapping[str, Any]) -> str:
        """Give a custom field's values as HTML; empty for one that is no text."""
        number = str(field.get("id"))
        values = [value for value in field.get("values") or () if isinstance(value, str) and value.strip()]
        if not values or not number.isdecimal():
            return ""
        if number not in self._types:
            said = await self._client.json(f"{_API}/customfield/{number}", f"the custom field {number}")
            self._types[number] = str(said.get("Type", "")) if isinstance(said, dict) else ""
        if self._types[number] == "HTML":
            return "\n".join(values)
        return "\n".join(map(_as_html, values)) if self._types[number] in _TEXT_TYPES else ""

    async def _is_gone(self, article_id: str) -> bool:
        what = f"the article {article_id}"
        try:
            said = checked_object(
                self.name, what, await self._client.json(f"{_API}/article/{article_id}", what)
            )
        except NotThere:
            return True
        inside = said.get("Class")
        class_id = str(inside.get("id")) if isinstance(inside, dict) else ""
        return _is_set(said.get("Disabled")) or class_id not in self._classes


def _stamp(summary: str | None, body_fields: tuple[str, ...]) -> str:
    """Give what of an article's revision its other fields do not say."""
    return json.dumps([summary, body_fields])


def _as_html(text: str) -> str:
    paragraphs = _BLANK_LINES.split(text.replace("\r\n", "\n").strip())
    return "\n".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in paragraphs)


def _is_set(value: object) -> bool:
    return str(value or "0") not in {"0", ""}


def _id_of(item: Any) -> str:
    return str(int(item["id"]))
