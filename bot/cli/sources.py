"""`helpdesk-bot sources list|pause|resume|confirm`."""

import sys
from pathlib import Path

import typer
from typer import BadParameter

from bot import replies
from bot.app import App
from bot.cli.actor import operator
from bot.cli.output import note, print_json, print_table, say
from bot.cli.runtime import execute, settings_from


def list_all(config: Path | None, *, as_json: bool) -> int:
    """Print where each source stands."""

    async def work(app: App) -> int:
        found = await (await app.upkeep()).status(None)
        if as_json:
            print_json(
                [
                    {
                        "name": source.name,
                        "every": source.every,
                        "articles": source.articles,
                        "paused": source.paused,
                        "held": source.held,
                        "last_sync": None if source.last is None else source.last.finished_at,
                        "ok": None if source.last is None else source.last.ok,
                        "error": None if source.last is None else source.last.report.error,
                    }
                    for source in found
                ]
            )
            return 0
        rows = [
            (
                source.name,
                f"{source.articles:,}",
                "" if source.last is None else f"{source.last.finished_at:%Y-%m-%d %H:%M}",
                "" if source.last is None else source.last.report.error or "ok",
                "paused" if source.paused else source.every,
                f"{len(source.held)} held" if source.held else "",
            )
            for source in found
        ]
        print_table(("source", "articles", "last sync (UTC)", "outcome", "every", "waits"), rows)
        return 0

    return execute(settings_from(config), work)


def pause_one(config: Path | None, name: str, *, as_json: bool) -> int:
    """Pause a source; gives 0 also when it was paused already."""

    async def work(app: App) -> int:
        changed = await (await app.source_control()).pause(name, operator())
        _tell(name, "Paused" if changed else "was paused already:", paused=True, as_json=as_json)
        return 0

    return execute(settings_from(config), work)


def resume_one(config: Path | None, name: str, *, as_json: bool) -> int:
    """Resume a source; gives 0 also when it was not paused."""

    async def work(app: App) -> int:
        changed = await (await app.source_control()).resume(name, operator())
        _tell(name, "Resumed" if changed else "was not paused:", paused=False, as_json=as_json)
        return 0

    return execute(settings_from(config), work)


def confirm_one(config: Path | None, name: str, *, yes: bool, as_json: bool) -> int:
    """Show what is held and remove it after asking; gives 1 when nothing was removed."""
    settings = settings_from(config)
    if not yes and not sys.stdin.isatty():
        raise BadParameter("nobody is here to ask: say --yes to remove them")

    async def work(app: App) -> int:
        control = await app.source_control()
        held = await control.held(name)
        if not held.ids:
            note(f"No removal of {name} waits.")
            return 1
        for article in held.articles:
            note(f"  {article.ref}\t{article.title}")
        if not yes and not typer.confirm(f"Remove these {len(held.ids)} articles?", err=True):
            note("Nothing was removed.")
            return 1
        report = await control.confirm(name, held.ids, operator())
        if report is None:
            note("Something else waits by now; look at it again. Nothing was removed.")
            return 1
        if as_json:
            print_json(report)
        else:
            say(replies.sync_line(report))
        return 1 if report.error is not None else 0

    return execute(settings, work)


def _tell(name: str, words: str, *, paused: bool, as_json: bool) -> None:
    if as_json:
        print_json({"source": name, "paused": paused})
    else:
        say(f"{words} {name}")
