"""The keys of the configuration, read off the settings models: for messages, the environment and the docs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "HELPDESK_BOT__"
"""What every environment variable of the configuration begins with."""

KeyPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One setting: `path` is such as `("slack", "bot_token")`, `table` the model of its `[[tables]]`."""

    path: KeyPath
    annotation: Any
    default: Any
    table: type[BaseModel] | None = None

    @property
    def environment(self) -> str:
        """The environment variable that sets it."""
        return environment_name(self.path)

    @property
    def secret(self) -> bool:
        """Whether its value must never be shown; a secret may also be given as `…_file`."""
        return _mentions(self.annotation, SecretStr)

    @property
    def is_path(self) -> bool:
        """Whether its value is a path, taken from the config file's folder when relative."""
        return _mentions(self.annotation, Path)

    @property
    def is_scalar(self) -> bool:
        """Whether it is one plain value, neither a list nor a table."""
        return not any(_mentions(self.annotation, kind) for kind in (frozenset, tuple, list, dict, BaseModel))


def config_keys(model: type[BaseModel]) -> tuple[ConfigKey, ...]:
    """List every setting of `model` in the order of its fields; a section's keys stand under the section."""
    return tuple(_keys(model, ()))


def environment_name(path: KeyPath) -> str:
    """Name the environment variable of a path."""
    return PREFIX + "__".join(path).upper()


def place(path: KeyPath) -> str:
    """Name a key as it stands in the file: `[slack] bot_token`, or `data_dir` where it stands in no table."""
    return f"[{'.'.join(path[:-1])}] {path[-1]}" if len(path) > 1 else path[0]


def _keys(model: type[BaseModel], prefix: KeyPath) -> Iterator[ConfigKey]:
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from _keys(section, (*prefix, name))
            continue
        tables = [
            part for part in get_args(section) if isinstance(part, type) and issubclass(part, BaseModel)
        ]
        default = ... if field.is_required() else field.get_default(call_default_factory=True)
        yield ConfigKey((*prefix, name), section, default, tables[0] if tables else None)


def _mentions(annotation: Any, kind: type) -> bool:
    origin = getattr(annotation, "__origin__", annotation)
    if isinstance(origin, type) and issubclass(origin, kind):
        return True
    return any(_mentions(part, kind) for part in get_args(annotation))
