"""What is said about a wrong configuration."""

# ruff: noqa: E501 - a message stands whole, as it is read
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.settings import ConfigError, load_settings
from tests.config.test_load_settings import write

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = '[[sources]]\nname = "faq"\ntype = "folder"\n'


def problems(folder: Path, text: str = "", environ: dict[str, str] | None = None) -> list[str]:
    """Load and give the problems, without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, text), environ or {})
    assert str(caught.value).splitlines() == list(caught.value.problems)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("data_dri = 'x'", "data_dri is not a setting; did you mean data_dir?"),
        ("[slak]\nx = 1", "[slak] is not a setting; did you mean [slack]?"),
        ("[slack]\nbot_tokn = 'x'", "[slack] bot_tokn is not a setting; did you mean [slack] bot_token?"),
        ("[web]\nbot_token = 'x'", "[web] bot_token is not a setting; did you mean [slack] bot_token?"),
        ("signing_secret = 'x'", "signing_secret is not a setting; did you mean [slack] signing_secret?"),
        ("[[source]]\nname = 'x'", "[[source]] is not a setting; did you mean sources?"),
        (
            "[[channels]]\nid = 'slack:T/C'\nmoed = 'off'",
            '[[channels]] "slack:T/C": moed is not a setting; did you mean mode?',
        ),
        ("[web]\nport_file = 'x'", "[web] port_file is not a setting; did you mean [web] port?"),
    ],
)
def test_an_unknown_key_of_the_file_names_the_nearest(tmp_path: Path, text: str, problem: str) -> None:
    """The line names the file, the table, the key and the nearest known one."""
    assert problems(tmp_path, text) == [f"helpdesk-bot.toml: {problem}"]


def test_a_key_like_no_other_gets_the_list(tmp_path: Path) -> None:
    """Where no guess is good, the known keys of the table are listed."""
    (problem,) = problems(tmp_path, "[web]\nzzz = 1")
    assert problem.endswith("known are [web] host, [web] metrics_token, [web] port")


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("HELPDESK_BOT__SLACK__BOT_TOKN", "did you mean HELPDESK_BOT__SLACK__BOT_TOKEN?"),
        ("HELPDESK_BOT__SLAK__BOT_TOKEN", "did you mean HELPDESK_BOT__SLACK__BOT_TOKEN?"),
        ("HELPDESK_BOT__DATADIR", "did you mean HELPDESK_BOT__DATA_DIR?"),
        ("HELPDESK_BOT__SOURCES__0__NAME", "write an array of objects"),
        ("HELPDESK_BOT__", "HELPDESK_BOT__WEB"),
        ("HELPDESK_BOT__WEB__PORT__X", "nearest is HELPDESK_BOT__WEB__PORT;"),
    ],
)
def test_an_unknown_variable_names_the_nearest(tmp_path: Path, name: str, end: str) -> None:
    """A variable that begins with HELPDESK_BOT__ and is no setting is an error as well."""
    (problem,) = problems(tmp_path, environ={name: "1"})
    assert problem.startswith(f"{name} is not a setting; ")
    assert end in problem


def test_other_peoples_variables_are_left_alone(tmp_path: Path) -> None:
    """Kubernetes sets HELPDESK_BOT_PORT for a service of that name; it is none of ours."""
    load_settings(
        write(tmp_path, ""),
        {
            "HELPDESK_BOT_PORT": "tcp://10.0.0.1:80",
            "HELPDESK_BOT_PORT_80_TCP": "tcp://10.0.0.1:80",
            "HELPDESK_BOT_PORT_80_TCP_PROTO": "tcp",
            "HELPDESK_BOT_PORT_80_TCP_PORT": "80",
            "HELPDESK_BOT_PORT_80_TCP_ADDR": "10.0.0.1",
            "HELPDESK_BOT_SERVICE_HOST": "10.0.0.1",
            "HELPDESK_BOT_SERVICE_PORT": "80",
            "HELPDESK_BOT_WEB_SERVICE_PORT_HTTP": "80",
            "HELPDESK_BOT_WEB_PORT": "tcp://10.0.0.1:80",
            "HELPDESK_BOTANY": "1",
        },
    )


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("HELPDESK_BOT_DATA_DIR", "write HELPDESK_BOT__DATA_DIR, with two underscores"),
        ("HELPDESK_BOT_WEB_PORT", "write HELPDESK_BOT__WEB__PORT, with two underscores"),
        ("HELPDESK_BOT_WEB__PORT", "write HELPDESK_BOT__WEB__PORT, with two underscores"),
        (
            "HELPDESK_BOT_SLACK_BOT_TOKEN_FILE",
            "write HELPDESK_BOT__SLACK__BOT_TOKEN_FILE, with two underscores",
        ),
        ("HELPDESK_BOT_DATADIR", "did you mean HELPDESK_BOT__DATA_DIR?"),
        ("HELPDESK_BOT_CONFIG_FILE", "did you mean HELPDESK_BOT_CONFIG?"),
        (
            "HELPDESK_BOT_XYZZY",
            "settings begin with HELPDESK_BOT__ (two underscores); the nearest is HELPDESK_BOT__LLM__API_KEY",
        ),
    ],
)
def test_a_variable_with_one_underscore_is_a_problem(tmp_path: Path, name: str, end: str) -> None:
    """It would be ignored without a word; its value, which may be a secret, is not repeated."""
    (problem,) = problems(tmp_path, environ={name: "8080"})
    assert problem == f"{name} is not a setting; {end}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[web]\nport = 70000", "[web] port = 70000 is too large; write 65535 or less"),
        ("[web]\nport = -1", "[web] port = -1 is too small; write 0 or more"),
        ("[web]\nport = 1.5", "[web] port = 1.5 is not a whole number; write one such as 10"),
        (
            "[answer]\ntimeout_seconds = 0",
            "[answer] timeout_seconds = 0 is too small; write more than 0.0 (default 20.0)",
        ),
        (
            "[answer]\nmin_confidence = nan",
            "[answer] min_confidence = nan is not a number; write one such as 0.5 (default 0.5)",
        ),
        (
            "[cache]\nenabled = 'perhaps'",
            "[cache] enabled = 'perhaps' is neither true nor false; write one of them (default true)",
        ),
        (
            "[log]\nlevel = 'loud'",
            "[log] level = 'loud' is not known; write one of 'debug', 'info', 'warning' or 'error' (default info)",
        ),
        ("[access]\nmembers = 'public'", '[access] members is not a list; write it in brackets: ["…"]'),
        (
            "[access]\nadmins = ['bob']",
            '[access] admins: \'bob\' does not say its platform; write one such as "slack:T01/U02" or "discord:123"',
        ),
        (
            "sources = 1",
            "sources is not a list of tables; write [[…]] in the file, or a JSON array of objects",
        ),
        (
            "sources = ['faq']",
            "sources [[sources]] number 1 is not a table; write its keys and values under it",
        ),
        ("slack = 'xoxb'", "slack must be a table; write [slack] and its keys under it"),
        ("[embedding]\nmodel = 3", '[embedding] model = 3 is not text; write it in quotes: "…"'),
        (
            "[cache]\nmax_age = 'soon'",
            '[cache] max_age: \'soon\' is not a duration; write one such as "90s", "15m", "1h" or "7d" (default 7d)',
        ),
        (
            "[answer]\nmin_confidence = 0.2",
            "[answer]: unsure_confidence (0.3) is above min_confidence (0.2); lower the first or raise the second",
        ),
    ],
)
def test_a_bad_value_names_the_key_and_the_remedy(tmp_path: Path, text: str, problem: str) -> None:
    """The line names the file, the key, what was given, and what to write."""
    assert problems(tmp_path, text) == [f"helpdesk-bot.toml: {problem}"]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (
            "HELPDESK_BOT__WEB__PORT",
            "abc",
            "HELPDESK_BOT__WEB__PORT = 'abc' is not a whole number; write one such as 10",
        ),
        (
            "HELPDESK_BOT__WEB",
            "1",
            "HELPDESK_BOT__WEB must be a JSON object; or set HELPDESK_BOT__WEB__KEY for each key",
        ),
        (
            "HELPDESK_BOT__ANSWER__MIN_CONFIDENCE",
            "0.1",
            "HELPDESK_BOT__ANSWER__MIN_CONFIDENCE: [answer]: unsure_confidence (0.3) is above min_confidence (0.1); lower the first or raise the second",
        ),
    ],
)
def test_a_bad_value_of_the_environment_names_the_variable(
    tmp_path: Path, name: str, value: str, problem: str
) -> None:
    """A value from the environment is blamed on its variable, not on the file."""
    assert problems(tmp_path, "[web]\nport = 1", {name: value}) == [problem]


@pytest.mark.parametrize(
    "name", ["HELPDESK_BOT__SOURCES", "HELPDESK_BOT__WEB", "HELPDESK_BOT__ACCESS__PEOPLE"]
)
@pytest.mark.parametrize("value", ["[{", "[" * 100_000])
def test_broken_json_names_the_variable(tmp_path: Path, name: str, value: str) -> None:
    """Half an array, or one nested beyond reason, is one plain line."""
    (problem,) = problems(tmp_path, "", {name: value})
    assert problem.startswith(f"{name} is not valid JSON (")


def test_a_source_without_audience_says_how_to_mend_it(tmp_path: Path) -> None:
    """The remedy shows both audiences."""
    (missing,) = problems(tmp_path, SOURCE)
    (empty,) = problems(tmp_path, f"{SOURCE}audience = []")
    assert missing.startswith('helpdesk-bot.toml: [[sources]] "faq": audience is missing; ')
    assert empty.startswith('helpdesk-bot.toml: [[sources]] "faq": audience is empty; ')
    for problem in (missing, empty):
        assert 'audience = ["public"]' in problem
        assert '["internal"]' in problem


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ("every = '0 25 * * *'", "every: '0 25 * * *' is not a cron line: '25' is no hour (0-23)"),
        ("every = 'daily'", "every: 'daily' is not a duration"),
        ("token_env = 'xoxb-1'", "token_env: it takes the name of an environment variable"),
        ("token_env = 'T'\ntoken_file = 't'", "it has both token_env and token_file; keep one of them"),
        (
            "token = 'x'",
            'token must not stand here; put it into an environment variable and name that one: token_env = "NAME"',
        ),
        ("password = 'x'", "password must not stand here"),
        ("api_key = 'x'", "api_key must not stand here"),
        ("client_secret = 'x'", "client_secret must not stand here"),
        ("url = 'https://bob:x@host/'", "url has a password in it"),
    ],
)
def test_a_wrong_source_is_named(tmp_path: Path, more: str, part: str) -> None:
    """The line names the source and the key."""
    (problem,) = problems(tmp_path, f"{SOURCE}audience = ['public']\n{more}")
    assert problem.startswith(f'helpdesk-bot.toml: [[sources]] "faq": {part}')


def test_the_name_local_is_the_bots_own(tmp_path: Path) -> None:
    """A source may not be called as the bot's own is."""
    (problem,) = problems(tmp_path, SOURCE.replace("faq", "local") + "audience = ['public']")
    assert "the bot's own source" in problem


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    """Two sources of one name, or two tables for one channel, would silently hide each other."""
    source = f"{SOURCE}audience = ['public']\n"
    channel = "[[channels]]\nid = 'slack:T/C'\n"
    assert problems(tmp_path, source * 2 + channel * 2) == [
        'helpdesk-bot.toml: two [[sources]] have the name "faq"; give each its own name',
        'helpdesk-bot.toml: two [[channels]] have the id "slack:T/C"; keep one of them',
    ]


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    """Unknown keys, bad values, missing ones and lost secrets of file and environment: one line each."""
    text = f"dat_dir = 'x'\n[web]\nport = 'x'\n[slack]\napp_token_file = 'gone'\n{SOURCE}token = 't'"
    found = problems(tmp_path, text, {"HELPDESK_BOT__LOG__LEVEL": "loud", "HELPDESK_BOT__LOGS": "1"})
    for part in (
        "dat_dir",
        "port",
        "app_token_file",
        "audience is missing",
        "token must not",
        "LOG__LEVEL",
        "LOGS",
    ):
        assert sum(part in problem for problem in found) == 1, part
    assert len(found) == 7


def test_broken_toml_names_file_and_line(tmp_path: Path) -> None:
    """A syntax error names where it is."""
    (problem,) = problems(tmp_path, "[web]\nport = \n")
    assert problem.startswith("helpdesk-bot.toml: is not valid TOML: ")
    assert "line 2" in problem


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, no UTF-8: one plain line each."""
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    for name, part in (
        ("gone.toml", "there is no such file"),
        (".", "cannot be read"),
        ("latin.toml", "not UTF-8"),
    ):
        with pytest.raises(ConfigError, match=part) as caught:
            load_settings(tmp_path / name, {})
        assert str(tmp_path) in str(caught.value)
    with pytest.raises(ConfigError, match="no such file"):
        load_settings(None, {"HELPDESK_BOT_CONFIG": str(tmp_path / "gone.toml")})
