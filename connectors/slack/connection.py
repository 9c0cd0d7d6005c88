"""The way to Slack: its client, and the two tokens tried at the start, each failure in one line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from connectors.errors import ConnectorConfigError
from connectors.slack.events import Identity
from connectors.slack.posting import reason_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from slack_bolt.app.async_app import AsyncApp

CALL_SECONDS = 15.0
LIMITED_TRIES = 5
RENEW = "copy it anew from your app's page at api.slack.com/apps"


def check_shape(key: str, token: str, prefix: str) -> None:
    """Refuse what can be no such token at first sight. Raises ConnectorConfigError, which names no token."""
    if not token:
        raise ConnectorConfigError(f"slack: {key} is not set; {RENEW}")
    if not token.startswith(prefix) or not token.isascii() or not token.isprintable() or " " in token:
        raise ConnectorConfigError(f"slack: {key} does not look like one ({prefix}…); {RENEW}")


def make_client(bot_token: str, api_url: str) -> AsyncWebClient:
    """Make a client that obeys Retry-After.

    It does not repeat a call whose connection broke: the call may have been carried out, see `posting`.
    """
    limited = AsyncRateLimitErrorRetryHandler(max_retry_count=LIMITED_TRIES)
    return AsyncWebClient(bot_token, base_url=api_url, timeout=int(CALL_SECONDS), retry_handlers=[limited])


async def introduce(client: AsyncWebClient) -> Identity:
    """Ask Slack who we are. Raises ConnectorConfigError."""
    answer = await _ask(client, "bot_token", client.auth_test)
    return Identity(str(answer["team_id"]), str(answer["user_id"]), str(answer.get("bot_id") or ""))


async def socket_url(client: AsyncWebClient, app_token: str) -> str:
    """Ask Slack where the websocket is. Raises ConnectorConfigError."""
    answer = await _ask(client, "app_token", lambda: client.apps_connections_open(app_token=app_token))
    return str(answer["url"])


async def make_socket(
    app: AsyncApp, app_token: str, client: AsyncWebClient, ping_seconds: float
) -> AsyncSocketModeHandler:
    """Make the websocket, which is not connected yet. Raises ConnectorConfigError when the token is refused."""
    url = await socket_url(client, app_token)
    socket = AsyncSocketModeHandler(app, app_token, web_client=client, ping_interval=ping_seconds)
    socket.client.wss_uri = url
    return socket


async def close(socket: AsyncSocketModeHandler) -> None:
    """Close a connection and wait for its tasks, which slack_sdk leaves to themselves."""
    client = socket.client
    await client.close()  # type: ignore[no-untyped-call]
    tasks = [client.message_processor, client.current_session_monitor, client.message_receiver]
    await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


async def _ask(client: AsyncWebClient, key: str, call: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return await call()
    except SlackApiError as error:
        raise ConnectorConfigError(f"slack: {key} is refused ({reason_of(error)}); {RENEW}") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        why = type(error).__name__
        raise ConnectorConfigError(
            f"slack: {client.base_url} cannot be reached ({why}); see to the network, or mend [slack] api_url"
        ) from error
