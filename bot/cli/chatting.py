"""`helpdesk-bot chat`: the terminal as a chat platform."""

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from pydantic import SecretStr
from typer import BadParameter

from bot.app import App
from bot.cli.output import NO_ARTICLES, note
from bot.cli.runtime import execute, mend_index, settings_from, sync_named
from bot.commands import COMMANDS
from bot.errors import CommandError
from bot.scheduler import due_at
from config.durations import Schedule
from config.persona import load_persona, shipped_personas
from config.settings import (
    DatabaseSettings,
    PersonaSettings,
    RedisSettings,
    Settings,
    SourceSettings,
    WebSettings,
)
from connectors.base import Person, Reply
from connectors.console import CommandHint, ConsoleConnector

EVERYONE = frozenset({"public"})
OPERATOR = Person("console:operator")
SAMPLE_NOTE = (
    "No sources are configured: chatting over the sample help centre of a made-up product. "
    "For your own articles: helpdesk-bot chat --articles FOLDER"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to chat over. With `syncs_all` every source is synced at the start, else those that are due."""

    settings: Settings
    syncs_all: bool = False


def chat_here(
    config: Path | None, *, path: Path | None, persona: str | None, audience: frozenset[str] | None
) -> int:
    """Chat until the person leaves or the input ends."""
    plan = _plan(settings_from(config), path)
    settings = plan.settings.model_copy(update={"web": WebSettings()})  # the running bot has the port
    if persona is not None:
        settings = settings.model_copy(update={"persona": PersonaSettings(default=persona)})
    load_persona(settings.persona.default)

    async def work(app: App) -> int:
        await _sync(app, plan)
        articles = await (await app.library()).count()
        if not articles:
            note(NO_ARTICLES)
        await app.run([_connector(app, articles)])
        return 0

    return execute(settings, work, console_audience=audience)


# What to chat over --------------------------------------------------------------------------------------


def _plan(settings: Settings, path: Path | None) -> Plan:
    if path is not None:
        path = path.expanduser().resolve()
        if not path.exists():
            raise BadParameter(f"there is no file or folder {path}")
        return _over_path(settings, path)
    if settings.sources or not execute(settings, _is_empty):
        return Plan(settings)
    note(SAMPLE_NOTE)
    return _over_sample(settings)


async def _is_empty(app: App) -> int:
    return int(await (await app.library()).count() == 0)


def _over_path(settings: Settings, path: Path) -> Plan:
    folder = _own_folder(settings.data_dir, hashlib.sha256(os.fsencode(path)).hexdigest()[:16])
    kind = "jsonl" if path.suffix.lower() == ".jsonl" and path.is_file() else "folder"
    if kind == "folder" and path.is_file():
        copies = folder / "document"  # a folder source of its own: its neighbours are not to be read
        shutil.rmtree(copies, ignore_errors=True)
        copies.mkdir()
        path = Path(shutil.copy2(path, copies))
        path = copies
    source = SourceSettings(name="articles", type=kind, path=path, audience=EVERYONE)
    return Plan(_apart(settings, folder, source), syncs_all=True)


def _over_sample(settings: Settings) -> Plan:
    root = Path(str(resources.files("knowledge.samples"))) / "help_centre"
    sources = (
        SourceSettings(name="sample", type="folder", path=root / "public", audience=EVERYONE),
        SourceSettings(
            name="sample-internal", type="folder", path=root / "internal", audience=frozenset({"internal"})
        ),
    )
    return Plan(_apart(settings, _own_folder(settings.data_dir, "sample"), *sources), syncs_all=True)


def _own_folder(data_dir: Path, name: str) -> Path:
    """Make a data folder apart; it shares the exported embedding model, which takes long to make."""
    folder, models = data_dir / "chat" / name, data_dir / "models"
    for path in (data_dir, models, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    link = folder / "models"
    if not link.is_symlink() and not link.exists():
        link.symlink_to(Path("..") / ".." / "models", target_is_directory=True)
    return folder


def _apart(settings: Settings, folder: Path, *sources: SourceSettings) -> Settings:
    """Give settings that keep everything in `folder`, so that nothing is mixed with the bot's own."""
    apart = {
        "data_dir": folder,
        "sources": sources,
        "database": DatabaseSettings(url=SecretStr("")),
        "redis": RedisSettings(url=SecretStr("")),
    }
    return settings.model_copy(update=apart)


# The chat -----------------------------------------------------------------------------------------------


async def _sync(app: App, plan: Plan) -> None:
    names = [source.name for source in app.settings.sources]
    if not plan.syncs_all:
        runs, now = await app.runs(), app.clock()
        names = [
            source.name
            for source in app.settings.sources
            if due_at(Schedule.parse(source.every), await runs.last(source.name), now) <= now
        ]
    await mend_index(app)
    reports = await sync_named(app, names)
    errors = [report.error for report in reports if report.error is not None]
    if plan.syncs_all and errors and not await (await app.library()).count():
        raise CommandError(errors[0])


def _connector(app: App, articles: int) -> ConsoleConnector:
    persona = app.personas.default
    hints = [
        CommandHint(spec.name, spec.help, shipped_personas() if spec.name == "persona" else ())
        for spec in COMMANDS
        if not spec.hidden
    ]
    number = "1 article" if articles == 1 else f"{articles:,} articles"
    opening = f"{persona.greeting}\n\n*{number}. `/help` lists what else I know, `/quit` leaves.*"
    return ConsoleConnector(
        history_dir=app.settings.data_dir,
        person=OPERATOR,
        clock=app.clock,
        hints=hints,
        opening=Reply(opening),
        stdin=sys.stdin,
        stdout=sys.stdout,
    )
