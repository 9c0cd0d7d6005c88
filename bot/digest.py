"""The digest: what was asked in the last seven days, told to the staff channel on a schedule, once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select

from bot.commands.article_gaps import gaps_text
from bot.commands.words import plain
from bot.replies import ago
from bot.tables import handoffs
from knowledge.errors import KnowledgeError
from knowledge.models import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo

    from bot.access import Access
    from bot.gaps import GapReport
    from bot.objections import Objections
    from bot.questions import Questions
    from bot.staff import Staff
    from config.desk import DeskSettings
    from config.durations import Schedule
    from knowledge.database import Database
    from knowledge.leases import Leases
    from knowledge.library import ArticleLibrary, ArticleSummary
    from knowledge.models import ArticleRef

PERIOD: Final = timedelta(days=7)
LATE: Final = timedelta(days=1)
"""A bot that was down when the digest was due makes it up within this time."""
LOOK_SECONDS: Final = 30.0
_GAPS: Final = 5
_ARTICLES: Final = 5
_LONGEST: Final = 120
_LEASE: Final = "digest"


class FindsGaps(Protocol):
    """What is needed of `bot.gaps.Gaps`."""

    async def find(self, audience: frozenset[str] | None, limit: int = ...) -> GapReport:
        """Give the open gaps, the most asked first."""
        ...


def due_moment(schedule: Schedule, now: datetime, zone: tzinfo | None = None) -> datetime | None:
    """Give when the newest digest was due, if that is not longer ago than a day.

    Cron lines mean the time of `zone`, by default the machine's.
    """
    if schedule.interval is not None:
        step = schedule.interval.total_seconds()
        moment = datetime.fromtimestamp(now.timestamp() // step * step, UTC)
        return moment if now - moment <= LATE else None
    trigger = CronTrigger.from_crontab(schedule.cron, timezone=zone)
    newest: datetime | None = None
    after = now - LATE
    while (fire := trigger.get_next_fire_time(None, after)) is not None and fire <= now:
        newest, after = fire, fire + timedelta(seconds=1)
    return newest


class Digest:
    """Writes and sends the digest. It names only what everybody in the staff channel may read."""

    def __init__(
        self,
        settings: DeskSettings,
        *,
        staff: Staff,
        access: Access,
        questions: Questions,
        gaps: FindsGaps,
        library: ArticleLibrary,
        objections: Objections,
        database: Database,
        leases: Leases,
        clock: Callable[[], datetime],
        zone: tzinfo | None = None,
    ) -> None:
        self._settings = settings
        self._staff = staff
        self._access = access
        self._questions = questions
        self._gaps = gaps
        self._library = library
        self._objections = objections
        self._database = database
        self._leases = leases
        self._clock = clock
        self._zone = zone
        self._done: datetime | None = None
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Tell it whenever it is due, for ever."""
        while True:
            try:
                await self.run_once()
            except Exception:  # noqa: BLE001 - a database away for a minute must not end this
                self._log.warning("digest_not_told", exc_info=True)
            await asyncio.sleep(LOOK_SECONDS)

    async def run_once(self) -> bool:
        """Tell it if it is due and nobody told it; one process at a time does, and for a moment only one."""
        schedule = self._settings.schedule
        moment = None if schedule is None else due_moment(schedule, self._clock(), self._zone)
        if moment is None or moment == self._done:
            return False
        key = f"digest/{moment.astimezone(UTC):%Y-%m-%dT%H:%M}"
        async with self._leases.hold(_LEASE) as lease:
            if lease is None:
                return False
            is_new = not await self._staff.has_said(key) and await self._staff.say(key, await self.text())
        self._done = moment
        if is_new:
            self._log.info("digest_told", key=key)
        return is_new

    async def text(self) -> str:
        """Write the digest of the seven days until now."""
        now = self._clock()
        place = self._staff.address
        readers = frozenset({"public"}) if place is None else self._access.channel_audience(place)
        parts = [
            f"**The week until {now:%Y-%m-%d}**\n\n{await self._counted(now - PERIOD)}",
            await self._gaps_told(readers, now),
            await self._doubted(readers),
            _stale(await self._library.summaries(None, readers), self._settings.stale, now),
        ]
        return "\n\n".join(part for part in parts if part)

    async def _counted(self, since: datetime) -> str:
        verdicts = await self._questions.verdicts(since)
        handed = select(func.count()).select_from(handoffs).where(handoffs.c.created_at >= since.timestamp())
        async with self._database.read() as connection:
            passed_on = int(await connection.scalar(handed) or 0)
        counts = {
            "asked": sum(verdicts.values()),
            "answered": verdicts.get(Verdict.ANSWERED.value, 0),
            "unsure": verdicts.get(Verdict.UNSURE.value, 0),
            "declined": verdicts.get(Verdict.UNANSWERED.value, 0),
            "failed": verdicts.get(Verdict.ERROR.value, 0),
            "handed to people": passed_on,
        }
        return " · ".join(f"{what}: {number:,}" for what, number in counts.items())

    async def _gaps_told(self, readers: frozenset[str] | None, now: datetime) -> str:
        try:
            report = await self._gaps.find(readers, _GAPS)
        except KnowledgeError as error:
            self._log.warning("digest_without_gaps", reason=str(error))
            return ""
        return gaps_text(report, now)

    async def _doubted(self, readers: frozenset[str] | None) -> str:
        refs: set[ArticleRef] = {ref for group in await self._objections.doubted() for ref, _ in group}
        shown = [
            f"- **{plain(article.title, _LONGEST)}** (`{article.ref}`)"
            for article in await self._library.load(refs)
            if readers is None or readers & article.audience
        ]
        return _list("Called wrong or outdated by two people, and not revised since:", shown)


def _stale(articles: Iterable[ArticleSummary], limit: timedelta, now: datetime) -> str:
    old = sorted(
        (one.updated_at, one.title, f"{one.source}/{one.id}")
        for one in articles
        if one.updated_at is not None and now - one.updated_at > limit
    )
    shown = [f"- **{plain(title, _LONGEST)}** (`{ref}`, updated {ago(at, now)})" for at, title, ref in old]
    return _list(f"Not updated for more than {limit.days} days, the oldest first:", shown)


def _list(head: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    more = len(lines) - _ARTICLES
    rest = [f"- and {more:,} more"] if more > 0 else []
    return "\n".join([head, "", *lines[:_ARTICLES], *rest])
