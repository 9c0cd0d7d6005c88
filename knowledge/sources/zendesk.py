"""Articles of Zendesk Guide.

The endpoints are those of https://developer.zendesk.com/api-reference/help_center/help-center-api/articles/
and of "Understanding incremental article exports" beside it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

import httpx
from pydantic import AwareDatetime

from knowledge.models import Failed, Removed
from knowledge.sources.base import read_options
from knowledge.sources.helpdesk.attachments import Attachment, attached_text
from knowledge.sources.helpdesk.audience import NOBODY, narrowest
from knowledge.sources.helpdesk.client import HelpdeskClient, NotThere
from knowledge.sources.helpdesk.entries import Body, Entry
from knowledge.sources.helpdesk.options import HelpdeskOptions, checked_url, read_token
from knowledge.sources.helpdesk.pages import (
    PageWithoutEnd,
    Payload,
    checked_items,
    checked_object,
    linked_pages,
    read_all,
    read_each,
)
from knowledge.sources.helpdesk.source import HelpdeskSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from config.settings import SourceSettings
    from knowledge.models import Found
    from knowledge.sources.helpdesk.source import Item

_API: Final = "api/v2/help_center"
_PAGE: Final = {"page[size]": 100}


class ZendeskOptions(HelpdeskOptions):
    """Beside what all helpdesks know: the `email` of the API token's owner (without one the token is OAuth's).

    `locales` are those that are read, by default all; `attachments` says whether files are read too.
    """

    email: str = ""
    locales: tuple[str, ...] = ()
    attachments: bool = True


class _Article(Payload):
    id: int
    title: str
    body: str | None = None
    locale: str
    html_url: str | None = None
    section_id: int | None = None
    label_names: tuple[str, ...] = ()
    draft: bool = False
    user_segment_id: int | None = None
    user_segment_ids: tuple[int, ...] | None = None
    updated_at: AwareDatetime
    edited_at: AwareDatetime | None = None


class _Category(Payload):
    id: int
    name: str


class _Section(_Category):
    category_id: int | None = None
    parent_section_id: int | None = None


class _Segment(Payload):
    id: int
    name: str
    user_type: str = ""


class _Changed(Payload):
    id: int


class _Translation(Payload):
    locale: str
    hidden: bool = False


class _File(Payload):
    file_name: str
    content_url: str
    inline: bool = False


class ZendeskSource(HelpdeskSource):
    """The help centre of one Zendesk brand; an article in two locales is two articles, `ID:LOCALE`."""

    _options: ZendeskOptions
    _known: Mapping[str, str]
    _sections: Mapping[int, _Section]
    _categories: Mapping[int, str]
    _segments: Mapping[int, _Segment]
    _locales: tuple[str, ...]

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, ZendeskOptions)
        url = checked_url(settings, allow_http=options.allow_http, example="https://acme.zendesk.com")
        token = read_token(settings, needs="a Zendesk API token, with its owner's address as email")
        headers = {} if options.email else {"Authorization": f"Bearer {token}"}
        auth = httpx.BasicAuth(f"{options.email}/token", token) if options.email else None
        client = HelpdeskClient(settings.name, url, headers=headers, auth=auth, limits=options.limits())
        source = cls(
            settings.name, client, options.rules(settings.audience), full_every=options.longest_delta
        )
        source._options = options
        source._known = {}
        return source

    async def articles(self, known: Mapping[str, str], *, full: bool = False) -> AsyncIterator[Found]:
        """List everything or what changed; see HelpdeskSource."""
        self._known = known
        async for found in super().articles(known, full=full):
            yield found

    async def check(self) -> str:
        """Say how many sections and locales there are."""
        await self._containers()
        return f"{len(self._sections)} sections in {', '.join(self._locales)} at {self._client.host}"

    async def _containers(self) -> object:
        said = await self._client.json(f"{_API}/locales.json", "the locales")
        enabled = checked_items(
            self.name, "locales", checked_object(self.name, "locales", said).get("locales")
        )
        self._locales = self._options.locales or tuple(str(locale) for locale in enabled)
        categories = await self._all("categories", _Category)
        sections = await self._all("sections", _Section)
        segments = await self._all("user_segments", _Segment)
        self._categories = {category.id: category.name for category in categories}
        self._sections = {section.id: section for section in sections}
        self._segments = {segment.id: segment for segment in segments}
        lists = (categories, sections, segments)
        return [sorted(one.model_dump_json() for one in some) for some in lists], self._locales

    async def _all(self, what: str, kind: type[Any]) -> list[Any]:
        pages = self._pages(f"{_API}/{what}", what)
        return read_all(self.name, what, kind, [item async for items in pages for item in items])

    async def _pages(self, path: str, what: str) -> AsyncIterator[list[Any]]:
        """Give the entries of each page, by cursor."""
        async for page in linked_pages(self._client, self.name, what, (path, _PAGE), _next_link):
            yield checked_items(self.name, what, page.get(what.rpartition(" ")[2]))

    async def _everything(self) -> AsyncIterator[Item]:
        for locale in self._locales:
            async for items in self._pages(f"{_API}/{locale.lower()}/articles", f"{locale} articles"):
                for said in read_each(_Article, items, partial(_id_in, locale)):
                    if isinstance(said, Failed):
                        yield said
                    else:
                        yield self._entry(said) or Removed(f"{said.id}:{said.locale}")

    async def _changes(self, since: datetime) -> AsyncIterator[Item]:
        what = "changed articles"
        first = (f"{_API}/incremental/articles.json", {"start_time": int(since.timestamp())})
        done: set[int] = set()
        async for page in linked_pages(self._client, self.name, what, first, _Exports()):
            for item in read_each(_Changed, checked_items(self.name, what, page.get("articles")), _no_id):
                if isinstance(item, Failed):
                    yield item
                elif item.id not in done:
                    done.add(item.id)
                    async for changed in self._article(item.id):
                        yield changed

    async def _article(self, number: int) -> AsyncIterator[Item]:
        """Give a changed article in every locale, and evidence for each in which it is no more."""
        try:
            said = await self._client.json(
                f"{_API}/articles/{number}/translations.json", f"the translations of {number}"
            )
            what = f"translations of {number}"
            items = checked_items(self.name, what, checked_object(self.name, what, said).get("translations"))
            listed = read_all(self.name, what, _Translation, items)
            present = {one.locale for one in listed if not one.hidden}
            for locale in self._locales:
                if locale in present:
                    yield await self._in(locale, number)
                elif f"{number}:{locale}" in self._known:
                    yield Removed(f"{number}:{locale}")
        except NotThere as error:  # the next full listing tells whether it is gone
            self._log.info("a changed article is not there", article=number, reason=str(error))

    async def _in(self, locale: str, number: int) -> Item:
        path = f"{_API}/{locale.lower()}/articles/{number}.json"
        said = await self._client.json(path, f"the article {number}")
        item = checked_object(self.name, f"article {number}", said).get("article")
        [article] = read_each(_Article, [item], lambda _item: f"{number}:{locale}")
        if isinstance(article, Failed):
            return article
        return self._entry(article) or Removed(f"{number}:{locale}")

    def _entry(self, article: _Article) -> Entry | None:
        """Give the entry of an article; None for a draft that nobody reads."""
        draft = (self._rules.drafts or NOBODY) if article.draft else None
        audience = narrowest(self._rules.source, self._segments_of(article), draft)
        if not audience:
            return None
        section = self._sections.get(article.section_id or 0)
        above = self._sections.get(section.parent_section_id or 0) if section else None
        category = self._categories.get(section.category_id or 0) if section else None
        places = (category, above.name if above else None, section.name if section else None)
        return Entry(
            id=f"{article.id}:{article.locale}",
            title=article.title,
            audience=audience,
            html=article.body or "",
            url=article.html_url,
            updated_at=article.edited_at or article.updated_at,
            language=article.locale,
            labels=tuple(dict.fromkeys(place for place in (*places, *article.label_names) if place)),
        )

    def _segments_of(self, article: _Article) -> frozenset[str] | None:
        """Give the labels of who may see an article; None for everybody."""
        numbers = set(article.user_segment_ids or ())
        if article.user_segment_id is not None:
            numbers.add(article.user_segment_id)
        if not numbers:
            return None
        segments = [(number, self._segments.get(number)) for number in sorted(numbers)]
        return self._rules.only(
            (str(number), *((segment.name, segment.user_type) if segment else ()))
            for number, segment in segments
        )

    async def _body(self, entry: Entry) -> Body:
        html = entry.html or ""
        if not self._options.attachments:
            return Body(html)
        number = entry.id.partition(":")[0]
        what = "article_attachments"
        files: list[_File] = []
        async for page in linked_pages(
            self._client, self.name, what, (f"{_API}/articles/{number}/attachments.json", _PAGE), _next_link
        ):
            files += read_all(self.name, what, _File, checked_items(self.name, what, page.get(what)))
        hanging = [Attachment(file.file_name, file.content_url) for file in files if not file.inline]
        return Body(
            html, await attached_text(f"{self.name}/{entry.id}", hanging, self._client, self._converter)
        )


def _id_in(locale: str, item: Any) -> str:
    return f"{int(item['id'])}:{locale}"


def _no_id(_item: Any) -> str:
    return ""


def _next_link(page: dict[str, Any]) -> str | None:
    """Give the next page's address; raises where a page does not say whether there is one."""
    match page:
        case {"meta": {"has_more": False}}:
            return None
        case {"meta": {"has_more": True}, "links": {"next": str(address)}}:
            return address
    raise PageWithoutEnd


class _Exports:
    """Gives the next page of an export: the last one names itself, or none."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, page: dict[str, Any]) -> str | None:
        address = page.get("next_page")
        if not isinstance(address, str) or address in self._seen:
            return None
        self._seen.add(address)
        return address
