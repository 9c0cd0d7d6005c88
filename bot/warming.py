"""Warm start: what people ask most is answered afresh when articles change, and at night, before they ask again."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog
from sqlalchemy import and_, select

from bot.access import CONSOLE
from bot.digest import due_moment
from bot.helpdesk import clean, standalone, without_articles
from bot.tables import questions
from connectors.base import Address
from knowledge.cache_entry import same_words
from knowledge.models import CacheStatus, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime, tzinfo

    from sqlalchemy import Row

    from bot.access import Access
    from bot.personas import Personas
    from config.cache import CacheSettings
    from config.persona import Persona
    from knowledge.database import Database
    from knowledge.leases import Leases
    from knowledge.models import Answer, CorpusVersion, Question

LOOK_SECONDS: Final = 10.0
LOOKED_BACK: Final = timedelta(days=30)
MOST_ROWS: Final = 5_000
LOOKED_AT: Final = 20
"""Times as many questions are looked up as may be answered afresh: most are in the cache and still true."""
_LEASE: Final = "warming"
_ASKED: Final = frozenset({Verdict.ANSWERED.value, Verdict.UNSURE.value, Verdict.UNANSWERED.value})


class AnswersQuietly(Protocol):
    """What is needed of `CachedAnswers`."""

    async def answer(self, question: Question, persona: Persona) -> Answer:
        """Answer from the cache, or afresh."""
        ...

    async def quiet(self) -> None:
        """Wait until nobody is being answered."""
        ...


@dataclass(frozen=True, slots=True)
class Frequent:
    """A question as it is asked of the articles, for these readers, in this voice; `asked` times."""

    question: Question
    persona: Persona
    asked: int


@dataclass(slots=True)
class Warmed:
    """What a run did: how many it looked up, answered afresh, and found true; `end` says why it ended."""

    looked: int = 0
    made: int = 0
    checked: int = 0
    failed: int = 0
    end: str = "all"


class Warming:
    """Answers the most asked questions, one at a time and only while nobody else is being answered.

    A run ends after `warm` fresh answers or `warm_seconds`, and when `may_spend` says that the language model's day
    is spent far enough. One process at a time runs.
    """

    def __init__(
        self,
        settings: CacheSettings,
        *,
        database: Database,
        leases: Leases,
        answers: AnswersQuietly,
        access: Access,
        personas: Personas,
        version: Callable[[], CorpusVersion],
        ready: Callable[[], Awaitable[None]],
        may_spend: Callable[[], Awaitable[bool]],
        clock: Callable[[], datetime],
        zone: tzinfo | None = None,
    ) -> None:
        """`ready` settles what is part of the cache's keys and changes with the articles."""
        self._settings = settings
        self._database = database
        self._leases = leases
        self._answers = answers
        self._access = access
        self._personas = personas
        self._version = version
        self._ready = ready
        self._may_spend = may_spend
        self._clock = clock
        self._zone = zone
        self._warmed: CorpusVersion | None = None
        self._seen: CorpusVersion | None = None
        self._night: datetime | None = None
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Look every ten seconds whether there is reason to, for ever."""
        self._night = self._due()  # one that was due before the start is made up for by the start's own run
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.run_once()
            except Exception:  # noqa: BLE001 - a database or a model away for a minute must not end this
                self._log.warning("answers_not_warmed", exc_info=True)

    async def run_once(self) -> Warmed | None:
        """Warm if the articles changed and stand still again, or the night's run is due; None when neither is so."""
        version, before = self._version(), self._seen
        self._seen = version
        night = self._due()
        if night is not None and night != self._night:
            self._night, reason = night, "schedule"
        elif version != self._warmed and version == before:  # a sync moves the version many times
            reason = "articles"
        else:
            return None
        if not version.counter:
            return None
        return await self.warm(reason)

    async def warm(self, reason: str) -> Warmed | None:
        """Answer what is asked most; None when another process does."""
        async with self._leases.hold(_LEASE) as lease:
            if lease is None:
                return None
            started, version = time.monotonic(), self._version()
            done = Warmed()
            try:
                async with asyncio.timeout(self._settings.warm_seconds):
                    await self._ready()
                    await self._warm(await self.frequent(), done)
            except TimeoutError:
                done.end = "time"
            self._warmed = version
            self._log.info(
                "answers_warmed",
                reason=reason,
                looked=done.looked,
                made=done.made,
                still_true=done.checked,
                failed=done.failed,
                ended_by=done.end,
                seconds=round(time.monotonic() - started, 2),
            )
            return done

    async def frequent(self) -> list[Frequent]:
        """Give what was asked most in the last 30 days, the most asked first.

        Questions in the same words for the same readers in the same voice are one. Left out is what was asked at the
        terminal, by an operator who sees all, and what was forgotten.
        """
        return await asyncio.to_thread(self._grouped, await self._rows())

    def _grouped(self, rows: Iterable[Row[Any]]) -> list[Frequent]:
        found: dict[tuple[Any, ...], list[Frequent]] = {}
        for row in rows:
            entry = self._frequent(row)
            if entry is not None:
                asked, key = entry.question, same_words(entry.question.text)
                found.setdefault((key, asked.audience, asked.sources, entry.persona.digest), []).append(entry)
        groups = sorted(found.values(), key=len, reverse=True)[: LOOKED_AT * self._settings.warm]
        return [Frequent(group[0].question, group[0].persona, len(group)) for group in groups]

    async def _warm(self, entries: Iterable[Frequent], done: Warmed) -> None:
        for entry in entries:
            if done.made >= self._settings.warm:
                done.end = "number"
                return
            if not await self._may_spend():
                done.end = "budget"
                return
            await self._answers.quiet()
            done.looked += 1
            try:
                answer = await self._answers.answer(entry.question, entry.persona)
            except Exception as error:  # noqa: BLE001 - one question must not end the run; people get told when they ask
                done.failed += 1
                self._log.debug("question_not_warmed", reason=type(error).__name__)
                continue
            done.made += answer.cache is CacheStatus.MISS
            done.checked += answer.cache is not CacheStatus.MISS

    def _frequent(self, row: Row[Any]) -> Frequent | None:
        labels = json.loads(row.audience)
        address = Address(row.platform, row.channel, row.thread or None, row.workspace or None)
        channel = self._access.channel(address)
        trace = json.loads(row.trace).get("trace") or {}
        text = clean(str(trace.get("searched") or row.text))
        persona = self._personas.of(address, channel, (row.text, text))
        if labels is None or without_articles(text, persona) is not None:
            return None
        sources = channel.sources if channel else None
        return Frequent(standalone(text, frozenset(labels), sources), persona, 1)

    async def _rows(self) -> list[Row[Any]]:
        asked = and_(
            questions.c.asked_at >= (self._clock() - LOOKED_BACK).timestamp(),
            questions.c.text != "",
            questions.c.platform != CONSOLE,
            questions.c.verdict.in_(_ASKED),
        )
        query = select(questions).where(asked).order_by(questions.c.id.desc()).limit(MOST_ROWS)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).all())

    def _due(self) -> datetime | None:
        schedule = self._settings.warm_schedule
        return None if schedule is None else due_moment(schedule, self._clock(), self._zone)
