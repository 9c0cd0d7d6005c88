"""The composition root: builds every object of the bot from Settings, each when it is first asked for.

    async with App(settings) as app:
        helpdesk = await app.helpdesk()

A command opens only what it needs, and leaving the block closes what was opened, in the reverse order.
"""

# ruff: noqa: PLC0415 - a part is imported when it is built: `helpdesk-bot sync` needs no web server, `ask` no scheduler
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

from bot.access import Access
from bot.desk_parts import DeskParts
from bot.places import KnownPlaces
from bot.platforms import Platforms
from config.persona import load_persona

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.commands import CommandGroup, Commands
    from bot.conversation import Conversation
    from bot.delivery import Delivery
    from bot.handoff.service import HandoffService
    from bot.health import Health
    from bot.helpdesk import Helpdesk
    from bot.personas import Personas
    from bot.places import Places
    from bot.shadow import Shadow
    from bot.turns import Turns
    from config.settings import Settings
    from connectors.base import ChatConnector
    from knowledge.answering.cached import CachedAnswers
    from knowledge.answering.doubts import Doubts
    from knowledge.answering.llm.budget import DayCounter
    from knowledge.paraphrase.paraphrases import Paraphrases

INBOX_LEASE = timedelta(seconds=30)


def utc_now() -> datetime:
    """Give the present moment, aware."""
    return datetime.now(UTC)


