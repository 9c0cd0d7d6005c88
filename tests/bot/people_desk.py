"""The whole bot over a real database and Valkey, with articles but without a model: what people and places can do."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from bot.app import App
from config.settings import Settings
from connectors.base import Address, Command, IncomingMessage, Person, Reply
from knowledge.models import Answer, Article, CacheStatus, Citation, Verdict, revision_of
from tests.bot.conftest import NOW, Clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from bot.delivery import Delivery
    from config.persona import Persona
    from knowledge.library import ArticleLibrary

ADMIN, MEMBER, COLLEAGUE, GUEST = (
    Person("slack:T1/ADMIN", "Grace"),
    Person("slack:T1/U1", "Ada"),
    Person("slack:T1/U2", "Edith"),
    Person("slack:T1/U3", "Bob", guest=True),
)
PUBLIC = frozenset({"public"})
INTERNAL = frozenset({"internal"})
CHANNEL, STAFF, INSIDE = (Address("slack", name, None, "T1") for name in ("C1", "STAFF", "INSIDE"))
_numbers = count(1)


class LibraryHelpdesk:
    """Answers with the articles of these readers whose title shares a long word with the question."""

    def __init__(self, library: ArticleLibrary) -> None:
        self._library = library
        self._number = 0
        self.asked: list[str] = []

    async def answer(
        self,
        text: str,
        *,
        audience: frozenset[str] | None,
        persona: Persona,
        sources: frozenset[str] | None = None,
        on_text: Callable[[str], Awaitable[None]] | None = None,
    ) -> Answer:
        """Answer, citing them."""
        del on_text
        self.asked.append(text)
        self._number += 1
        words = {word.strip("?.,!").casefold() for word in text.split() if len(word) > 4}
        found = [
            article
            for article in await self._library.load(
                one.ref for one in await self._library.summaries(None, audience)
            )
            if words & set(article.title.casefold().split())
            and (sources is None or article.source in sources)
        ]
        trace = {
            "passages": [
                {
                    "id": f"{one.ref}#0",
                    "title": one.title,
                    "heading": "",
                    "score": 0.5,
                    "dense": 0.5,
                    "keyword": 3.0,
                }
                for one in found
            ],
            "features": {"top_score": 0.5},
            "cache_key": revision_of(text, audience),
            "dropped": [{"text": "A sentence that nothing bears out.", "reason": "unsupported"}],
        }
        return Answer(
            f"a{self._number}",
            text,
            " ".join(one.body for one in found) or persona.no_answer,
            Verdict.ANSWERED if found else Verdict.UNANSWERED,
            0.9 if found else 0.1,
            tuple(_cite(one) for one in found),
            persona=persona.name,
            cache=CacheStatus.MISS,
            trace=trace,
        )


def _cite(article: Article) -> Citation:
    return Citation(
        article.id, article.source, article.title, article.url, article.revision, NOW, article.body
    )


class DeskApp(App):
    """The bot as it is, with a helpdesk that needs no model."""

    async def helpdesk(self) -> LibraryHelpdesk:  # type: ignore[override]
        """Give the helpdesk of the test."""
        return await self._once("helpdesk", self._build_library_helpdesk)

    async def _build_library_helpdesk(self) -> LibraryHelpdesk:
        return LibraryHelpdesk(await self.library())


class PeopleDesk:
    """Says things to the bot as people do."""

    def __init__(self, app: DeskApp, delivery: Delivery, clock: Clock) -> None:
        self.app = app
        self.delivery = delivery
        self.clock = clock

    async def say(self, text: str, sender: Person = MEMBER, **more: object) -> Reply | None:
        """Say something in the channel, or as `more` has it."""
        return await self.delivery.handle(said(text, sender, **more))

    async def do(self, name: str, arguments: str = "", sender: Person = MEMBER, **more: object) -> Reply:
        """Give a command."""
        reply = await self.delivery.handle(told(name, arguments, sender, **more))
        assert reply is not None
        return reply

    async def put(self, title: str, body: str, audience: frozenset[str] = PUBLIC) -> Article:
        """Keep an article."""
        article = Article(
            "help", title.replace(" ", "-"), title, body, revision_of(title, body, audience), audience
        )
        await (await self.app.library()).put(article)
        return article

    async def outgoing(self) -> list[tuple[Address, Reply]]:
        """Take what is to be said unasked."""
        from bot.event_json import load_address, load_reply  # noqa: PLC0415 - beside its one use

        box = await self.app.outbox()
        rows = await box.claim(["slack"])
        for row in rows:
            await box.sent(row.id)
        return [(load_address(row.address), load_reply(row.reply)) for row in rows]


def said(text: str, sender: Person = MEMBER, **more: object) -> IncomingMessage:
    """A message that mentions the bot in the channel, unless `more` says otherwise."""
    event = IncomingMessage(f"{next(_numbers)}.0", CHANNEL, sender, text, NOW)
    return replace(event, **more)  # type: ignore[arg-type]


def told(name: str, arguments: str = "", sender: Person = MEMBER, **more: object) -> Command:
    """A command in the channel, unless `more` says otherwise."""
    event = Command(f"t{next(_numbers)}", CHANNEL, sender, name, arguments, NOW)
    return replace(event, **more)  # type: ignore[arg-type]


def desk_settings(data: Path, **more: object) -> Settings:
    """One admin, one internal colleague, a public, an internal and a staff channel."""
    channels = [
        {"id": "slack:T1/INSIDE", "audience": ["internal"]},
        {"id": "slack:T1/STAFF", "audience": ["internal"]},
    ]
    access = {"admins": [ADMIN.id], "people": {COLLEAGUE.id: ["internal"], ADMIN.id: ["internal"]}}
    document = {
        "data_dir": data,
        "channels": channels,
        "access": access,
        "desk": {"staff_channel": "slack:T1/STAFF"},
    }
    return Settings.model_validate({**document, **more})
