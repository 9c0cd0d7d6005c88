"""What every command does around its work: settings, logs, signals, the app, and the first sync."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from bot import replies
from bot.app import App
from bot.cli.logs import configure_logs
from bot.cli.output import note, progress_bars
from config.nearest import did_you_mean
from config.settings import Settings, load_settings
from knowledge.errors import KnowledgeError
from knowledge.models import SyncReport

TERMINATED = 143


def settings_from(config: Path | None) -> Settings:
    """Load the settings and set the logs up for a command that a person runs. Raises ConfigError."""
    settings = load_settings(config, os.environ)
    configure_logs(settings.log, quiet=True)
    return settings


def execute(
    settings: Settings,
    work: Callable[[App], Awaitable[int]],
    *,
    console_audience: frozenset[str] | None = None,
) -> int:
    """Do a command's work with an app that is closed after it; SIGTERM and a closed terminal end it in good order."""

    async def whole() -> int:
        task = asyncio.current_task()
        assert task is not None
        terminated = False

        def terminate() -> None:
            nonlocal terminated
            terminated = True
            task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # `nohup` is to be kept
                asyncio.get_running_loop().add_signal_handler(number, terminate)
        try:
            async with App(settings, console_audience=console_audience) as app:
                return await work(app)
        except asyncio.CancelledError:
            if terminated:
                return TERMINATED
            raise

    return asyncio.run(whole())


async def sync_new_sources(app: App) -> list[SyncReport]:
    """Sync the sources that never were, so that a first question finds articles; failures are only said.

    An index that a killed process left behind its articles, or that was deleted, is mended first.
    """
    await mend_index(app)
    runs = await app.runs()
    names = [source.name for source in app.settings.sources if await runs.last(source.name) is None]
    return await sync_named(app, names)


async def mend_index(app: App) -> None:
    """Bring the index up to the articles, if it is not and nobody else is at it."""
    sync = await app.sync()
    try:
        with progress_bars() as progress:
            embedded = await sync.mend(progress)
    except KnowledgeError as error:
        note(f"the search index lags behind the articles: {error}")
        return
    if embedded:
        note(f"The search index lagged behind the articles: {embedded} passages were added to it.")


async def sync_named(app: App, names: Iterable[str]) -> list[SyncReport]:
    """Sync these sources with progress on standard error; what went wrong is said there too."""
    reports: list[SyncReport] = []
    upkeep = await app.upkeep()
    for name in names:
        started = time.monotonic()
        with progress_bars() as progress:
            (report,) = await upkeep.sync([name], progress=progress)
        reports.append(report)
        if report.error is not None:
            note(f"{name} could not be synced: {report.error}")
            continue
        for failed in report.failed:
            note(f"{name}: {failed.article_id}: {failed.reason}")
        if report.addressed:
            note(f"{name}: {replies.addressed_words(report)}")
        changed = report.added + report.updated + report.removed
        if changed:
            note(f"Synced {name}: {changed} articles in {time.monotonic() - started:.1f} s.")
    return reports


def unknown(word: str, what: str, known: Iterable[str]) -> str:
    """Say that there is no such thing, and what was probably meant."""
    names = sorted(known)
    if not names:
        return f'there is no {what} "{word}"; the config has none'
    return f'there is no {what} "{word}"; {did_you_mean(word, names)}'
