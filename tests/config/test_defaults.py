"""defaults.toml says what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import SecretStr

import config
from config.durations import Schedule
from config.settings import (
    ChannelSettings,
    Settings,
    SiteSettings,
    SourceSettings,
    config_keys,
    load_settings,
)
from knowledge.sources.folder import FolderOptions
from knowledge.sources.jsonl import JsonlOptions

DEFAULTS = Path(config.__file__).parent / "defaults.toml"


def _flat(document: dict[str, object]) -> dict[tuple[str, ...], object]:
    tables = {path[0] for key in config_keys() if len(path := key.path) > 1}
    flat: dict[tuple[str, ...], object] = {}
    for name, value in document.items():
        if name in tables and isinstance(value, dict):
            flat.update({(name, key): inner for key, inner in value.items()})
        else:
            flat[(name,)] = value
    return flat


def _plain(default: object) -> object:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, Path):
        return str(default)
    return list(default) if isinstance(default, frozenset | tuple) else default


def test_every_setting_stands_there_with_the_codes_default() -> None:
    """No setting is missing, none is invented, and every value is the default."""
    expected = {
        key.path: _plain(key.default)
        for key in config_keys()
        if key.table is None and key.default is not None
    }
    assert _flat(tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))) == expected


def test_it_is_a_config_file_that_changes_nothing(tmp_path: Path) -> None:
    """A copy of it loads, and gives the defaults."""
    copy = tmp_path / "helpdesk-bot.toml"
    copy.write_bytes(DEFAULTS.read_bytes())
    assert load_settings(copy, {}) == Settings(data_dir=tmp_path / ".helpdesk-bot")


def test_what_has_no_default_stands_there_as_a_comment() -> None:
    """web.port, and every key of [[sources]], of its shipped types, and of [[channels]]."""
    comments = set(re.findall(r"^# (\w+) = ", DEFAULTS.read_text(encoding="utf-8"), flags=re.MULTILINE))
    tables = (SourceSettings, FolderOptions, JsonlOptions, ChannelSettings, SiteSettings)
    assert comments == {"port"}.union(*(table.model_fields for table in tables))


def test_its_examples_are_valid() -> None:
    """The commented examples, uncommented, are accepted by the models."""
    examples = re.findall(r"^# (\w+) = (.*)$", DEFAULTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    document = {key: value for key, text in examples for value in tomllib.loads(f"x = {text}").values()}
    second_ways = {"token_file", "webhook_secret_file"}
    source = {key: document[key] for key in SourceSettings.model_fields if key not in second_ways}
    source["audience"] = ["public"]
    assert SourceSettings.model_validate(source).schedule == Schedule.parse("1h")
    for options in (FolderOptions, JsonlOptions):
        options.model_validate({key: document[key] for key in options.model_fields})
    assert document["max_bytes"] == FolderOptions().max_bytes == JsonlOptions().max_bytes
    assert document["convert_seconds"] == FolderOptions().convert_seconds
    assert (
        ChannelSettings.model_validate({key: document[key] for key in ChannelSettings.model_fields}).mode
        == "mention"
    )


def test_its_example_of_a_site_is_valid() -> None:
    """The commented example, without the second way to give the secret, is accepted."""
    examples = DEFAULTS.read_text(encoding="utf-8").partition("# [[sites]]\n")[2].partition("\n\n")[0]
    lines = "\n".join(line.removeprefix("# ") for line in examples.splitlines() if "secret_file" not in line)
    assert SiteSettings.model_validate(tomllib.loads(lines)).secret_env == "SHOP_CHAT_SECRET"


def test_every_line_says_why() -> None:
    """Each setting has a comment, on its line or on the one before."""
    lines = DEFAULTS.read_text(encoding="utf-8").splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if re.match(r"(# )?\w+ = ", line):
            assert "  #" in line or before.startswith("# "), line
