"""Secrets that stand in a file of their own, as Docker and Kubernetes mount them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from config.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from config.settings import SourceSettings

_LARGEST = 65_536
"""Bytes; a secret is short, and a path to a disk image by mistake must not fill the memory."""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A secret that is still to be read, from `path`."""

    path: Path


def read_secret(path: Path, where: str) -> SecretStr:
    """Read a secret; the newline at its end is no part of it.

    Raises:
        ConfigError: it is missing, unreadable, empty, over 64 KiB or no text; `where` names who asked for it.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            f"{where}: cannot read the secret file {path}: {reason}; mend the path or its rights"
        ) from None
    except ValueError:
        raise ConfigError(
            f"{where}: the secret file {path} is no text; write the secret into it, as UTF-8"
        ) from None
    if len(content) > _LARGEST:
        raise ConfigError(f"{where}: the secret file {path} is over 64 KiB; write the secret alone into it")
    if not text.strip():
        raise ConfigError(f"{where}: the secret file {path} is empty; write the secret into it")
    return SecretStr(text)


def source_secret(settings: SourceSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Give the secret of a source from `token_env` or `token_file`; None when it names neither.

    Raises:
        ConfigError: the variable is not set, or the file cannot be read.
    """
    return _named_secret(settings, environ, "token", settings.token_env, settings.token_file)


def webhook_secret(settings: SourceSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Give the secret that signs a source's webhooks; None when it names none. Raises ConfigError, as above."""
    names = settings.webhook_secret_env, settings.webhook_secret_file
    return _named_secret(settings, environ, "webhook_secret", *names)


def _named_secret(
    settings: SourceSettings, environ: Mapping[str, str], key: str, variable: str | None, file: Path | None
) -> SecretStr | None:
    where = f'[[sources]] "{settings.name}"'
    if variable is not None:
        value = environ.get(variable, "")
        if not value.strip():
            raise ConfigError(
                f"{where}: the environment variable {variable} ({key}_env) is not set; "
                f"set it to the source's {key.replace('_', ' ')}, or name another"
            )
        return SecretStr(value)
    return None if file is None else read_secret(file, f"{where} {key}_file")
