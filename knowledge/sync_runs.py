"""What each sync did and when: the scheduler asks it what is due, people ask it what happened."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select

from knowledge.models import Failed, SyncReport
from knowledge.tables import sync_runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Row

    from knowledge.database import Database

_KEPT = 200


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One run of a source's sync; `ok` when its listing and the indexing reached their ends."""

    source: str
    started_at: datetime
    finished_at: datetime
    ok: bool
    report: SyncReport


class SyncRuns:
    """The record of runs; the newest 200 of each source are kept. Dry runs are not recorded."""

    def __init__(self, database: Database, recorded: Callable[[SyncReport], None] | None = None) -> None:
        """`recorded` is told of each run that this process recorded."""
        self._database = database
        self._recorded = recorded

    async def record(self, report: SyncReport, started_at: datetime, finished_at: datetime) -> None:
        """Keep what a run did."""
        row = {
            "source": report.source,
            "started_at": started_at,
            "finished_at": finished_at,
            "ok": report.error is None,
            "report": json.dumps(asdict(report)),
        }
        of_source = sync_runs.c.source == report.source
        kept = (
            select(sync_runs.c.id).where(of_source).order_by(sync_runs.c.id.desc()).offset(_KEPT - 1).limit(1)
        )
        async with self._database.write() as connection:
            oldest = (await connection.execute(kept)).scalar_one_or_none()
            if oldest is not None:
                await connection.execute(delete(sync_runs).where(of_source, sync_runs.c.id < oldest))
            await connection.execute(insert(sync_runs), row)
        if self._recorded is not None:
            self._recorded(report)

    async def last(self, source: str) -> SyncRun | None:
        """Give the newest run of a source, or None when it never ran."""
        newest = (
            select(sync_runs).where(sync_runs.c.source == source).order_by(sync_runs.c.id.desc()).limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(newest)).one_or_none()
        return None if row is None else _run_of(row)

    async def last_of_each(self) -> dict[str, SyncRun]:
        """Give the newest run of every source that ever ran."""
        newest = select(func.max(sync_runs.c.id)).group_by(sync_runs.c.source)
        async with self._database.read() as connection:
            rows = (await connection.execute(select(sync_runs).where(sync_runs.c.id.in_(newest)))).all()
        return {row.source: _run_of(row) for row in rows}

    async def last_successes(self) -> dict[str, datetime]:
        """Give when each source's newest good run ended."""
        ended = func.max(sync_runs.c.finished_at).label("ended")
        query = select(sync_runs.c.source, ended).where(sync_runs.c.ok).group_by(sync_runs.c.source)
        async with self._database.read() as connection:
            return {row.source: row.ended for row in (await connection.execute(query)).all()}


def _run_of(row: Row[Any]) -> SyncRun:
    kept = json.loads(row.report)
    known = {name: kept[name] for name in SyncReport.__dataclass_fields__ if name in kept}
    known["failed"] = tuple(Failed(**failed) for failed in kept["failed"])
    known["held"] = tuple(kept.get("held", ()))
    known["addressed"] = tuple(kept.get("addressed", ()))
    return SyncRun(row.source, row.started_at, row.finished_at, row.ok, SyncReport(**known))
