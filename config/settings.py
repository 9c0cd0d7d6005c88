"""Settings: what an operator decides, from a TOML file under the environment.

`load_settings` (same module) reads `helpdesk-bot.toml`, lays `HELPDESK_BOT__SECTION__KEY` over it and checks the whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Section(BaseModel):
    """A table of the config file: unknown keys are errors, and nothing changes after start."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SourceSettings(BaseModel):
    """One `[[sources]]` table. Keys beyond these belong to the source's type and are checked by it."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")
    type: str
    path: Path | None = None
    url: str | None = None
    every: str = "1h"
    audience: frozenset[str] = Field(min_length=1)
    token_env: str | None = None
    token_file: Path | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The keys that only this source's type knows."""
        return dict(self.model_extra or {})


class ChannelSettings(Section):
    """One `[[channels]]` table. `id` is `platform:…` such as `slack:T01/C02`."""

    id: str
    mode: Literal["mention", "auto", "shadow", "off"] = "mention"
    audience: frozenset[str] = frozenset({"public"})
    persona: str | None = None
    sources: frozenset[str] | None = None
    min_confidence: float | None = Field(default=None, ge=0, le=1)


class AccessSettings(Section):
    """Who may change things and who may read what."""

    admins: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset({"public"})
    people: dict[str, frozenset[str]] = Field(default_factory=dict)
    groups: dict[str, frozenset[str]] = Field(default_factory=dict)


class DatabaseSettings(Section):
    """`url` empty: SQLite in `data_dir`."""

    url: SecretStr = SecretStr("")


class RedisSettings(Section):
    """`url` empty: the embedded Valkey in `data_dir`."""

    url: SecretStr = SecretStr("")


class EmbeddingSettings(Section):
    """`model` empty: all-MiniLM-L6-v2 from its package; else a path to a sentence-transformers model."""

    model: str = ""
    batch_tokens: int = Field(default=8192, ge=256, le=1_000_000)
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


class CacheSettings(Section):
    """The answer cache."""

    enabled: bool = True
    max_age: str = "7d"
    max_entries: int = Field(default=20_000, ge=100, le=1_000_000)


class LlmSettings(Section):
    """An OpenAI-compatible endpoint; without a model the extractive answerer speaks."""

    model: str = ""
    api_base_url: str = ""
    api_key: SecretStr = SecretStr("")


class PersonaSettings(Section):
    """`default` is a shipped persona's name or the path of a TOML file."""

    default: str = "friendly"


class WebSettings(Section):
    """The web server is off while `port` is not set; port 0 takes a free one and prints it."""

    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65_535)


class SlackSettings(Section):
    """Slack; it is used when a bot token is set."""

    bot_token: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    api_url: str = "https://slack.com/api/"


class DiscordSettings(Section):
    """Discord; it is used when a token is set."""

    token: SecretStr = SecretStr("")
    api_url: str = ""
    gateway_url: str = ""


class LogSettings(Section):
    """Logs go to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Settings(Section):
    """All of it. Paths are absolute: relative ones are taken from the config file's folder."""

    data_dir: Path = Path(".helpdesk-bot")
    sources: tuple[SourceSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = ()
    access: AccessSettings = AccessSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    answer: AnswerSettings = AnswerSettings()
    cache: CacheSettings = CacheSettings()
    llm: LlmSettings = LlmSettings()
    persona: PersonaSettings = PersonaSettings()
    web: WebSettings = WebSettings()
    slack: SlackSettings = SlackSettings()
    discord: DiscordSettings = DiscordSettings()
    log: LogSettings = LogSettings()
