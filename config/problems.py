"""Turns pydantic's errors into lines that name the place, the problem and the remedy, but no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.keys import ConfigKey, KeyPath
from config.nearest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel, ValidationError

    from config.layers import Given

_AUDIENCE_REMEDY = (
    'say who may read this source: audience = ["public"] for everyone, or ["internal"] for the desk'
)

_PROBLEMS: Mapping[str, str] = {
    "int": "is not a whole number; write one such as 10",
    "float": "is not a number; write one such as 0.5",
    "finite_number": "is not a number; write one such as 0.5",
    "bool": "is neither true nor false; write one of them",
    "string": 'is not text; write it in quotes: "…"',
    "frozen_set": 'is not a list; write it in brackets: ["…"]',
    "tuple": "is not a list of tables; write [[…]] in the file, or a JSON array of objects",
    "dict": "is not a table; write its keys and values under it",
    "model": "is not a table; write its keys and values under it",
    "path": "is not a path; write it in quotes",
}


def problem_lines(
    error: ValidationError, keys: Sequence[ConfigKey], given: Mapping[KeyPath, Given], raw: Mapping[str, Any]
) -> list[str]:
    """Write one line for each error; `given` knows whence each value came, `raw` is what was validated."""
    by_path = {key.path: key for key in keys}
    return [_line(detail, by_path, given, raw) for detail in error.errors(include_url=False)]


def table_label(key: str, number: int, item: Any, name_key: str) -> str:
    """Name one of several tables: `[[sources]] "faq"`, or by its number where it has no name."""
    name = item.get(name_key) if isinstance(item, dict) else None
    return f'[[{key}]] "{name}"' if isinstance(name, str) and name else f"[[{key}]] number {number + 1}"


def _line(
    detail: Any, keys: Mapping[KeyPath, ConfigKey], given: Mapping[KeyPath, Given], raw: Mapping[str, Any]
) -> str:
    location = tuple(detail["loc"])
    path = next(
        (location[:size] for size in range(len(location), 0, -1) if location[:size] in keys), location
    )
    key = keys.get(path)
    where = given[path].where if path in given else _section(path, given)
    rest = location[len(path) :]
    if key is not None and key.table is not None and rest:
        return _table_line(detail, key, where, rest, raw)
    inner = "".join(f" {part}" for part in rest if part != "[key]" and not isinstance(part, int))
    return f"{where}{inner}{_shown(detail, key)}{_problem(detail)}{_default(key)}"


def _section(path: KeyPath, given: Mapping[KeyPath, Given]) -> str:
    """Name the section, for what concerns several of its keys, with the file or variable of the first one."""
    first = next((entry.where for known, entry in given.items() if known[: len(path)] == path), None)
    label = f"[{'.'.join(map(str, path))}]"
    return f"{first.split(': ')[0]}: {label}" if first else label


def _table_line(
    detail: Any, key: ConfigKey, where: str, rest: tuple[Any, ...], raw: Mapping[str, Any]
) -> str:
    """Describe what is wrong within one of several tables, such as a source."""
    number, *inner = rest
    item = raw[key.path[0]][number]
    label = table_label(key.path[0], number, item, next(iter(key.table.model_fields))) if key.table else ""
    where = (
        where.replace(f"[[{key.path[0]}]]", label) if f"[[{key.path[0]}]]" in where else f"{where} {label}"
    )
    name = str(inner[0]) if inner else ""
    if detail["type"] == "missing":
        remedy = _AUDIENCE_REMEDY if name == "audience" else f'add {name} = "…"'
        return f"{where}: {name} is missing; {remedy}"
    if name == "audience" and detail["type"] == "too_short":
        return f"{where}: {name} is empty; {_AUDIENCE_REMEDY}"
    if detail["type"] == "extra_forbidden" and key.table:
        return f"{where}: {name} is not a setting; {did_you_mean(name, key.table.model_fields)}"
    inner_key = next((known for known in _fields(key.table) if known.path == (name,)), None)
    problem = f"{_shown(detail, inner_key)}{_problem(detail)}"
    return f"{where}: {name}{problem}" if name else f"{where}{problem}"


def _fields(table: type[BaseModel] | None) -> list[ConfigKey]:
    fields = table.model_fields if table else {}
    return [ConfigKey((name,), field.annotation, None) for name, field in fields.items()]


def _shown(detail: Any, key: ConfigKey | None) -> str:
    """Show the value, unless the key is a secret, or the message tells enough."""
    value = detail["input"]
    if key is None or key.secret or not key.is_scalar or detail["type"] == "value_error":
        return ""
    if not isinstance(value, str | int | float) or len(str(value)) > 60:  # noqa: PLR2004 - what a line bears
        return ""
    return f" = {str(value).lower() if isinstance(value, bool) else repr(value)}"


def _problem(detail: Any) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return f": {context['error']}"
    if kind == "literal_error":
        return f" is not known; write one of {context['expected']}"
    if kind == "greater_than_equal":
        return f" is too small; write {context['ge']} or more"
    if kind == "less_than_equal":
        return f" is too large; write {context['le']} or less"
    if kind == "greater_than":
        return f" is too small; write more than {context['gt']}"
    stem = (
        kind.removesuffix("_type")
        .removesuffix("_parsing")
        .removesuffix("_from_float")
        .removesuffix("_parsing_size")
    )
    return f" {_PROBLEMS[stem]}" if stem in _PROBLEMS else f": {detail['msg']}"


def _default(key: ConfigKey | None) -> str:
    if key is None or key.secret or not key.is_scalar or key.default in (None, ""):
        return ""
    default = str(key.default).lower() if isinstance(key.default, bool) else key.default
    return f" (default {default})"
