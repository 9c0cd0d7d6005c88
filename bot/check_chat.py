"""Checks the tokens of the chat platforms, by their shape and by one harmless call each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from bot.check_result import CheckResult

if TYPE_CHECKING:
    from config.settings import DiscordSettings, SlackSettings

SECONDS = 5.0
DISCORD_API = "https://discord.com/api/v10"
_USER_AGENT = "DiscordBot (helpdesk-bot, 1)"
"""Discord wants clients to name themselves so: discord.com/developers/docs/reference#user-agent."""

_SLACK_TOKENS = "copy it anew from your app's page at api.slack.com/apps"
_DISCORD_TOKENS = "copy it anew from your app's page at discord.com/developers/applications"


class _NoAnswerError(Exception):
    """The platform gave no usable answer; the message says why and names no secret."""


async def check_slack(settings: SlackSettings, *, web_port: int | None) -> CheckResult:
    """Check the bot's token by `auth.test`, and the app's by `apps.connections.open`, when they are set."""
    bot_token = settings.bot_token.get_secret_value()
    app_token = settings.app_token.get_secret_value()
    has_signing_secret = bool(settings.signing_secret.get_secret_value())
    if not bot_token and not app_token and not has_signing_secret and not settings.client_id:
        return CheckResult.good("slack", "off: no bot_token")
    found = (
        _slack_token(settings, bot_token, web_port)
        or (_token_shape("slack", "app_token", app_token, ("xapp-",), _SLACK_TOKENS) if app_token else None)
        or _slack_way_in(
            has_app_token=bool(app_token), has_signing_secret=has_signing_secret, web_port=web_port
        )
    )
    if found:
        return found
    tokens = {"bot_token": ("auth.test", bot_token), "app_token": ("apps.connections.open", app_token)}
    told: dict[str, dict[str, Any]] = {}
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        try:
            for key, (method, token) in tokens.items():
                if token:
                    told[key] = await _slack_call(client, settings.api_url, method, token)
                    if not told[key].get("ok"):
                        return _refused_by_slack(key, told[key])
        except _NoAnswerError as error:
            return CheckResult.bad("slack", f"{error}", "see to the network, or mend [slack] api_url")
    return CheckResult.good("slack", _slack_place(settings, told.get("bot_token")))


def _slack_place(settings: SlackSettings, who: dict[str, Any] | None) -> str:
    if who is not None:
        return f"{who.get('user', 'the bot')} in {who.get('team', 'its workspace')}"
    number = len(settings.allowed_teams)
    return f"OAuth for {'1 workspace' if number == 1 else f'{number} workspaces'}, at /slack/install"


async def check_discord(settings: DiscordSettings) -> CheckResult:
    """Check the token by `GET /users/@me`, when it is set."""
    token = settings.token.get_secret_value()
    if not token:
        return CheckResult.good("discord", "off: no token")
    found = _token_shape("discord", "token", token, ("",), _DISCORD_TOKENS)
    if found:
        return found
    url = f"{(settings.api_url or DISCORD_API).rstrip('/')}/users/@me"
    headers = {"Authorization": f"Bot {token}", "User-Agent": _USER_AGENT}
    async with httpx.AsyncClient(timeout=SECONDS) as client:
        try:
            response = await _request(client, "GET", url, headers)
            if response.status_code == httpx.codes.UNAUTHORIZED:
                return CheckResult.bad("discord", "token is refused", f"{_DISCORD_TOKENS} (Bot, Reset Token)")
            if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
                return _too_many("discord", "token")
            user = _object(response)
        except _NoAnswerError as error:
            return CheckResult.bad("discord", f"{error}", "see to the network, or mend [discord] api_url")
    return CheckResult.good("discord", f"{user.get('username', 'the bot')}")


def _token_shape(
    platform: str, key: str, token: str, prefixes: tuple[str, ...], remedy: str
) -> CheckResult | None:
    """Find what is wrong with a token at first sight; a header could not even carry some of it."""
    if not token:
        return CheckResult.bad(
            platform, f"{key} is not set, but other keys of [{platform}] are", f"set it: {remedy}"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        return CheckResult.bad(platform, f"{key} has blanks or other characters that no token has", remedy)
    if not token.startswith(prefixes):
        return CheckResult.bad(
            platform, f"{key} does not begin with {prefixes[0]}: it is another kind of token", remedy
        )
    return None


def _slack_token(settings: SlackSettings, bot_token: str, web_port: int | None) -> CheckResult | None:
    """Find what is wrong with the way to a token: the bot's own, or OAuth's pages."""
    if not settings.client_id:
        return _token_shape("slack", "bot_token", bot_token, ("xoxb-", "xoxe.xoxb-"), _SLACK_TOKENS)
    if web_port is None:
        detail = "client_id is set, but no web port: nobody can open /slack/install"
        return CheckResult.bad("slack", detail, "set [web] port")
    return None


def _slack_way_in(
    *, has_app_token: bool, has_signing_secret: bool, web_port: int | None
) -> CheckResult | None:
    """Find whether messages could reach the bot at all."""
    if has_app_token:
        return None
    if not has_signing_secret:
        detail = "neither app_token (Socket Mode) nor signing_secret (HTTP) is set: no message can come in"
        return CheckResult.bad("slack", detail, "set app_token, the simpler of the two")
    if web_port is None:
        return CheckResult.bad(
            "slack", "signing_secret is set, but no web port", "set [web] port, or app_token"
        )
    return None


def _refused_by_slack(key: str, answer: dict[str, Any]) -> CheckResult:
    reason = answer.get("error", "no reason given")
    if reason == "ratelimited":
        return _too_many("slack", key)
    return CheckResult.bad("slack", f"{key} is refused ({reason})", _SLACK_TOKENS)


def _too_many(platform: str, key: str) -> CheckResult:
    detail = f"{key} was not tried: too many calls just now"
    return CheckResult.doubtful(platform, detail, "check again in a minute")


async def _slack_call(client: httpx.AsyncClient, api_url: str, method: str, token: str) -> dict[str, Any]:
    response = await _request(client, "POST", f"{api_url}{method}", {"Authorization": f"Bearer {token}"})
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return {"ok": False, "error": "ratelimited"}
    return _object(response)


async def _request(client: httpx.AsyncClient, verb: str, url: str, headers: dict[str, str]) -> httpx.Response:
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL:
        raise _NoAnswerError("api_url cannot be read") from None
    try:
        return await client.request(verb, url, headers=headers)
    except httpx.TimeoutException:
        raise _NoAnswerError(f"{host} does not answer within {SECONDS:.0f} s") from None
    except httpx.HTTPError as error:
        raise _NoAnswerError(f"{host} cannot be reached ({type(error).__name__})") from None


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json() if response.is_success else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _NoAnswerError(f"{response.url.host} gives a strange answer (HTTP {response.status_code})")
    return body
