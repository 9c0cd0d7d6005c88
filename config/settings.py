"""Settings: what an operator decides, from a TOML file under the environment.

`load_settings` reads `helpdesk-bot.toml`, lays `HELPDESK_BOT__SECTION__KEY` over it and checks it all.
Every setting stands with its default and a line of why in `config/defaults.toml`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from config.cache import CacheSettings
from config.desk import DeskSettings, LimitSettings
from config.discord import DiscordSettings
from config.durations import Schedule, parse_duration
from config.errors import ConfigError
from config.grounding import GroundingSettings
from config.handoff import HandoffSettings
from config.keys import ConfigKey, KeyPath
from config.keys import config_keys as keys_of
from config.llm import LlmSettings
from config.loading import find_config, load
from config.secret_files import source_secret
from config.sites import SiteSettings
from config.slack import SlackSettings
from config.validators import (
    DatabaseUrl,
    Duration,
    Every,
    Label,
    PlatformId,
    RedisUrl,
    SourceName,
    VariableName,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

__all__ = [
    "AccessSettings",
    "AnswerSettings",
    "CacheSettings",
    "ChannelSettings",
    "ConfigError",
    "DatabaseSettings",
    "DeskSettings",
    "DiscordSettings",
    "EmbeddingSettings",
    "GroundingSettings",
    "HandoffSettings",
    "LimitSettings",
    "LlmSettings",
    "LogSettings",
    "PersonaSettings",
    "RedisSettings",
    "RetrievalSettings",
    "Section",
    "Settings",
    "SiteSettings",
    "SlackSettings",
    "SourceSettings",
    "WebSettings",
    "config_keys",
    "find_config",
    "load_settings",
    "source_secret",
]

ALIASES: Mapping[str, KeyPath] = {
    "SLACK_BOT_TOKEN": ("slack", "bot_token"),
    "SLACK_APP_TOKEN": ("slack", "app_token"),
    "SLACK_SIGNING_SECRET": ("slack", "signing_secret"),
    "SLACK_API_URL": ("slack", "api_url"),
    "SLACK_CLIENT_ID": ("slack", "client_id"),
    "SLACK_CLIENT_SECRET": ("slack", "client_secret"),
    "DISCORD_BOT_TOKEN": ("discord", "token"),
    "DISCORD_API_URL": ("discord", "api_url"),
    "DISCORD_GATEWAY_URL": ("discord", "gateway_url"),
}
"""Variables that the platforms' own guides use; stronger than the file, weaker than HELPDESK_BOT__…"""


class Section(BaseModel):
    """A table of the config file: unknown keys are errors, and nothing changes after start."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )


class SourceSettings(BaseModel):
    """One `[[sources]]` table. Keys beyond these belong to the source's type and are checked by it."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, defer_build=True)

    name: SourceName
    type: str
    path: Path | None = None
    url: str | None = None
    every: Every = "1h"
    audience: frozenset[Label] = Field(min_length=1)
    token_env: VariableName | None = None
    token_file: Path | None = None
    webhook_secret_env: VariableName | None = None
    webhook_secret_file: Path | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.token_env is not None and self.token_file is not None:
            raise ValueError("it has both token_env and token_file; keep one of them")
        if self.webhook_secret_env is not None and self.webhook_secret_file is not None:
            raise ValueError("it has both webhook_secret_env and webhook_secret_file; keep one of them")
        return self

    @property
    def has_webhook(self) -> bool:
        """Whether its platform tells the bot of changes."""
        return self.webhook_secret_env is not None or self.webhook_secret_file is not None

    @property
    def schedule(self) -> Schedule:
        """When it is synced again, read from `every`."""
        return Schedule.parse(self.every)

    @property
    def options(self) -> dict[str, Any]:
        """The keys that only this source's type knows."""
        return dict(self.model_extra or {})


class ChannelSettings(Section):
    """One `[[channels]]` table. `id` is `platform:…` such as `slack:T01/C02`, or of a whole workspace or guild."""

    id: PlatformId
    mode: Literal["mention", "auto", "shadow", "off"] = "mention"
    audience: frozenset[Label] = frozenset({"public"})
    persona: str | None = None
    sources: frozenset[str] | None = None
    min_confidence: float | None = Field(default=None, ge=0, le=1)
    staff: PlatformId | None = None


