"""Topics of a Discourse forum's categories (https://docs.discourse.org)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import AwareDatetime, Field

from knowledge.errors import PermanentSourceError, TransientSourceError
from knowledge.models import Failed, Removed
from knowledge.sources.base import read_options
from knowledge.sources.helpdesk.audience import narrowest
from knowledge.sources.helpdesk.client import HelpdeskClient, NotThere
from knowledge.sources.helpdesk.entries import Entry
from knowledge.sources.helpdesk.options import HelpdeskOptions, checked_url, read_token
from knowledge.sources.helpdesk.pages import (
    Payload,
    checked_items,
    checked_object,
    read_all,
    read_each,
)
from knowledge.sources.helpdesk.source import HelpdeskSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from config.settings import SourceSettings
    from knowledge.sources.helpdesk.source import Item

_MOST_PAGES: Final = 10_000


class DiscourseOptions(HelpdeskOptions):
    """Beside what all helpdesks know: the `categories` that are read, by id or slug, and the key's `username`.

    `topics` are all of them, or those that are `solved`, or whose first post is a `wiki`.
    """

    categories: tuple[str, ...] = Field(min_length=1)
    username: str = "system"
    topics: Literal["all", "solved", "wiki"] = "all"


class _Category(Payload):
    id: int
    name: str
    slug: str
    read_restricted: bool = True
    parent_category_id: int | None = None


class _Topic(Payload):
    id: int
    title: str
    slug: str
    category_id: int
    bumped_at: AwareDatetime
    pinned: bool = False
    visible: bool = True
    tags: tuple[Any, ...] = ()


class _Post(Payload):
    cooked: str
    updated_at: AwareDatetime
    post_number: int
    wiki: bool = False
    accepted_answer: bool = False


class DiscourseSource(HelpdeskSource):
    """The topics of some categories: a topic's first post, and under it the reply that solved it."""

    _options: DiscourseOptions
    _base: str
    _categories: dict[int, _Category]
    _chosen: list[_Category]

    @classmethod
    def from_settings(cls, settings: SourceSettings) -> Self:
        """Build the source of a `[[sources]]` table; raises PermanentSourceError naming a wrong key."""
        options = read_options(settings, DiscourseOptions)
        url = checked_url(settings, allow_http=options.allow_http, example="https://forum.acme.com")
        token = read_token(settings, needs="a Discourse API key with the scope topics: read")
        headers = {"Api-Key": token, "Api-Username": options.username}
        client = HelpdeskClient(settings.name, url, headers=headers, limits=options.limits())
        source = cls(
            settings.name, client, options.rules(settings.audience), full_every=options.longest_delta
        )
        source._options, source._base = options, url
        return source

    async def check(self) -> str:
        """Name the categories."""
        await self._containers()
        return f"{', '.join(one.name for one in self._chosen)} at {self._client.host}"

    async def _containers(self) -> object:
        said = checked_object(self.name, "categories", await self._client.json("site.json", "categories"))
        items = checked_items(self.name, "categories", said.get("categories"))
        found = read_all(self.name, "categories", _Category, items)
        self._categories = {one.id: one for one in found}
        self._chosen = [one for one in found if {str(one.id), one.slug} & set(self._options.categories)]
        known = {name for one in found for name in (str(one.id), one.slug)}
        if missing := sorted(set(self._options.categories) - known):
            raise PermanentSourceError(
                f"source {self.name}: {self._client.host} shows no category {', '.join(missing)}; correct "
                f"categories, or let {self._options.username} see it"
            )
        return sorted(one.model_dump_json() for one in found)

    async def _topics(self, category: _Category) -> AsyncIterator[_Topic | Failed]:
        """List a category's topics, the last change first; pinned ones stand above, whatever their date."""
        what = f"topics of {category.name}"
        for number in range(_MOST_PAGES):
            path = f"c/{category.slug}/{category.id}/l/latest.json"
            said = checked_object(self.name, what, await self._client.json(path, what, {"page": number}))
            page = checked_object(self.name, what, said.get("topic_list"))
            items = checked_items(self.name, what, page.get("topics"))
            for topic in read_each(_Topic, items, _id_of):
                yield topic
            if not items or not page.get("more_topics_url"):
                return
        raise TransientSourceError(f"source {self.name}: the list of {what} does not end")

    async def _everything(self) -> AsyncIterator[Item]:
        for category in self._chosen:
            async for topic in self._topics(category):
                yield topic if isinstance(topic, Failed) else await self._item(topic)

    async def _changes(self, since: datetime) -> AsyncIterator[Item]:
        for category in self._chosen:
            async for topic in self._topics(category):
                if isinstance(topic, Failed):
                    yield topic
                elif topic.bumped_at >= since:
                    yield await self._item(topic)
                elif not topic.pinned:
                    break

    async def _item(self, topic: _Topic) -> Item:
        """Read a topic's posts: only they tell of edits."""
        what = f"the topic {topic.id}"
        try:
            said = checked_object(self.name, what, await self._client.json(f"t/{topic.id}.json", what))
        except NotThere as error:
            return Failed(str(topic.id), str(error))
        except TransientSourceError as error:
            return self._later(str(topic.id), error)
        stream = checked_object(self.name, what, said.get("post_stream"))
        posts: list[_Post] = []
        for post in read_each(_Post, checked_items(self.name, what, stream.get("posts")), _id_of):
            if isinstance(post, Failed):
                return Failed(str(topic.id), post.reason)
            posts.append(post)
        first = next((post for post in posts if post.post_number == 1), None)
        if first is None:
            return Failed(str(topic.id), f"“{topic.title}”: the helpdesk sent it without its first post")
        solution = await self._solution(topic, said, posts)
        wanted = {"all": True, "solved": solution is not None, "wiki": first.wiki}[self._options.topics]
        if not wanted or not topic.visible:
            return Removed(str(topic.id))
        return self._entry(topic, first, solution)

    async def _solution(self, topic: _Topic, said: dict[str, Any], posts: list[_Post]) -> _Post | None:
        marked = next((post for post in posts if post.accepted_answer), None)
        named = said.get("accepted_answer")
        if marked is not None or not isinstance(named, dict):
            return marked
        what = f"the solution of topic {topic.id}"
        path = f"posts/by_number/{topic.id}/{int(named['post_number'])}.json"
        [post] = read_each(_Post, [await self._client.json(path, what)], _id_of)
        return None if isinstance(post, Failed) else post

    def _entry(self, topic: _Topic, first: _Post, solution: _Post | None) -> Entry | Removed:
        audience = narrowest(self._rules.source, *self._readers_of(topic.category_id))
        if not audience:
            return Removed(str(topic.id))
        category = self._categories.get(topic.category_id)
        solved = f"<h2>Solution</h2>\n{solution.cooked}" if solution and solution is not first else ""
        tags = [tag if isinstance(tag, str) else str(tag.get("name", "")) for tag in topic.tags]
        return Entry(
            id=str(topic.id),
            title=topic.title,
            audience=audience,
            html=f"{first.cooked}\n{solved}",
            url=f"{self._base}/t/{topic.slug}/{topic.id}",
            updated_at=max(post.updated_at for post in (first, solution) if post is not None),
            labels=tuple(label for label in (category.name if category else "", *tags) if label),
        )

    async def _is_gone(self, article_id: str) -> bool:
        try:
            said = await self._client.json(f"t/{article_id}.json", f"the topic {article_id}")
        except NotThere:
            return True
        match said:
            case {"deleted_at": str()} | {"visible": False}:
                return True
            case {"category_id": int(category)}:
                return category not in {one.id for one in self._chosen}
        return False  # not understood: no evidence

    def _readers_of(self, category_id: int | None) -> list[frozenset[str] | None]:
        """Give who may read in a category and in those above it; an unknown one is not for everybody."""
        readers: list[frozenset[str] | None] = []
        while category_id is not None and len(readers) < len(self._categories) + 1:
            category = self._categories.get(category_id)
            if category is None:
                return [*readers, self._rules.some()]
            names = (str(category.id), category.slug, category.name)
            readers.append(self._rules.only([names]) if category.read_restricted else None)
            category_id = category.parent_category_id
        return readers


def _id_of(item: Any) -> str:
    return str(int(item["id"]))
