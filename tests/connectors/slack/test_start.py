"""`helpdesk-bot run` with what Slack refuses says so in one line, and ends."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fakes.slack.workspace import APP_TOKEN, BOT_TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.slack_server import FakeSlack

OAUTH = {"client_id": "1.2", "client_secret": "s", "app_token": APP_TOKEN}


@pytest.mark.parametrize(
    ("slack_settings", "words"),
    [
        ({"bot_token": "xoxb-wrong", "app_token": APP_TOKEN}, "slack: bot_token is refused (invalid_auth)"),
        ({"bot_token": BOT_TOKEN, "app_token": "xapp-wrong"}, "slack: app_token is refused (invalid_auth)"),
        ({**OAUTH, "bot_token": BOT_TOKEN}, "bot_token and client_id are both set"),
        ({**OAUTH, "allowed_teams": "T01"}, "OAuth needs the web server; set [web] port"),
    ],
)
async def test_one_line_and_an_exit_code(
    slack: FakeSlack, tmp_path: Path, slack_settings: dict[str, str], words: str
) -> None:
    """The line names what to mend, and never the token; a config error is one too."""
    config = tmp_path / "helpdesk-bot.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\n[log]\nlevel = "warning"\n')
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SLACK_")}
    environ |= {f"HELPDESK_BOT__SLACK__{key.upper()}": value for key, value in slack_settings.items()}
    if "client_id" not in slack_settings:
        environ["SLACK_BOT_TOKEN"] = slack_settings[
            "bot_token"
        ]  # as docs/slack.md has it; bolt looks there too
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "--config", str(config), "run"),
        env={**environ, "SLACK_API_URL": slack.api_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await program.communicate()
    assert program.returncode == (2 if "are both set" in words else 1)  # 2: the config says what cannot be
    lines = [line for line in err.decode().splitlines() if line.strip()]
    assert (out, len(lines)) == (b"", 1)
    assert words in lines[0]
    assert "wrong" not in lines[0]
