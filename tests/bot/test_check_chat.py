"""`helpdesk-bot check` of chat tokens, against platforms at the far end of a wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.bot.checking import APP_TOKEN, BOT_TOKEN, DISCORD_TOKEN, check, platforms, settings_of
from tests.fakes.serving import serving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fakes are on this machine, whatever proxy it uses."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.mark.parametrize(
    ("tokens", "part"),
    [
        ({"bot_token": "xoxb-wrong-s3cr3t", "app_token": APP_TOKEN}, "bot_token is refused (invalid_auth)"),
        ({"bot_token": BOT_TOKEN, "app_token": "xapp-wrong-s3cr3t"}, "app_token is refused (invalid_auth)"),
        ({"bot_token": APP_TOKEN, "app_token": APP_TOKEN}, "bot_token does not begin with xoxb-"),
        ({"bot_token": BOT_TOKEN, "app_token": BOT_TOKEN}, "app_token does not begin with xapp-"),
        ({"bot_token": f"{BOT_TOKEN}\n"}, "bot_token has blanks"),
        ({"bot_token": BOT_TOKEN}, "neither app_token"),
        ({"bot_token": BOT_TOKEN, "signing_secret": "s3cr3t"}, "no web port"),
        ({"app_token": APP_TOKEN}, "bot_token is not set"),
    ],
)
async def test_wrong_slack_tokens_fail(tmp_path: Path, tokens: dict[str, str], part: str) -> None:
    """A token of the wrong kind, one that Slack refuses, and a set that no message can come in by."""
    async with serving(platforms()) as base:
        result = (await check(settings_of(tmp_path, slack={**tokens, "api_url": f"{base}/api"})))["slack"]
    assert not result.ok
    assert part in result.detail


@pytest.mark.parametrize(("web", "ok"), [({"port": 0}, True), ({}, False)])
async def test_slack_by_oauth_needs_a_web_server(tmp_path: Path, web: dict[str, int], ok: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """There is no token to try yet; the pages of an installation must be to be had."""
    async with serving(platforms()) as base:
        oauth = {"client_id": "1.2", "client_secret": "s", "allowed_teams": ["T01"], "app_token": APP_TOKEN}
        settings = settings_of(tmp_path, slack={**oauth, "api_url": f"{base}/api"}, web=web)
        result = (await check(settings))["slack"]
    assert (result.ok, "OAuth for 1 workspace" in result.detail) == (ok, ok)


async def test_slack_over_http_needs_no_app_token(tmp_path: Path) -> None:
    """A signing secret and a web port are a way in."""
    async with serving(platforms()) as base:
        slack = {"bot_token": BOT_TOKEN, "signing_secret": "s3cr3t", "api_url": f"{base}/api"}
        assert (await check(settings_of(tmp_path, slack=slack, web={"port": 0})))["slack"].ok


@pytest.mark.parametrize("token", ["wrong.s3cr3t", "Bot s3cr3t"])
async def test_a_wrong_discord_token_fails(tmp_path: Path, token: str) -> None:
    """Refused by Discord, or never sent because no token looks so."""
    async with serving(platforms()) as base:
        discord = {"token": token, "api_url": f"{base}/discord"}
        result = (await check(settings_of(tmp_path, discord=discord)))["discord"]
    assert not result.ok
    assert "discord.com/developers" in result.remedy


@pytest.mark.parametrize(
    ("trouble", "is_ok", "part"),
    [
        (PlainTextResponse("slow down", 429, {"Retry-After": "30"}), True, "too many calls"),
        (PlainTextResponse("oh no", 503), False, "strange answer (HTTP 503)"),
        (PlainTextResponse("<html>"), False, "strange answer (HTTP 200)"),
        (JSONResponse(["a list"]), False, "strange answer (HTTP 200)"),
        (None, False, "cannot be reached (ConnectError)"),
    ],
)
async def test_a_platform_in_trouble_is_told_from_a_wrong_token(
    tmp_path: Path, trouble: Response | None, part: str, *, is_ok: bool
) -> None:
    """What the network or the platform does is not blamed on the token."""
    async with serving(platforms(trouble)) as base:
        url = base if trouble is not None else "http://127.0.0.1:1"
        results = await check(
            settings_of(
                tmp_path,
                slack={"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": f"{url}/api"},
                discord={"token": SecretStr(DISCORD_TOKEN), "api_url": f"{url}/discord"},
            )
        )
    for platform in ("slack", "discord"):
        assert results[platform].ok is is_ok
        assert part in results[platform].detail
