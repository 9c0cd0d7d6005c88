"""`[[sites]]`: web pages whose visitors may chat with the bot."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from config.errors import ConfigError
from config.secret_files import read_secret
from config.validators import Label, VariableName

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORTEST_SECRET = 32
"""Characters: RFC 7518, section 3.2 asks for a key of at least 256 bits for HS256."""
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{2,39}")
_ORIGIN = re.compile(r"https?://[\w.-]+(?::\d{1,5})?", re.IGNORECASE)


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise ValueError("a site's key has 3 to 40 lower-case letters, digits and dashes, such as acme-shop")
    return value


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        raise ValueError(
            f"{value!r} is no origin; write scheme and host alone, such as https://www.example.com"
        )
    return value.casefold()


class SiteSettings(BaseModel):
    """One `[[sites]]` table. `audience` bounds what a visitor's token may hold; without a token it is `public`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    key: Annotated[str, AfterValidator(_key)]
    origins: frozenset[Annotated[str, AfterValidator(_origin)]] = Field(min_length=1)
    audience: frozenset[Label] = frozenset({"public"})
    secret_env: VariableName | None = None
    secret_file: Path | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret_env is not None and self.secret_file is not None:
            raise ValueError("it has both secret_env and secret_file; keep one of them")
        return self


def site_secret(settings: SiteSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Give the secret that signs the visitors' tokens; None when the site has none, and all are anonymous.

    Raises:
        ConfigError: the variable is not set, the file cannot be read, or the secret is too short to sign with.
    """
    where = f'[[sites]] "{settings.key}"'
    secret: SecretStr | None = None
    if settings.secret_env is not None:
        secret = SecretStr(environ.get(settings.secret_env, ""))
    elif settings.secret_file is not None:
        secret = read_secret(settings.secret_file, f"{where} secret_file")
    if secret is not None and len(secret.get_secret_value()) < SHORTEST_SECRET:
        name = settings.secret_env or settings.secret_file
        raise ConfigError(
            f"{where}: the secret in {name} has fewer than {SHORTEST_SECRET} characters; make one "
            "with `openssl rand -hex 32`"
        )
    return secret
