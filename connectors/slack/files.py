"""Reads files that people share: what Slack says of them, then their bytes from Slack's own hosts.

docs.slack.dev/reference/objects/file-object: `url_private_download` wants the bot's token and the scope files:read;
without it Slack sends its login page. So the token goes to no other host, wherever a redirect leads.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError
from yarl import URL

from connectors.errors import DeliveryError
from connectors.slack.posting import reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_sdk.web.async_client import AsyncWebClient

    from connectors.base import SharedFile

FETCH_SECONDS = 60.0
REDIRECTS = 3
CHUNK = 65_536
DOMAINS = (".slack.com", ".slack-files.com", ".slack-edge.com", ".slack-gov.com")
"""Where Slack and GovSlack keep files."""
_MOVED = frozenset({301, 302, 303, 307, 308})
_OK = 200


async def fetch(client: AsyncWebClient, file: SharedFile, most_bytes: int) -> bytes:
    """Give a file's bytes. Raises DeliveryError when it is larger, lies elsewhere, or cannot be had, and says why."""
    name = file.name or file.key
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            told = (await client.files_info(file=file.key))["file"]
            url = _address_of(told, name)
            if int(told.get("size") or 0) > most_bytes:
                raise DeliveryError(_too_large(name, most_bytes))
            return await _download(client, url, name, str(told.get("mimetype") or ""), most_bytes)
    except (SlackApiError, aiohttp.ClientError, TimeoutError, KeyError, ValueError) as error:
        raise DeliveryError(f'Slack does not hand out "{name}": {reason_of(error)}') from error


def _address_of(told: Mapping[str, Any], name: str) -> URL:
    url = str(told.get("url_private_download") or told.get("url_private") or "")
    if told.get("is_external") or told.get("mode") in {"external", "tombstone", "hidden_by_limit"} or not url:
        raise DeliveryError(f'"{name}" does not lie in Slack, or not any more; upload the file itself')
    return URL(url)


def is_slack(url: URL, api: URL) -> bool:
    """Whether the token may go there: to the Web API's own host, and over TLS to where Slack keeps files."""
    if (url.scheme, url.host, url.port) == (api.scheme, api.host, api.port):
        return True
    return url.scheme == "https" and f".{url.host}".endswith(DOMAINS)


async def _download(client: AsyncWebClient, url: URL, name: str, mimetype: str, most_bytes: int) -> bytes:
    assert client.session is not None
    for _ in range(REDIRECTS + 1):
        if not is_slack(url, URL(client.base_url)):
            raise DeliveryError(
                f'"{name}" would come from {url.host}, which is not Slack; it was not fetched'
            )
        headers = {"Authorization": f"Bearer {client.token}"}
        async with client.session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status in _MOVED:
                url = url.join(URL(response.headers.get("Location", "")))
                continue
            if response.status != _OK:
                raise DeliveryError(f'Slack does not hand out "{name}": HTTP {response.status}')
            if response.content_type == "text/html" and mimetype != "text/html":
                raise DeliveryError(
                    f'Slack shows its login page in place of "{name}"; give the app the scope files:read'
                )
            return await _read(response, name, most_bytes)
    raise DeliveryError(f'"{name}" is redirected too often; it was not fetched')


async def _read(response: aiohttp.ClientResponse, name: str, most_bytes: int) -> bytes:
    found = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        found += chunk
        if len(found) > most_bytes:
            raise DeliveryError(_too_large(name, most_bytes))
    return bytes(found)


def _too_large(name: str, most_bytes: int) -> str:
    return f'"{name}" is larger than {most_bytes / 1_000_000:.1f} MB; share it in parts'