class App(DeskParts):
    """All parts of one bot. `console_audience` narrows what the terminal sees; None shows it everything."""

    def __init__(
        self,
        settings: Settings,
        *,
        console_audience: frozenset[str] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__(settings, clock)
        self.platforms = Platforms()
        self._known_places = KnownPlaces()
        self.access = Access(settings.access, settings.channels, console_audience, self._known_places)

    @cached_property
    def personas(self) -> Personas:
        """The personas. Raises PersonaError when the default one cannot be read."""
        from bot.personas import Personas

        return Personas(load_persona(self.settings.persona.default), load_persona)

    @cached_property
    def turns(self) -> Turns:
        """Whose question is answered next."""
        from bot.turns import Turns

        return Turns(self.settings.limits)

    async def helpdesk(self) -> Helpdesk:
        """Give what answers questions: the cache where it is on, then the articles."""
        return await self._once("helpdesk", self._build_helpdesk)

    async def places(self) -> Places:
        """Give what was changed in places from chats; it is read now."""
        return await self._once("places", self._build_places)

    async def conversation(self) -> Conversation:
        """Give the memory of threads."""
        return await self._once("conversation", self._build_conversation)

    async def shadow(self) -> Shadow:
        """Give what keeps drafts."""
        return await self._once("shadow", self._build_shadow)

    async def commands(self) -> Commands:
        """Give what does commands."""
        return await self._once("commands", self._build_commands)

    async def delivery(self) -> Delivery:
        """Give the handler that connectors call."""
        return await self._once("delivery", self._build_delivery)

    async def handoff(self) -> HandoffService | None:
        """Give what passes questions on to people; None when `[handoff]` names no helpdesk."""
        return await self._once("handoff", self._build_handoff)

    async def health(self) -> Health:
        """Give what tells whether the bot can answer."""
        return await self._once("health", self._build_health)

    async def run(
        self, connectors: Sequence[ChatConnector], *, announce: Callable[[str], None] | None = None
    ) -> None:
        """Run connectors, scheduler and web until the connectors end or a signal comes; see `bot.running`."""
        from bot.running import run

        self.platforms.run(connectors)
        await run(self, connectors, announce)

    async def cached_answers(self) -> CachedAnswers:
        """Give what answers from the cache, or from the articles."""
        return await self._once("cached_answers", self._build_cached_answers)

    async def _build_helpdesk(self) -> Helpdesk:
        from bot.helpdesk import Helpdesk

        return Helpdesk(await self.cached_answers())

    async def _build_cached_answers(self) -> CachedAnswers:
        from knowledge.answering.cached import CachedAnswers
        from knowledge.answering.digests import pipeline_digest
        from knowledge.answering.doubts import Doubts
        from knowledge.answering.llm.digest import writing_digest

        settings = self.settings
        gate, model, evidence = self.gate.model, self.embedding.model, await self.evidence()
        await evidence.recall()
        doubts = Doubts((await self.objections()).is_doubted, settings.answer.min_confidence)
        return CachedAnswers(
            await self.answer_cache(),
            await self.index(),
            await self.library(),
            evidence.run,
            (await self.answering()).run,
            digest=pipeline_digest(
                settings.retrieval,
                settings.answer,
                gate,
                model.digest,
                writing=writing_digest(settings.llm, settings.grounding),
            ),
            desk_digest=evidence.desk_digest,
            doubts=doubts,
            wait_seconds=settings.answer.timeout_seconds / 2,
            ordered=not settings.llm.model,
            paraphrases=await self._paraphrases(doubts),
        )

    async def _paraphrases(self, doubts: Doubts) -> Paraphrases | None:
        """Give what finds answers to paraphrases; the guard knows the vectors of the default model only."""
        if not self.settings.cache.paraphrases or self.settings.embedding.model:
            return None
        from knowledge.paraphrase.guard import load_guard
        from knowledge.paraphrase.nearest import NearestQuestions
        from knowledge.paraphrase.paraphrases import Paraphrases

        redis = await self.redis() if self.settings.cache.enabled else None
        cache, embed = await self.answer_cache(), self.embedding.embed_questions
        nearest = NearestQuestions(redis, circuit=cache.circuit)
        return Paraphrases(cache, nearest, load_guard(), embed, doubts)

    async def _day_counter(self) -> DayCounter:
        redis = await self.redis()
        if redis is None:
            return await super()._day_counter()
        from knowledge.answering.llm.budget import RedisCounter

        return RedisCounter(redis)

    async def _build_conversation(self) -> Conversation:
        from bot.conversation import Conversation

        return Conversation(await self.redis())

    async def _build_shadow(self) -> Shadow:
        from bot.people_parts import build_shadow

        return await build_shadow(self)

    async def _build_places(self) -> Places:
        from bot.places import Places

        places = Places(await self.database(), self.clock, self._known_places)
        await places.refresh()
        return places

    async def _build_commands(self) -> Commands:
        from bot.commands import Commands
        from bot.commands.handoff import HandoffCommands
        from bot.people_parts import people_commands

        questions = await self.questions()
        groups: tuple[CommandGroup, ...] = (
            *await people_commands(self),
            *await self.admin_commands(),
            HandoffCommands(await self.handoff(), questions, self.platforms, self.settings.handoff),
        )
        return Commands(self.access, groups)

    async def _build_delivery(self) -> Delivery:
        from bot.assistance import Assistance
        from bot.delivery import Delivery
        from bot.inbox import Inbox
        from bot.limits import Limits
        from bot.router import Router

        redis, questions, handoff = await self.redis(), await self.questions(), await self.handoff()
        router = Router(
            helpdesk=await self.helpdesk(),
            commands=await self.commands(),
            access=self.access,
            personas=self.personas,
            questions=questions,
            clock=self.clock,
            timeout_seconds=self.settings.answer.timeout_seconds,
            conversation=await self.conversation(),
            rewriter=await self.rewriter(),
            shadow=await self.shadow(),
            limits=Limits(self.settings.limits, redis),
            turns=self.turns,
            gives_way=None if handoff is None else handoff.gives_way,
            offers_human=handoff is not None,
            old=self.settings.answer.old,
            counts=self.counts,
        )
        inbox = Inbox(await self.database(), self.clock, INBOX_LEASE)
        assistance = Assistance(self.access, questions, await self.upkeep(), self.clock)
        known_elsewhere = (await self.places(), await self.objections())
        return Delivery(inbox, router, self.clock, assistance, known_elsewhere, counts=self.counts)

    async def _build_handoff(self) -> HandoffService | None:
        from bot.handoff.desks import build_desk
        from bot.handoff.service import HandoffService
        from bot.handoff.store import Handoffs

        outbox = await self.outbox()
        desk = build_desk(self.settings.handoff, outbox)
        if desk is None:
            return None
        self._stack.push_async_callback(desk.close)
        return HandoffService(Handoffs(await self.database(), self.clock), desk, outbox, self.clock)

    async def _build_health(self) -> Health:
        from bot import health_checks as checks
        from bot.health import Health, Part

        return Health(
            {
                "database": Part(partial(checks.database, await self.database())),
                "index": Part(partial(checks.index, await self.index())),
                "redis": Part(partial(checks.redis, self.redis), required=False),
            }
        )
