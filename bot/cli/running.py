"""`helpdesk-bot run` and `helpdesk-bot check`."""

import asyncio
import os
from collections.abc import Iterable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from bot.app import App
from bot.check_result import CheckResult
from bot.checks import run_checks
from bot.cli.logs import configure_logs
from bot.cli.output import note, print_json, print_table
from bot.cli.runtime import TERMINATED, execute, settings_from
from bot.commands.table import COMMANDS
from bot.installations import SqlInstallations
from config.errors import ConfigError
from config.loading import find_config
from config.settings import Settings, SourceSettings, load_settings
from connectors.base import ChatConnector
from connectors.errors import ConnectorConfigError
from connectors.forms import CommandInfo
from knowledge.errors import KnowledgeError
from knowledge.sources.base import build_source

CONNECTORS = "helpdesk_bot.connectors"


def run_bot(config: Path | None) -> int:
    """Run what is configured until a signal comes. Raises what keeps it from starting."""
    settings = load_settings(config, os.environ)
    configure_logs(settings.log, quiet=False)
    asyncio.run(refuse_broken_sources(settings.sources))

    async def work(app: App) -> int:
        connectors = build_connectors(settings, SqlInstallations(app.database))
        await app.run(connectors, announce=note)
        return 0

    code = execute(settings, work)
    return 0 if code == TERMINATED else code  # stopped before all had started


async def refuse_broken_sources(sources: Iterable[SourceSettings]) -> None:
    """Build each source once, reading nothing: a wrong type or option is to be known at the start.

    Raises ConfigError with a line for each source that cannot be built.
    """
    problems = []
    for settings in sources:
        try:
            source = build_source(settings)
        except KnowledgeError as error:
            problems.append(str(error))
        else:
            await source.close()
    if problems:
        raise ConfigError(problems)


def build_connectors(settings: Settings, kept: SqlInstallations | None = None) -> list[ChatConnector]:
    """Build the platforms that have a token, from the entry points. Raises ConnectorConfigError.

    `kept` is where Slack's workspaces are that install the app by OAuth.
    """
    if settings.slack.client_id and settings.web.port is None:
        raise ConnectorConfigError("slack: client_id is set, and OAuth needs the web server; set [web] port")
    used = {"slack": settings.slack.is_used, "discord": bool(settings.discord.token.get_secret_value())}
    entries = {entry.name: entry for entry in metadata.entry_points(group=CONNECTORS)}
    built: list[ChatConnector] = []
    for name in (name for name, is_used in used.items() if is_used):
        if name not in entries:
            raise ConnectorConfigError(f"{name} has a token, but this version has no {name} connector yet")
        connector: Any = entries[name].load()
        given = {"commands": command_infos()} if name == "discord" else {"kept": kept}
        built.append(connector.from_settings(getattr(settings, name), **given))
    if settings.sites:
        connector = entries["web"].load()
        built.append(connector.from_settings(settings.sites))
    return built


def command_infos() -> list[CommandInfo]:
    """Give what a platform that lists commands needs to know of them."""
    return [CommandInfo(spec.name, spec.arguments, spec.help, spec.admin, spec.hidden) for spec in COMMANDS]


def check_all(config: Path | None, *, as_json: bool) -> int:
    """Try everything that the config names; gives 1 when something does not work."""
    settings = settings_from(config)
    results = asyncio.run(run_checks(settings, find_config(config, os.environ), os.environ))
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        print_table(
            ("", "what", "found", "what to do"),
            [(_mark(result), result.name, result.detail, result.remedy) for result in results],
        )
    return 0 if all(result.ok for result in results) else 1


def _mark(result: CheckResult) -> str:
    if not result.ok:
        return "FAIL"
    return "warn" if result.warning else "ok"
