"""Lays the environment over the file and validates the whole, collecting every problem before it gives up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from config.errors import ConfigError
from config.keys import ConfigKey, KeyPath, config_keys
from config.layers import Given, Layer, LayerReader
from config.persona import is_persona_path
from config.problems import problem_lines, table_label
from config.secret_files import SecretFile, read_secret
from config.stray_variables import CONFIG_VARIABLE
from config.toml_file import absolute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CONFIG_FILE = "helpdesk-bot.toml"

_SECRET_NAMES = ("token", "password", "passwd", "secret", "api_key", "apikey", "private_key", "access_key")
"""A key of a source that is one of these, or ends in `_` and one of these, is a secret."""

Model = TypeVar("Model", bound=BaseModel)


def find_config(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Give the config file's absolute path: the named one, else HELPDESK_BOT_CONFIG, else the one here."""
    if path is None and environ.get(CONFIG_VARIABLE):
        path = Path(environ[CONFIG_VARIABLE])
    if path is None:
        here = Path.cwd() / CONFIG_FILE
        return here if here.exists() else None
    return absolute(str(path), Path.cwd())


def load(
    model: type[Model], file: Path | None, environ: Mapping[str, str], aliases: Mapping[str, KeyPath]
) -> Model:
    """Lay HELPDESK_BOT__… over the aliases, these over `file`, and validate the whole as `model`.

    Raises:
        ConfigError: with every problem that was found.
    """
    base = file.parent if file else Path.cwd()
    keys = config_keys(model)
    reader = LayerReader(keys, base)
    layers = (
        reader.file(file) if file else Layer(),
        reader.aliases(environ, aliases),
        reader.environment(environ),
    )
    given: dict[KeyPath, Given] = {}
    for layer in layers:
        given.update(layer.values)
    problems = [problem for layer in layers for problem in layer.problems]
    raw = _nested(keys, given, base, problems)
    problems.extend(_table_problems(given))
    try:
        settings = model.model_validate(raw)
    except ValidationError as error:
        problems.extend(problem_lines(error, keys, given, raw))
        raise ConfigError(problems) from None
    if problems:
        raise ConfigError(problems)
    return settings


def _nested(
    keys: Sequence[ConfigKey], given: Mapping[KeyPath, Given], base: Path, problems: list[str]
) -> dict[str, Any]:
    """Build the document to validate: secrets read, paths absolute."""
    raw: dict[str, Any] = {}
    for key in keys:
        if key.path not in given:
            if isinstance(key.default, Path):
                _put(raw, key.path, base / key.default)
            continue
        value = given[key.path].value
        if isinstance(value, SecretFile):
            try:
                value = read_secret(value.path, given[key.path].where)
            except ConfigError as error:
                problems.extend(error.problems)
                continue
        _put(raw, key.path, _resolved(key, value, base))
    return raw


def _put(raw: dict[str, Any], path: KeyPath, value: Any) -> None:
    for name in path[:-1]:
        raw = raw.setdefault(name, {})
    raw[path[-1]] = value


def _resolved(key: ConfigKey, value: Any, base: Path) -> Any:
    """Make the relative paths in a value absolute."""
    if key.table is not None and isinstance(value, list):
        fields = {
            name: ConfigKey((name,), field.annotation, None) for name, field in key.table.model_fields.items()
        }
        return [_resolved_table(item, fields, base) for item in value]
    if not isinstance(value, str) or not value:
        return value
    if key.is_path or (key.path in {("persona", "default"), ("persona",)} and is_persona_path(value)):
        return str(absolute(value, base))
    if key.path == ("embedding", "model") and value.startswith((".", "~")):
        return str(absolute(value, base))
    return value


def _resolved_table(item: Any, fields: Mapping[str, ConfigKey], base: Path) -> Any:
    if not isinstance(item, dict):
        return item
    return {
        name: _resolved(fields[name], value, base) if name in fields else value
        for name, value in item.items()
    }


def _table_problems(given: Mapping[KeyPath, Given]) -> Iterator[str]:
    """Find what concerns several tables at once, or must not reach the settings at all."""
    for key, name_key, remedy in (
        ("sources", "name", "give each its own name"),
        ("channels", "id", "keep one of them"),
    ):
        entry = given.get((key,))
        items = entry.value if entry is not None and isinstance(entry.value, list) else []
        seen: set[str] = set()
        for number, item in enumerate(items):
            name = item.get(name_key) if isinstance(item, dict) else None
            if isinstance(name, str) and name in seen:
                yield f'{_file_of(entry)}: two [[{key}]] have the {name_key} "{name}"; {remedy}'
            if isinstance(name, str):
                seen.add(name)
            if key == "sources" and isinstance(item, dict):
                label = table_label(key, number, item, name_key)
                yield from (f"{_file_of(entry)}: {label}: {problem}" for problem in _secrets_in(item))


def _file_of(entry: Given | None) -> str:
    return entry.where.split(": ")[0] if entry else ""


def _secrets_in(source: Mapping[str, Any]) -> Iterator[str]:
    for name in source:
        if any(name.lower() == secret or name.lower().endswith(f"_{secret}") for secret in _SECRET_NAMES):
            yield (
                f"{name} must not stand here; put it into an environment variable and name that one: "
                'token_env = "NAME" (or into a file: token_file = "…")'
            )
    url = source.get("url")
    if isinstance(url, str) and _has_password(url):
        yield 'url has a password in it; take it out, and name its environment variable: token_env = "NAME"'


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return False
