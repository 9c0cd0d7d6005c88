"""The keys that every helpdesk's `[[sources]]` table knows."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Annotated

import httpx
from pydantic import AfterValidator, Field

from config.durations import parse_duration
from config.errors import ConfigError
from config.secret_files import source_secret
from config.validators import Duration, Label
from knowledge.errors import PermanentSourceError
from knowledge.models import PUBLIC
from knowledge.sources.base import SourceOptions
from knowledge.sources.helpdesk.audience import AudienceRules
from knowledge.sources.helpdesk.client import ClientLimits

if TYPE_CHECKING:
    from datetime import timedelta

    from config.settings import SourceSettings


def _not_public(labels: frozenset[str]) -> frozenset[str]:
    if PUBLIC in labels:
        raise ValueError("public has no place here: what the helpdesk restricts is never public")
    return labels


RestrictedLabels = Annotated[frozenset[Label], AfterValidator(_not_public)]


class HelpdeskOptions(SourceOptions):
    """What a helpdesk's table may say beside `url`, `audience`, `token_env` and `token_file`.

    `full_every` is how often everything is listed rather than what changed. The audiences are those of
    AudienceRules, the rest those of ClientLimits.
    """

    full_every: Duration = "1d"
    restricted_audience: RestrictedLabels = frozenset()
    groups: dict[str, RestrictedLabels] = Field(default_factory=dict)
    draft_audience: RestrictedLabels = frozenset()
    allow_http: bool = False
    seconds: float = Field(default=30.0, gt=0, le=600)
    max_bytes: int = Field(default=50_000_000, ge=1000, le=1_000_000_000)
    concurrency: int = Field(default=4, ge=1, le=32)
    attempts: int = Field(default=5, ge=1, le=20)
    retry_pause: float = Field(default=0.5, ge=0, le=60)

    @property
    def longest_delta(self) -> timedelta:
        """How old the last full listing may be."""
        return parse_duration(self.full_every)

    def rules(self, audience: frozenset[str]) -> AudienceRules:
        """Give the rules under a source's audience."""
        return AudienceRules(audience, self.restricted_audience, self.groups, self.draft_audience)

    def limits(self) -> ClientLimits:
        """Give the client's bounds."""
        return ClientLimits(self.seconds, self.max_bytes, self.concurrency, self.attempts, self.retry_pause)


def checked_url(settings: SourceSettings, *, allow_http: bool, example: str) -> str:
    """Give the helpdesk's address; raises PermanentSourceError when it is missing, wrong or not encrypted."""
    where = f"source {settings.name}"
    if not settings.url:
        raise PermanentSourceError(f'{where}: the type {settings.type} needs url; set url = "{example}"')
    try:
        url = httpx.URL(settings.url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise PermanentSourceError(f"{where}: url is no http or https address; write it like {example}")
    if url.userinfo:
        raise PermanentSourceError(f"{where}: url has a password in it; use token_env or token_file")
    if url.scheme == "http" and not (allow_http or _is_this_machine(url.host)):
        raise PermanentSourceError(
            f"{where}: url is not encrypted, and the token would be sent in the clear; use https, "
            "or set allow_http = true inside your own network"
        )
    return str(url.copy_with(query=None, fragment=None)).rstrip("/")


def read_token(settings: SourceSettings, *, needs: str) -> str:
    """Give the token; raises PermanentSourceError where there is none. `needs` says what it is."""
    try:
        secret = source_secret(settings, os.environ)
    except ConfigError as error:
        raise PermanentSourceError(f"source {settings.name}: {error}") from None
    if secret is None:
        raise PermanentSourceError(
            f"source {settings.name}: it needs {needs}; name the variable that holds it in token_env"
        )
    return secret.get_secret_value()


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
