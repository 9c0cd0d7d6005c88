"""What `/metrics` tells, gathered at a scrape: what was counted, what waits, articles, syncs, cache and health.

Nothing is gathered between scrapes. No label has a person's words, a person, a place or an answer in it: labels are
the bot's own words and the sources that the config names.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from bot.counted import known, of_llm, of_questions, of_syncs
from bot.measures import Distribution, Measure, labelled, single
from knowledge.sync import LOCAL_SOURCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from bot.counts import Counts
    from bot.health import Health
    from bot.platforms import Platforms
    from bot.turns import Turns
    from bot.upkeep import Upkeep
    from knowledge.answer_cache import AnswerCache
    from knowledge.answering.llm.usage import Spent
    from knowledge.database import Database
    from knowledge.embedding.engine import Embedding
    from knowledge.index import ArticleIndex
    from knowledge.sync_runs import SyncRuns

SECONDS: Final = 2.0
"""For each part of a scrape: Prometheus waits ten, and a database that hangs must not cost the other figures."""
HEALTH_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at; `build` is what this bot is: version, model, persona. `spent` is None without a model."""

    counts: Counts
    turns: Turns
    platforms: Platforms
    health: Health
    database: Database
    upkeep: Upkeep
    runs: SyncRuns
    index: ArticleIndex
    cache: AnswerCache
    cache_limit: int
    embedding: Embedding
    spent: Spent | None
    build: Callable[[], Mapping[str, str]]
    clock: Callable[[], datetime]


class Metrics:
    """Gathers all figures; one scrape at a time."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._sources = frozenset({*watched.upkeep.sources, LOCAL_SOURCE})
        self._build: dict[str, str] = {}
        self._lock = asyncio.Lock()
        self._log = structlog.get_logger()

    async def gather(self) -> list[Measure]:
        """Give the figures; what cannot be had in time is left out, and `scrape_complete` is 0 then. Never raises."""
        async with self._lock:
            parts = (self._what_it_is, self._health, self._waiting, self._articles, self._syncs)
            told = await asyncio.gather(*(self._in_time(part) for part in parts))
        complete = single(
            "gauge", "scrape_complete", float(None not in told), "1 when every figure could be had in time."
        )
        return [*self._counted(), *(measure for each in told if each for measure in each), complete]

    async def _in_time(self, part: Callable[[], Awaitable[list[Measure]]]) -> list[Measure] | None:
        try:
            async with asyncio.timeout(SECONDS):
                return await part()
        except Exception as error:  # noqa: BLE001 - a scrape tells what it can, and that something lacks
            self._log.debug("metrics_incomplete", part=part.__name__, reason=type(error).__name__)
            return None

    def _counted(self) -> list[Measure]:
        watched = self._watched
        runs = Distribution.of(watched.embedding.question_runs)
        turns = watched.turns
        return [
            *of_questions(watched.counts, watched.platforms.names),
            single("gauge", "questions_under_way", turns.under_way, "Questions that are being answered now."),
            single("gauge", "questions_waiting", turns.waiting, "Questions that stand in line."),
            single("gauge", "questions_at_once", turns.at_once, "How many are answered at once, at most."),
            single(
                "histogram", "embedding_batch_texts", runs, "Texts that shared a run of the embedding model."
            ),
            *of_syncs(watched.counts, watched.upkeep.sources),
            *(() if watched.spent is None else of_llm(watched.spent)),
        ]

    async def _what_it_is(self) -> list[Measure]:
        if not self._build:
            self._build = dict(await asyncio.to_thread(self._watched.build))
        build = self._build
        return [labelled("info", "build", build, {tuple(build.values()): 1.0}, "What runs here.")]

    async def _health(self) -> list[Measure]:
        watched = self._watched
        states = await watched.health.states(HEALTH_SECONDS)
        works = {(part,): float(state == "ok") for part, state in states.items()}
        told = [labelled("gauge", "part_up", ("part",), works, "1 when the part works, as /readyz tells.")]
        if watched.cache.is_enabled and states.get("redis") == "ok":
            kept = await watched.cache.size()
            told += [
                single("gauge", "cache_entries", kept, "Answers in the cache."),
                single("gauge", "cache_entries_limit", watched.cache_limit, "How many it keeps, at most."),
            ]
        return told

    async def _waiting(self) -> list[Measure]:
        from bot.metrics_rows import waiting  # noqa: PLC0415 - its statements are made then, not at the start

        found = await waiting(self._watched.database, self._watched.clock())
        inbox = {(state,): float(number) for state, number in found.inbox.items()}
        handoffs = {(state,): float(number) for state, number in found.handoffs.items()}
        return [
            labelled(
                "gauge", "inbox_open", ("state",), inbox, "Messages that were taken and not yet answered."
            ),
            single("gauge", "inbox_oldest_seconds", found.inbox_age, "Age of the oldest of them."),
            single("gauge", "outbox_waiting", found.outbox, "What is to be said unasked, now or later."),
            single("gauge", "outbox_oldest_seconds", found.outbox_age, "Age of the oldest that is due."),
            single(
                "gauge", "outbox_failed", found.outbox_failed, "What was given up after several attempts."
            ),
            labelled("gauge", "handoffs", ("state",), handoffs, "Questions with people, not closed."),
        ]

    async def _articles(self) -> list[Measure]:
        from bot.metrics_rows import articles_by_source  # noqa: PLC0415 - see `_waiting`

        held = Counter({(source,): 0.0 for source in self._sources})
        for source, number in (await articles_by_source(self._watched.database)).items():
            held[(known(source, self._sources),)] += number
        passages = await self._watched.index.count()
        return [
            labelled("gauge", "articles", ("source",), held, "Articles in the library."),
            single("gauge", "passages", passages, "Passages in this process's index."),
        ]

    async def _syncs(self) -> list[Measure]:
        upkeep, runs = self._watched.upkeep, self._watched.runs
        good, last, paused = await runs.last_successes(), await runs.last_of_each(), await upkeep.paused()
        names = list(upkeep.sources)
        intervals = {name: source.schedule.interval for name, source in upkeep.sources.items()}

        def by_source(name: str, values: Mapping[str, float], told: str) -> Measure:
            return labelled(
                "gauge", name, ("source",), {(key,): value for key, value in values.items()}, told
            )

        return [
            by_source(
                "sync_last_success_timestamp_seconds",
                {name: good[name].timestamp() for name in names if name in good},
                "When the source's newest good sync ended, by any process.",
            ),
            by_source(
                "sync_last_ok",
                {name: float(last[name].ok) for name in names if name in last},
                "1 when its newest sync was good.",
            ),
            by_source(
                "sync_last_seconds",
                {name: last[name].report.seconds for name in names if name in last},
                "How long its newest sync took.",
            ),
            by_source(
                "sync_held_articles",
                {name: len(last[name].report.held) for name in names if name in last},
                "Articles whose removal waits for an admin.",
            ),
            by_source(
                "sync_interval_seconds",
                {name: each.total_seconds() for name, each in intervals.items() if each is not None},
                "How often it is synced; none for a cron line.",
            ),
            by_source("sync_paused", {name: float(name in paused) for name in names}, "1 when it is paused."),
        ]
