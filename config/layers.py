"""What the file and the environment say, as layers: flat maps from a key's path to what was given for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_origin

from config.keys import PREFIX, ConfigKey, KeyPath, environment_name, place
from config.nearest import is_likely, similarity
from config.secret_files import SecretFile
from config.stray_variables import stray_variables
from config.toml_file import absolute, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_FILE_SUFFIX = "_file"


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was given; `where` names the file and key, or the variable, that gave it."""

    value: Any
    where: str


@dataclass(slots=True)
class Layer:
    """What one place says, and what is wrong with it."""

    values: dict[KeyPath, Given] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, path: KeyPath, given: Given) -> None:
        """Take a value, unless the layer has a secret both as it is and as a file."""
        before = self.values.get(path)
        if before is not None and isinstance(before.value, SecretFile) != isinstance(given.value, SecretFile):
            self.problems.append(f"{given.where}: {before.where} says the same; keep one of the two")
            return
        self.values[path] = given


class LayerReader:
    """Reads layers by the keys of one settings model. Relative secret files lie in `base`."""

    def __init__(self, keys: Sequence[ConfigKey], base: Path) -> None:
        self._keys = {key.path: key for key in keys}
        self._sections = {path[0] for path in self._keys if len(path) > 1}
        self._base = base

    def file(self, path: Path) -> Layer:
        """Read a TOML file.

        Raises:
            ConfigError: the file is missing, unreadable or no TOML.
        """
        layer = Layer()
        for path_in_file, value in _flat(read_toml(path), self._sections):
            where = f"{path}: {_written(path_in_file, value)}"
            if path_in_file[0] in self._sections and len(path_in_file) == 1:
                layer.problems.append(
                    f"{where} must be a table; write [{path_in_file[0]}] and its keys under it"
                )
            else:
                self._take(layer, path_in_file, Given(value, where), environment=False)
        return layer

    def environment(self, environ: Mapping[str, str]) -> Layer:
        """Read `HELPDESK_BOT__SECTION__KEY`; a section, list or table may be given whole as JSON.

        Another variable that begins with HELPDESK_BOT_ is a problem: it was meant for the bot.
        """
        layer = Layer()
        layer.problems.extend(stray_variables(environ, self._variables()))
        names = sorted(
            (name for name in environ if name.startswith(PREFIX)), key=lambda name: (name.count("__"), name)
        )
        for name in names:
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            if len(path) == 1 and path[0] in self._sections:
                self._section(layer, path[0], name, environ[name])
            else:
                self._variable(layer, path, name, environ[name])
        return layer

    def aliases(self, environ: Mapping[str, str], aliases: Mapping[str, KeyPath]) -> Layer:
        """Read variables that are known by other names, such as SLACK_BOT_TOKEN; empty counts as not set."""
        layer = Layer()
        for alias, path in aliases.items():
            names = (alias, f"{alias}_FILE") if self._keys[path].secret else (alias,)
            for name in names:
                if environ.get(name):
                    is_file = name != alias
                    value = SecretFile(self._absolute(environ[name])) if is_file else environ[name]
                    layer.add(path, Given(value, name))
        return layer

    def _variables(self) -> set[KeyPath]:
        """Give the paths of all that a variable may set: keys, files of secrets, and sections whole."""
        files = {(*path[:-1], path[-1] + _FILE_SUFFIX) for path, key in self._keys.items() if key.secret}
        return self._keys.keys() | files | {(section,) for section in self._sections}

    def _variable(self, layer: Layer, path: KeyPath, name: str, text: str) -> None:
        key = self._keys.get(path)
        if key is None:
            self._take(layer, path, Given(text, name), environment=True)
            return
        try:
            value = _parsed(key, text)
        except (ValueError, RecursionError) as error:
            layer.problems.append(f"{name} is not valid JSON ({error}); {_json_remedy(key)}")
            return
        if value is not None:
            layer.add(path, Given(value, name))

    def _section(self, layer: Layer, section: str, name: str, text: str) -> None:
        try:
            table = json.loads(text)
        except (ValueError, RecursionError) as error:
            layer.problems.append(
                f"{name} is not valid JSON ({error}); write an object, or set {name}__KEY for each key"
            )
            return
        if not isinstance(table, dict):
            layer.problems.append(f"{name} must be a JSON object; or set {name}__KEY for each key")
            return
        for key, value in table.items():
            self._take(layer, (section, key), Given(value, f"{name} {key}"), environment=False)

    def _take(self, layer: Layer, path: KeyPath, given: Given, *, environment: bool) -> None:
        secret = self._keys.get((*path[:-1], path[-1].removesuffix(_FILE_SUFFIX)))
        if path in self._keys:
            layer.add(path, given)
        elif secret is not None and secret.secret:
            if isinstance(given.value, str) and given.value:
                layer.add(secret.path, Given(SecretFile(self._absolute(given.value)), given.where))
            else:
                layer.problems.append(f"{given.where}: write the path of the file that holds the secret")
        else:
            layer.problems.append(
                f"{given.where} is not a setting; {self._suggestion(path, environment=environment)}"
            )

    def _suggestion(self, path: KeyPath, *, environment: bool) -> str:
        """Name the nearest known key, and the siblings of an unknown one where that guess is weak."""
        written = environment_name if environment else self._place
        whole = self._keys.get(path[:1])
        if whole is not None and len(path) > 1:
            return f"{written(whole.path)} is given whole, as JSON: {_json_remedy(whole)}"
        sections = {(section,) for section in self._sections}
        known = sorted(self._keys.keys() | (sections if len(path) == 1 else set()))
        guess = max(
            known,
            key=lambda other: similarity(path[-1], other[-1]) + similarity(".".join(path), ".".join(other)),
        )
        if is_likely(path[-1], guess[-1]):
            return f"did you mean {written(guess)}?"
        siblings = [other for other in known if other[:-1] == path[:-1]] or sorted(sections)
        return f"the nearest is {written(guess)}; known are {', '.join(map(written, siblings))}"

    def _place(self, path: KeyPath) -> str:
        return f"[{path[0]}]" if len(path) == 1 and path[0] in self._sections else place(path)

    def _absolute(self, text: str) -> Path:
        return absolute(text, self._base)


def _flat(document: dict[str, Any], sections: set[str]) -> Iterator[tuple[KeyPath, Any]]:
    for name, value in document.items():
        if name in sections and isinstance(value, dict):
            yield from (((name, key), inner) for key, inner in value.items())
        else:
            yield (name,), value


def _written(path: KeyPath, value: Any) -> str:
    """Write a key as it stands in the file: a table in brackets, a list of tables in double ones."""
    if len(path) > 1:
        return place(path)
    if isinstance(value, dict):
        return f"[{path[0]}]"
    return f"[[{path[0]}]]" if isinstance(value, list) and value and isinstance(value[0], dict) else path[0]


def _parsed(key: ConfigKey, text: str) -> Any:
    """Give the value that a variable's text stands for; None when an empty one counts as not set."""
    if key.is_scalar:
        accepts_empty = key.secret or key.annotation is str
        return text if text or accepts_empty else None
    if not text.strip():
        return None
    is_list_of_words = get_origin(key.annotation) is frozenset
    if is_list_of_words and not text.lstrip().startswith("["):
        return [word.strip() for word in text.split(",") if word.strip()]
    return json.loads(text)


def _json_remedy(key: ConfigKey) -> str:
    return "write an array of objects" if key.table else "write it as JSON, or in the config file"
