"""Secrets: from the environment or a file, and never shown."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import ConfigError, Settings, SourceSettings, config_keys, load_settings, source_secret
from tests.config.test_load_settings import write

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = [key for key in config_keys() if key.secret]


def test_the_secrets_are_known() -> None:
    """Every token, key and URL that may hold a password is a secret."""
    assert {".".join(key.path) for key in SECRETS} == {
        "database.url",
        "redis.url",
        "llm.api_key",
        "llm.fallback_api_key",
        "slack.bot_token",
        "slack.app_token",
        "slack.signing_secret",
        "slack.client_secret",
        "discord.token",
        "handoff.smtp_password",
        "handoff.token",
        "web.metrics_token",
    }


@pytest.mark.parametrize("place", ["variable", "alias", "file"])
def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path, place: str) -> None:
    """…_FILE names it everywhere, relative to the config file; its last newline is no part of it."""
    (tmp_path / "token").write_text("xoxb- 1\n")
    path = write(tmp_path, '[slack]\nbot_token_file = "token"' if place == "file" else "")
    environ = {
        "variable": {"HELPDESK_BOT__SLACK__BOT_TOKEN_FILE": "token"},
        "alias": {"SLACK_BOT_TOKEN_FILE": str(tmp_path / "token")},
        "file": {},
    }[place]
    assert load_settings(path, environ).slack.bot_token.get_secret_value() == "xoxb- 1"


def test_a_stronger_secret_saves_a_weaker_file_from_being_read(tmp_path: Path) -> None:
    """A file that is missing here does no harm where the environment sets the secret."""
    path = write(tmp_path, '[slack]\nbot_token_file = "gone"')
    assert load_settings(path, {"SLACK_BOT_TOKEN": "x"}).slack.bot_token.get_secret_value() == "x"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\xff\xfe", "is no text"),
        (b"x" * 70_000, "over 64 KiB"),
    ],
)
def test_a_useless_secret_file_is_named(tmp_path: Path, content: bytes | None, part: str) -> None:
    """The line names the key, the file and what is wrong with it."""
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, '[discord]\ntoken_file = "token"'), {})
    (problem,) = caught.value.problems
    assert "[discord] token_file" in problem
    assert str(tmp_path / "token") in problem
    assert part in problem


def test_a_secret_given_twice_in_one_place_is_refused(tmp_path: Path) -> None:
    """A token and its file side by side: nobody could say which one holds."""
    with pytest.raises(ConfigError, match="keep one of the two"):
        load_settings(write(tmp_path, '[slack]\nbot_token = "a"\nbot_token_file = "b"'), {})
    with pytest.raises(ConfigError, match="keep one of the two"):
        load_settings(write(tmp_path, ""), {"SLACK_BOT_TOKEN": "a", "SLACK_BOT_TOKEN_FILE": "b"})


def _source(**more: object) -> SourceSettings:
    return SourceSettings.model_validate({"name": "faq", "type": "x", "audience": ["public"], **more})


def test_a_source_takes_its_secret_from_a_variable_or_a_file(tmp_path: Path) -> None:
    """token_env and token_file, or none."""
    (tmp_path / "token").write_text("abc\r\n")
    by_variable = source_secret(_source(token_env="FAQ_TOKEN"), {"FAQ_TOKEN": "abc"})
    by_file = source_secret(_source(token_file=tmp_path / "token"), {})
    assert by_variable is not None
    assert by_variable.get_secret_value() == "abc"
    assert by_variable == by_file
    assert source_secret(_source(), {"FAQ_TOKEN": "abc"}) is None


def test_a_source_whose_secret_is_missing_is_named(tmp_path: Path) -> None:
    """The line names the source and the variable or file."""
    with pytest.raises(ConfigError, match=r'"faq".*FAQ_TOKEN.*not set'):
        source_secret(_source(token_env="FAQ_TOKEN"), {"FAQ_TOKEN": " "})
    with pytest.raises(ConfigError, match=r'"faq" token_file.*gone'):
        source_secret(_source(token_file=tmp_path / "gone"), {})


# A secret has enough of its own letters that it cannot stand in a message by chance.
secret_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40).map(
    lambda text: f"s3cr3t{text}"
)


@given(secret=secret_texts, key=st.sampled_from(SECRETS), break_something=st.booleans())
def test_a_secret_never_shows(secret: str, key: object, break_something: bool) -> None:  # noqa: FBT001
    """Neither repr, str, JSON, nor an error's text or traceback repeats a secret, wherever it was given."""
    environ = {key.environment: secret}  # type: ignore[attr-defined]
    if break_something:
        environ["HELPDESK_BOT__WEB__PORT"] = "x"
    try:
        settings = load_settings(None, environ)
    except ConfigError as error:
        shown = "".join(traceback.format_exception(error)) + repr(error)
    else:
        shown = repr(settings) + str(settings) + settings.model_dump_json() + repr(settings.model_dump())
    assert "s3cr3t" not in shown


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ('bot_token = "s3cr3t"', {}),
        ('[slack]\nbot_tokn = "s3cr3t"', {}),
        ('slack = "s3cr3t"', {}),
        ('[slack]\nbot_token = ["s3cr3t"]', {}),
        ('[slack]\nbot_token = {a = "s3cr3t"}', {}),
        ('[slack]\nbot_token = "s3cr3t', {}),
        ('[redis]\nurl = "ftp://:s3cr3t@host"', {}),
        ('[slack]\napi_url = "ftp://:s3cr3t@host"', {}),
        ('[slack]\napi_url = ["http://:s3cr3t@host"]', {}),
        ('[[sources]]\nname = "a"\ntype = "x"\naudience = ["public"]\ntoken = "s3cr3t"', {}),
        ('[[sources]]\nname = "a"\ntype = "x"\naudience = ["public"]\nurl = "https://u:s3cr3t@host"', {}),
        ('[[sources]]\nname = "a"\ntype = "x"\naudience = ["public"]\ntoken_env = "s3cr3t"', {}),
        ("", {"HELPDESK_BOT__SLACK": "s3cr3t"}),
        ("", {"HELPDESK_BOT__SLACK": '{"bot_tokn": "s3cr3t"}'}),
        ("", {"HELPDESK_BOT__SLACK": '"s3cr3t"'}),
        ("", {"HELPDESK_BOT__SLACK__BOT_TOKN": "s3cr3t"}),
        ("", {"HELPDESK_BOT__DATABASE__URL": "s3cr3t"}),
        ("", {"HELPDESK_BOT__SOURCES": json.dumps([{"name": "a", "token": "s3cr3t"}])}),
        ("", {"HELPDESK_BOT__SOURCES": '[{"token": "s3cr3t"'}),
    ],
)
def test_a_misplaced_secret_never_shows(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    """A secret under a wrong key, of a wrong type, or in broken text is not repeated in the error."""
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, text), environ)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_a_secret_of_digits_never_shows(tmp_path: Path) -> None:
    """A secret written without quotes is a number; it is not repeated either."""
    with pytest.raises(ConfigError, match=r"\[slack\] bot_token is not text") as caught:
        load_settings(write(tmp_path, "[slack]\nbot_token = 533733"), {})
    assert "533733" not in str(caught.value)


def test_pydantics_own_error_hides_the_input() -> None:
    """Even where a model is built by hand, the error does not show what was given."""
    with pytest.raises(ValueError, match="validation error") as caught:
        Settings.model_validate({"slack": {"bot_token": ["s3cr3t"]}})
    assert "s3cr3t" not in str(caught.value)
