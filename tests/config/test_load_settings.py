"""Where settings come from, and which place wins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from config.settings import Settings, load_settings

if TYPE_CHECKING:
    import pytest


def write(folder: Path, text: str, name: str = "helpdesk-bot.toml") -> Path:
    """Write a config file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file and no variable: the defaults, with data_dir under the working directory."""
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, {}) == Settings(data_dir=tmp_path / ".helpdesk-bot")


def test_the_file_is_found_by_argument_then_variable_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument is stronger than HELPDESK_BOT_CONFIG, and that than ./helpdesk-bot.toml."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "[web]\nport = 1")
    by_variable = write(tmp_path, "[web]\nport = 2", "two.toml")
    by_argument = write(tmp_path, "[web]\nport = 3", "three.toml")
    variable = {"HELPDESK_BOT_CONFIG": str(by_variable)}
    assert load_settings(None, {}).web.port == 1
    assert load_settings(None, {"HELPDESK_BOT_CONFIG": ""}).web.port == 1
    assert load_settings(None, variable).web.port == 2
    assert load_settings(by_argument, variable).web.port == 3


def test_variables_lie_over_aliases_and_aliases_over_the_file(tmp_path: Path) -> None:
    """HELPDESK_BOT__SLACK__BOT_TOKEN beats SLACK_BOT_TOKEN, which beats the file."""
    path = write(tmp_path, '[slack]\nbot_token = "file"\napp_token = "file"\nsigning_secret = "file"')
    environ = {
        "SLACK_BOT_TOKEN": "alias",
        "SLACK_APP_TOKEN": "alias",
        "HELPDESK_BOT__SLACK__BOT_TOKEN": "variable",
    }
    slack = load_settings(path, environ).slack
    assert slack.bot_token.get_secret_value() == "variable"
    assert slack.app_token.get_secret_value() == "alias"
    assert slack.signing_secret.get_secret_value() == "file"


def test_every_well_known_variable_is_read(tmp_path: Path) -> None:
    """The variables that Slack's and Discord's guides use are known; an empty one counts as not set."""
    path = write(tmp_path, '[discord]\ntoken = "file"')
    environ = {
        "SLACK_SIGNING_SECRET": "s",
        "SLACK_API_URL": "http://127.0.0.1:1/api",
        "DISCORD_BOT_TOKEN": "",
        "DISCORD_API_URL": "http://127.0.0.1:2",
        "DISCORD_GATEWAY_URL": "ws://127.0.0.1:3",
    }
    settings = load_settings(path, environ)
    assert settings.slack.signing_secret.get_secret_value() == "s"
    assert settings.slack.api_url == "http://127.0.0.1:1/api/"
    assert settings.discord.token.get_secret_value() == "file"
    assert settings.discord.api_url == "http://127.0.0.1:2"
    assert settings.discord.gateway_url == "ws://127.0.0.1:3"
    own = load_settings(path, {"HELPDESK_BOT__SLACK__API_URL": ""})
    assert own.slack.api_url == Settings().slack.api_url


def test_lists_and_tables_may_come_as_json_or_words(tmp_path: Path) -> None:
    """[[sources]] and tables are given whole as JSON; a list of words may stand with commas."""
    source = {"name": "faq", "type": "folder", "path": "faq", "audience": ["public"], "depth": 3}
    environ = {
        "HELPDESK_BOT__SOURCES": json.dumps([source]),
        "HELPDESK_BOT__ACCESS__ADMINS": "slack:T/U1, discord:2",
        "HELPDESK_BOT__ACCESS__MEMBERS": '["public", "internal"]',
        "HELPDESK_BOT__ACCESS__PEOPLE": '{"slack:T/U1": ["internal"]}',
        "HELPDESK_BOT__WEB": '{"host": "0.0.0.0", "port": 1}',
        "HELPDESK_BOT__WEB__PORT": "2",
        "HELPDESK_BOT__CACHE__ENABLED": "false",
        "HELPDESK_BOT__ANSWER__MIN_CONFIDENCE": "",
    }
    settings = load_settings(write(tmp_path, ""), environ)
    assert settings.sources[0].path == tmp_path / "faq"
    assert settings.sources[0].options == {"depth": 3}
    assert settings.access.admins == {"slack:T/U1", "discord:2"}
    assert settings.access.members == {"public", "internal"}
    assert settings.access.people == {"slack:T/U1": frozenset({"internal"})}
    assert (settings.web.host, settings.web.port) == ("0.0.0.0", 2)
    assert settings.cache.enabled is False
    assert settings.answer.min_confidence == 0.5


def test_an_empty_variable_clears_a_text_of_the_file(tmp_path: Path) -> None:
    """A URL in the file can be taken back by an empty variable."""
    path = write(tmp_path, '[redis]\nurl = "redis://x"\n[llm]\nmodel = "m"')
    settings = load_settings(path, {"HELPDESK_BOT__REDIS__URL": "", "HELPDESK_BOT__LLM__MODEL": ""})
    assert settings.redis.url.get_secret_value() == ""
    assert settings.llm.model == ""


def test_relative_paths_are_taken_from_the_files_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """data_dir, sources, secret files and personas lie beside the file, wherever the bot runs; ~ is home."""
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", "/home/someone")
    path = write(
        tmp_path,
        """
        [persona]
        default = "voices/ours.toml"
        [embedding]
        model = "./model"
        [[channels]]
        id = "slack:T/C"
        persona = "theirs.toml"
        [[channels]]
        id = "slack:T/D"
        persona = "formal"
        [[sources]]
        name = "a"
        type = "folder"
        path = "articles"
        audience = ["public"]
        token_file = "token"
        [[sources]]
        name = "b"
        type = "folder"
        path = "~/articles"
        audience = ["public"]
        """,
    )
    settings = load_settings(path, {})
    assert settings.data_dir == tmp_path / ".helpdesk-bot"
    assert settings.persona.default == str(tmp_path / "voices/ours.toml")
    assert settings.embedding.model == str(tmp_path / "model")
    assert [channel.persona for channel in settings.channels] == [str(tmp_path / "theirs.toml"), "formal"]
    assert settings.sources[0].path == tmp_path / "articles"
    assert settings.sources[0].token_file == tmp_path / "token"
    assert settings.sources[1].path == Path("/home/someone/articles")
    by_variable = load_settings(path, {"HELPDESK_BOT__DATA_DIR": "kept"})
    assert by_variable.data_dir == tmp_path / "kept"


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    """A byte order mark and CR LF do no harm."""
    path = tmp_path / "c.toml"
    path.write_bytes(b"\xef\xbb\xbf[web]\r\nport = 1\r\n")
    assert load_settings(path, {}).web.port == 1


def test_importing_the_settings_loads_nothing_heavy() -> None:
    """Beside pydantic the settings need only the standard library, so that `--help` stays quick."""
    code = (
        "import sys; from pydantic import BaseModel, Field, SecretStr, ConfigDict; before = set(sys.modules);"
        "import time; start = time.process_time(); import config.settings;"
        "spent = time.process_time() - start;"
        "roots = {name.split('.')[0] for name in set(sys.modules) - before};"
        "ours = {'config', 'pydantic', 'pydantic_core', 'typing_extensions'};"
        "print(sorted(roots - sys.stdlib_module_names - ours));"
        "print(spent)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    imported, spent = result.stdout.splitlines()
    assert imported == "[]"
    assert float(spent) < 0.25
