"""What `helpdesk-bot check` looks at: all that the configuration names, tried for real and at once."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bot.check_articles import NAME as ARTICLES_CHECK
from bot.check_articles import check_articles
from bot.check_chat import check_discord, check_slack
from bot.check_handoff import check_handoff
from bot.check_index import check_index
from bot.check_llm import check_llm
from bot.check_nli import NAME as NLI_CHECK
from bot.check_nli import check_nli
from bot.check_redis import check_redis
from bot.check_result import CheckResult
from bot.web.webhooks import hooks_of
from config.errors import ConfigError
from config.nearest import did_you_mean
from config.persona import load_persona
from config.secret_files import source_secret
from knowledge.database import Database
from knowledge.embedding.model import resolve_model
from knowledge.errors import DatabaseTooNew, KnowledgeError
from knowledge.models import PUBLIC
from knowledge.schema import SchemaHistory
from knowledge.sources.base import build_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from config.settings import Settings, SourceSettings

__all__ = ["CheckResult", "readers", "run_checks"]

CHECK_SECONDS = 40.0
"""For each check; the embedded Valkey alone may take 30 to load its file."""

_HISTORIES = (("knowledge:migrations", "knowledge_version"), ("bot:migrations", "bot_version"))
_LOCAL = "local"


async def run_checks(
    settings: Settings, file: Path | None = None, environ: Mapping[str, str] = os.environ
) -> list[CheckResult]:
    """Try everything that `settings`, loaded from `file`, names; never raises for what it finds.

    Results come in a fixed order: config, personas, embedding model, database, search index, articles, Redis, sources,
    language model, NLI model, handoff, Slack, Discord.
    """
    personas = [
        settings.persona.default,
        *(channel.persona for channel in settings.channels if channel.persona),
    ]
    checks: list[tuple[str, Awaitable[CheckResult]]] = [
        *((_persona_label(name), _persona(name)) for name in dict.fromkeys(personas)),
        ("embedding model", _model(settings.embedding.model)),
        ("database", _database(settings)),
        ("search index", check_index(settings)),
        (ARTICLES_CHECK, check_articles(settings)),
        ("redis", check_redis(settings.redis.url.get_secret_value(), settings.data_dir)),
        *((_source_label(source.name), _source(source, environ)) for source in settings.sources),
        *([("llm", check_llm(settings.llm, settings.answer.timeout_seconds))] if settings.llm.model else []),
        *([(NLI_CHECK, check_nli(settings))] if settings.grounding.nli_model else []),
        *([("handoff", check_handoff(settings.handoff))] if settings.handoff.to else []),
        ("slack", check_slack(settings.slack, web_port=settings.web.port)),
        ("discord", check_discord(settings.discord)),
    ]
    found = await asyncio.gather(*(_guarded(name, check) for name, check in checks))
    chat = found[-2:]
    together = [*_sources_together(settings), *_webhooks(settings), *_channels(settings)]
    return [_config(file), *found[:-2], *together, *chat]


async def _guarded(name: str, check: Awaitable[CheckResult]) -> CheckResult:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check
    except TimeoutError:
        return CheckResult.bad(
            name, f"no answer within {CHECK_SECONDS:.0f} s", "see whether it is reachable and not overloaded"
        )
    except Exception as error:  # noqa: BLE001 - one broken check must not hide the others; its text may hold a secret
        return CheckResult.bad(
            name, f"the check itself failed ({type(error).__name__})", "report this with the version"
        )


def _config(file: Path | None) -> CheckResult:
    return CheckResult.good("config", str(file) if file else "no file: defaults and environment")


def _persona_label(name: str) -> str:
    return f"persona {Path(name).name}"


async def _persona(name: str) -> CheckResult:
    label = _persona_label(name)
    try:
        persona = await asyncio.to_thread(load_persona, name)
    except ConfigError as error:
        return CheckResult.bad(
            label, "; ".join(error.problems), "mend [persona] default or the persona's file"
        )
    return CheckResult.good(label, f"{persona.name}, language {persona.language}")


async def _model(model: str) -> CheckResult:
    try:
        found = await asyncio.to_thread(resolve_model, model)
    except KnowledgeError as error:
        return CheckResult.bad(
            "embedding model", str(error), "mend [embedding] model, or leave it empty for the default"
        )
    name = found.path.name if model else "all-MiniLM-L6-v2"
    return CheckResult.good(
        "embedding model", f"{name}, {found.dimensions} dimensions, {found.max_tokens} tokens"
    )


async def _database(settings: Settings) -> CheckResult:
    database = Database(Database.url_for(settings.database.url.get_secret_value(), settings.data_dir))
    try:
        async with database:
            detail = await database.check()
            histories = [SchemaHistory(location, table) for location, table in _HISTORIES]
            async with database.read() as connection:
                current = [
                    await connection.run_sync(history.is_at_head, database.place) for history in histories
                ]
    except DatabaseTooNew as error:
        return CheckResult.bad("database", str(error), "install the newer version of helpdesk-bot")
    except KnowledgeError as error:
        return CheckResult.bad("database", str(error), "mend [database] url, data_dir or the rights on it")
    return CheckResult.good(
        "database", detail if all(current) else f"{detail}; its tables are made at the next start"
    )


def _source_label(name: str) -> str:
    return f"source {name}"


async def _source(settings: SourceSettings, environ: Mapping[str, str]) -> CheckResult:
    label = _source_label(settings.name)
    try:
        source_secret(settings, environ)
        hooks_of([settings], environ)
        source = build_source(settings)
        try:
            detail = await source.check()
        finally:
            await source.close()
    except ConfigError as error:
        return CheckResult.bad(label, str(error), "set the variable or write the file, and restart")
    except KnowledgeError as error:
        return CheckResult.bad(label, str(error), f'mend its [[sources]] table (name = "{settings.name}")')
    return CheckResult.good(label, detail)


def _sources_together(settings: Settings) -> list[CheckResult]:
    """Warn of no source at all, and of sources whose articles nobody may read."""
    if not settings.sources:
        return [
            CheckResult.doubtful(
                "sources",
                "none: the bot knows only what admins add",
                "add a [[sources]] table to the config file",
            )
        ]
    held = {PUBLIC} | readers(settings)
    return [
        CheckResult.doubtful(
            f"{_source_label(source.name)} readers",
            f"nobody holds {' or '.join(sorted(source.audience))}: its articles are never shown in a chat",
            "give a label to [access] members, people or groups, or to a channel; or change the source's",
        )
        for source in settings.sources
        if not source.audience & held
    ]


def _webhooks(settings: Settings) -> list[CheckResult]:
    """Warn of webhooks that nobody can reach."""
    hooked = [source.name for source in settings.sources if source.has_webhook]
    if not hooked or settings.web.port is not None:
        return []
    return [
        CheckResult.doubtful(
            "webhooks",
            f"{', '.join(hooked)}: no web server takes them",
            "set a port, such as port = 8080 under [web]",
        )
    ]


def readers(settings: Settings) -> set[str]:
    """Give every label that some member, person, group or channel holds."""
    access = settings.access
    holders = (
        *access.people.values(),
        *access.groups.values(),
        *(channel.audience for channel in settings.channels),
    )
    return set(access.members).union(*holders)


def _channels(settings: Settings) -> list[CheckResult]:
    """Find channels that name a source which is not there."""
    known = {_LOCAL, *(source.name for source in settings.sources)}
    return [
        CheckResult.bad(
            f"channel {channel.id}",
            f'there is no source "{name}"; {did_you_mean(name, known)}',
            "mend its sources",
        )
        for channel in settings.channels
        for name in sorted((channel.sources or frozenset()) - known)
    ]