class AccessSettings(Section):
    """Who may change things and who may read what."""

    admins: frozenset[PlatformId] = frozenset()
    members: frozenset[Label] = frozenset({"public"})
    people: dict[PlatformId, frozenset[Label]] = Field(default_factory=dict)
    groups: dict[PlatformId, frozenset[Label]] = Field(default_factory=dict)


class DatabaseSettings(Section):
    """`url` empty: SQLite in `data_dir`."""

    url: DatabaseUrl = SecretStr("")


class RedisSettings(Section):
    """`url` empty: the embedded Valkey in `data_dir`."""

    url: RedisUrl = SecretStr("")


class EmbeddingSettings(Section):
    """`model` empty: all-MiniLM-L6-v2 from its package; else a path to a sentence-transformers model."""

    model: str = ""
    batch_tokens: int = Field(default=1024, ge=256, le=1_000_000)
    threads: int = Field(default=0, ge=0, le=512)


class RetrievalSettings(Section):
    """How passages are found."""

    top_k: int = Field(default=8, ge=1, le=50)
    candidates: int = Field(default=100, ge=10, le=1000)


class AnswerSettings(Section):
    """When and how the bot answers."""

    min_confidence: float = Field(default=0.5, ge=0, le=1)
    unsure_confidence: float = Field(default=0.3, ge=0, le=1)
    max_characters: int = Field(default=1200, ge=200, le=12_000)
    timeout_seconds: float = Field(default=20.0, gt=0, le=300)
    old_after: Duration | Literal[""] = "730d"

    @property
    def old(self) -> timedelta | None:
        """`old_after` as a duration; None where no age is too old."""
        return parse_duration(self.old_after) if self.old_after else None

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        if self.unsure_confidence > self.min_confidence:
            raise ValueError(
                f"unsure_confidence ({self.unsure_confidence}) is above "
                f"min_confidence ({self.min_confidence}); lower the first or raise the second"
            )
        return self


class PersonaSettings(Section):
    """`default` is a shipped persona's name or the path of a TOML file."""

    default: str = "friendly"


class WebSettings(Section):
    """The web server is off while `port` is not set; port 0 takes a free one and prints it.

    `metrics_token` empty: `/metrics` is for this machine alone.
    """

    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65_535)
    metrics_token: SecretStr = SecretStr("")


class LogSettings(Section):
    """Logs go to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Settings(Section):
    """All of it. Paths are absolute: relative ones are taken from the config file's folder."""

    data_dir: Path = Path(".helpdesk-bot")
    sources: tuple[SourceSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    sites: tuple[SiteSettings, ...] = ()
    access: AccessSettings = Field(default_factory=AccessSettings)
    desk: DeskSettings = Field(default_factory=DeskSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    embedding: EmbeddingSettings = Field(default_factory=EmbeddingSettings)
    retrieval: RetrievalSettings = Field(default_factory=RetrievalSettings)
    answer: AnswerSettings = Field(default_factory=AnswerSettings)
    cache: CacheSettings = Field(default_factory=CacheSettings)
    llm: LlmSettings = Field(default_factory=LlmSettings)
    grounding: GroundingSettings = Field(default_factory=GroundingSettings)
    persona: PersonaSettings = Field(default_factory=PersonaSettings)
    handoff: HandoffSettings = Field(default_factory=HandoffSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    slack: SlackSettings = Field(default_factory=SlackSettings)
    discord: DiscordSettings = Field(default_factory=DiscordSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    @model_validator(mode="after")
    def _drafts_have_readers(self) -> Self:
        for channel in self.channels:
            if channel.mode == "shadow" and not (channel.staff or self.desk.staff_channel):
                raise ValueError(
                    f"channel {channel.id} has mode shadow, and there is nobody to read its drafts; "
                    "set staff in its table, or [desk] staff_channel"
                )
        return self


def load_settings(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the config file and the environment, the second over the first.

    The file is `path`, else what HELPDESK_BOT_CONFIG names, else `helpdesk-bot.toml` in the working
    directory, else none. Relative paths, in the environment too, are taken from the file's folder, or from
    the working directory without one.

    Raises:
        ConfigError: with every problem, one a line: file or variable, key, what is wrong and what to do.
    """
    return load(Settings, find_config(path, environ), environ, ALIASES)


def config_keys() -> tuple[ConfigKey, ...]:
    """List every setting with its default and its environment variable, for `check` and the docs."""
    return keys_of(Settings)
