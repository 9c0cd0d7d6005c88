"""`helpdesk-bot sync` and `helpdesk-bot reindex`."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer import BadParameter

from bot import replies
from bot.app import App
from bot.audit import Change
from bot.cli.actor import operator
from bot.cli.output import note, print_json, progress_bars, say
from bot.cli.runtime import execute, settings_from, unknown
from knowledge.models import SyncReport


def sync_sources(
    config: Path | None, names: Sequence[str], *, full: bool, dry_run: bool, as_json: bool
) -> int:
    """Sync these sources, or all; gives 1 when one could not be read to its end."""
    settings = settings_from(config)
    known = [source.name for source in settings.sources]
    for name in names:
        if name not in known:
            raise BadParameter(unknown(name, "source", known))
    if not known:
        note("No sources are configured: add a [[sources]] table to helpdesk-bot.toml.")

    async def work(app: App) -> int:
        started = time.monotonic()
        upkeep = await app.upkeep()
        paused = frozenset() if names else await upkeep.paused()
        for name in sorted(paused & set(known)):
            note(f"{name} is paused: `helpdesk-bot sync {name}` syncs it all the same.")
        reports: list[SyncReport] = []
        for name in dict.fromkeys(names or [name for name in known if name not in paused]):
            with progress_bars() as progress:
                reports += await upkeep.sync([name], full=full, dry_run=dry_run, progress=progress)
            if not dry_run:
                await _note_in_log(app, reports[-1])
            if not as_json:
                _say_report(reports[-1])
        if as_json:
            print_json(totals(reports, time.monotonic() - started, dry_run=dry_run))
        return 1 if any(report.error is not None for report in reports) else 0

    return execute(settings, work)


async def _note_in_log(app: App, report: SyncReport) -> None:
    """Note a sync that changed something: a timer's that changed nothing is nobody's change."""
    if report.added or report.updated or report.removed:
        await (await app.audit()).add(
            operator(), Change("sync", report.source, note=replies.sync_counts(report))
        )


def totals(reports: Sequence[SyncReport], seconds: float, *, dry_run: bool) -> dict[str, Any]:
    """Add up what the syncs did, and give each of them."""
    return {
        "added": sum(report.added for report in reports),
        "updated": sum(report.updated for report in reports),
        "removed": sum(report.removed for report in reports),
        "unchanged": sum(report.unchanged for report in reports),
        "held": [f"{report.source}/{article_id}" for report in reports for article_id in report.held],
        "failed": [failed for report in reports for failed in report.failed],
        "addressed": [
            f"{report.source}/{article_id}" for report in reports for article_id in report.addressed
        ],
        "embedded_passages": sum(report.embedded_passages for report in reports),
        "seconds": round(seconds, 3),
        "dry_run": dry_run,
        "sources": list(reports),
    }


def _say_report(report: SyncReport) -> None:
    say(replies.sync_line(report))
    if report.embedded_passages:
        say(f"  {report.embedded_passages:,} passages embedded")
    for failed in report.failed:
        say(f"  failed: {failed.article_id}: {failed.reason}")
    if report.held:
        say(f"  {replies.held_words(report)}: `helpdesk-bot sources confirm {report.source}` removes them")
    if report.addressed:
        say(f"  {replies.addressed_words(report)}")
    if report.error is not None:
        say(f"  stopped early: {report.error}")


def reindex_all(config: Path | None, what: str, *, as_json: bool) -> int:
    """Make the index anew, or what it holds of one article or source."""
    settings = settings_from(config)

    async def work(app: App) -> int:
        started = time.monotonic()
        control = await app.source_control()
        with progress_bars() as progress:
            named, passages = await control.reindex(what, operator(), progress)
        count = await (await app.library()).count()
        seconds = round(time.monotonic() - started, 3)
        if as_json:
            print_json({"articles": count, "embedded_passages": passages, "seconds": seconds})
        elif what:
            say(f"Indexed {named} anew: {passages:,} passages embedded ({seconds:.1f} s)")
        else:
            say(f"Indexed {count:,} articles anew: {passages:,} passages embedded ({seconds:.1f} s)")
        return 0

    return execute(settings, work)
