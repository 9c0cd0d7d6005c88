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
    where = f'[[sources]] "{settings.name}"'
    if settings.token_env is not None:
        value = environ.get(settings.token_env, "")
        if not value.strip():
            raise ConfigError(
                f"{where}: the environment variable {settings.token_env} (token_env) is not set; "
                "set it to the source's token, or name another"
            )
        return SecretStr(value)
    if settings.token_file is not None:
        return read_secret(settings.token_file, f"{where} token_file")
    return None
