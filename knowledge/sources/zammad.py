"""Answers of Zammad's knowledge base (https://docs.zammad.org/en/latest/api/intro.html).

One request gives the whole structure without bodies, as assets: tables by name, rows by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import AwareDatetime

from knowledge.errors import ArticleError
from knowledge.models import Failed, Removed
from knowledge.sources.base import read_options
from knowledge.sources.helpdesk.audience import NOBODY, narrowest
from knowledge.sources.helpdesk.client import HelpdeskClient
from knowledge.sources.helpdesk.entries import Body, Entry
from knowledge.sources.helpdesk.options import HelpdeskOptions, checked_url, read_token
from knowledge.sources.helpdesk.pages import Payload, checked_object, read_all, read_each
from knowledge.sources.helpdesk.source import HelpdeskSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from config.settings import SourceSettings
    from knowledge.sources.helpdesk.source import Item

_INIT: Final = "api/v1/knowledge_bases/init"
_WHAT: Final = "the knowledge base"
_DEEPEST: Final = 20


class ZammadOptions(HelpdeskOptions):
    """Beside what all helpdesks know: `locale`, as in the addresses of the public pages."""

    locale: str = "en-us"


class _Category(Payload):
    id: int
    parent_id: int | None = None


class _Titled(Payload):
    id: int
    title: str
    kb_locale_id: int


class _CategoryTitle(_Titled):
    category_id: int


class _AnswerTitle(_Titled):
    answer_id: int
    content_id: int
    updated_at: AwareDatetime


class _Answer(Payload):
    id: int
    category_id: int
    updated_at: AwareDatetime
    archived_at: AwareDatetime | None = None
    internal_at: AwareDatetime | None = None
    published_at: AwareDatetime | None = None


class ZammadSource(HelpdeskSource):
    """The knowledge base of one Zammad; an answer is `ID`, in further locales `ID:LOCALE-ID`."""

    lists_changes = False
    _options: ZammadOptions
    _base: str
    _assets: Mapping[str, Any]
    _contents: dict[int, str]

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, ZammadOptions)
        url = checked_url(settings, allow_http=options.allow_http, example="https://zammad.acme.com")
        token = read_token(settings, needs="a Zammad access token with knowledge_base.reader")
        headers = {"Authorization": f"Token token={token}"}
        client = HelpdeskClient(settings.name, url, headers=headers, limits=options.limits())
        source = cls(
            settings.name, client, options.rules(settings.audience), full_every=options.longest_delta
        )
        source._options, source._base, source._contents = options, url, {}
        return source

    async def check(self) -> str:
        """Say how many answers there are."""
        await self._containers()
        return f"{len(self._table('KnowledgeBaseAnswer'))} answers at {self._client.host}"

    async def _containers(self) -> object:
        """Read everything but the bodies; the order of the tables' rows means nothing."""
        said = await self._client.json(_INIT, _WHAT, body={})
        self._assets = checked_object(self.name, _WHAT, said)
        self._categories = {one.id: one for one in self._rows("KnowledgeBaseCategory", _Category)}
        titles = self._rows("KnowledgeBaseCategoryTranslation", _CategoryTitle)
        self._names = {title.category_id: title.title for title in reversed(titles)}
        return sorted(category.model_dump_json() for category in self._categories.values())

    def _table(self, name: str) -> list[Any]:
        table = checked_object(self.name, f"{name} of {_WHAT}", self._assets.get(name, {}))
        return [table[key] for key in sorted(table, key=lambda key: (len(key), key))]

    def _rows(self, name: str, kind: type[Any]) -> list[Any]:
        return read_all(self.name, f"{name} of {_WHAT}", kind, self._table(name))

    async def _everything(self) -> AsyncIterator[Item]:
        checked_object(self.name, f"KnowledgeBaseAnswer of {_WHAT}", self._assets.get("KnowledgeBaseAnswer"))
        titles: dict[int, list[_AnswerTitle]] = {}
        for title in self._rows("KnowledgeBaseAnswerTranslation", _AnswerTitle):
            titles.setdefault(title.answer_id, []).append(title)
        first = min((title.kb_locale_id for some in titles.values() for title in some), default=0)
        for said in read_each(_Answer, self._table("KnowledgeBaseAnswer"), _id_of):
            if isinstance(said, Failed):
                yield said
                continue
            if said.id not in titles:
                yield Failed(str(said.id), f"{self.name}/{said.id}: Zammad sent it without a title")
            for title in titles.get(said.id, ()):
                article_id = (
                    str(said.id) if title.kb_locale_id == first else f"{said.id}:{title.kb_locale_id}"
                )
                yield self._entry(article_id, said, title)

    def _entry(self, article_id: str, answer: _Answer, title: _AnswerTitle) -> Entry | Removed:
        audience = narrowest(self._rules.source, self._readers_of(answer))
        if not audience:
            return Removed(article_id)
        address = f"{self._options.locale}/{answer.category_id}/{answer.id}"
        return Entry(
            id=article_id,
            title=title.title,
            audience=audience,
            url=f"{self._base}/help/{address}",
            updated_at=max(answer.updated_at, title.updated_at),
            labels=tuple(self._places(answer.category_id)),
            stamp=str(title.content_id),
        )

    def _readers_of(self, answer: _Answer) -> frozenset[str] | None:
        """Give who may see an answer; what is to happen later has not happened yet."""
        now = self._client.server_time or self._clock()
        if answer.archived_at is not None and answer.archived_at <= now:
            return NOBODY
        if answer.published_at is not None and answer.published_at <= now:
            return None
        if answer.internal_at is not None and answer.internal_at <= now:
            return self._rules.only([("internal",)])
        return self._rules.drafts or NOBODY

    def _places(self, category_id: int | None) -> list[str]:
        names: list[str] = []
        while category_id in self._categories and len(names) < _DEEPEST:
            names.insert(0, self._names.get(category_id, ""))
            category_id = self._categories[category_id].parent_id
        return [name for name in names if name]

    async def _prepare(self, entries: Sequence[Entry]) -> None:
        numbers = [int(entry.stamp) for entry in entries]
        said = await self._client.json(_INIT, _WHAT, body={"answer_translation_content_ids": numbers})
        contents = checked_object(self.name, _WHAT, said).get("KnowledgeBaseAnswerTranslationContent")
        found = checked_object(self.name, f"contents of {_WHAT}", contents)
        self._contents = {
            number: row["body"]
            for number in numbers
            if isinstance(row := found.get(str(number)), dict) and isinstance(row.get("body"), str)
        }

    async def _body(self, entry: Entry) -> Body:
        if (html := self._contents.get(int(entry.stamp))) is None:
            raise ArticleError(f"{self.name}/{entry.id}: Zammad did not send its text")
        return Body(html)


def _id_of(item: Any) -> str:
    return str(int(item["id"]))
