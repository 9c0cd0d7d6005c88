"""Discord as a chat platform of the bot: what runs, and with which endpoints."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from connectors.base import DurableHandler
from connectors.discord.client import ClientOptions, HelpdeskClient
from connectors.discord.files import Files
from connectors.discord.incoming import PLATFORM, Incoming
from connectors.discord.places import link_to
from connectors.discord.tags import TagNames
from connectors.errors import ConnectorConfigError, DeliveryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from config.settings import DiscordSettings
    from connectors.base import Address, Event, Handler, Reply, SharedFile
    from connectors.forms import CommandInfo
    from connectors.remembering import Remembered

READY_SECONDS = 20.0
NO_CONTENT = (
    "switch on Message Content Intent at discord.com/developers/applications (Bot), and start again; "
    "until then I answer slash commands, mentions and direct messages only"
)


class DiscordConnector:
    """Implements `ChatConnector`, `AnswersEvents`, `FetchesFiles`, `LinksBack` and `bot.delivery.FindsPosts`."""

    name = PLATFORM

    def __init__(
        self,
        token: str,
        *,
        guilds: frozenset[str] = frozenset(),
        test_guild: str = "",
        api_url: str = "",
        gateway_url: str = "",
        commands: Sequence[CommandInfo] = (),
        tags: TagNames | None = None,
    ) -> None:
        self._token = token
        self._guilds = guilds
        self._options = ClientOptions(commands, test_guild, tags or TagNames())
        self._files = Files(api_url)
        self._api_url = api_url.rstrip("/")
        self._gateway_url = gateway_url
        self._client: HelpdeskClient | None = None
        self._ready = asyncio.Event()
        self._log = structlog.get_logger()

    @classmethod
    def from_settings(cls, settings: DiscordSettings, commands: Sequence[CommandInfo] = ()) -> Self:
        """Build it from the `[discord]` table; `commands` are those that people can give."""
        return cls(
            settings.token.get_secret_value(),
            guilds=settings.guilds,
            test_guild=settings.test_guild,
            api_url=settings.api_url,
            gateway_url=settings.gateway_url,
            commands=commands,
            tags=TagNames(settings.answered_tag, settings.human_tag),
        )

    def remember_in(self, store: Remembered) -> None:
        """Keep over restarts who writes to the bot directly; call it before `run`."""
        self._options = replace(self._options, store=store)

    async def run(self, handler: Handler) -> None:
        """Listen and answer until cancelled. Raises ConnectorConfigError when Discord refuses the bot."""
        if not isinstance(handler, DurableHandler):
            raise TypeError(
                "a reply on Discord takes a durable handler, which keeps the question until it is out"
            )
        if not self._guilds:
            self._log.warning("discord_no_guilds", remedy="name your servers' ids in [discord] guilds")
        with self._endpoints():
            try:
                await self._run(handler, message_content=True)
            except discord.PrivilegedIntentsRequired:
                self._log.warning("discord_without_message_content", remedy=NO_CONTENT)
                await self._run(handler, message_content=False)

    def client(self, handler: DurableHandler, *, message_content: bool = True) -> HelpdeskClient:
        """Give a client that answers by `handler`, not connected yet; it is the one that `send` uses."""
        self._client = HelpdeskClient(
            handler,
            Incoming(self._guilds),
            message_content=message_content,
            options=self._options,
            ready=self._ready,
        )
        return self._client

    async def send(self, address: Address, reply: Reply) -> None:
        """Say something unasked. Raises DeliveryError."""
        await (await self._connected()).poster.send(address, reply)

    async def look_up(self, event: Event) -> Event:
        """Give the event with what is not known before it is committed."""
        return await (await self._connected()).look_up(event)

    async def reply(self, event: Event, reply: Reply, begun: str = "") -> str:
        """Show the reply to an event that somebody left behind, in a post that was begun. Raises DeliveryError."""
        return await (await self._connected()).answering.show(event, reply, begun)

    def link_to(self, address: Address) -> str | None:
        """Give the URL of a place in Discord's client; None for a person, and on a compatible server."""
        return None if self._api_url else link_to(address)

    async def fetch(self, file: SharedFile, address: Address, most_bytes: int) -> bytes:  # noqa: ARG002
        """Give a shared file's bytes. Raises DeliveryError when it is larger or cannot be had."""
        return await self._files.fetch(file, most_bytes)

    async def find_post(self, address: Address, metadata_id: str) -> str | None:
        """Give the id of the post that carries this reply, or None. Raises DeliveryError."""
        return await (await self._connected()).poster.find(address, metadata_id)

    async def _run(self, handler: DurableHandler, *, message_content: bool) -> None:
        async with self.client(handler, message_content=message_content) as client:
            await self._log_in(client)
            await client.connect()

    async def _log_in(self, client: HelpdeskClient) -> None:
        try:
            await client.login(self._token)
            shards, gateway, _ = await client.http.get_bot_gateway()
        except (discord.LoginFailure, discord.Forbidden) as error:
            raise ConnectorConfigError(
                "discord refuses the token; copy it anew from discord.com/developers/applications "
                "(Bot, Reset Token) to DISCORD_BOT_TOKEN"
            ) from error
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise ConnectorConfigError(
                f"discord cannot be reached at {Route.BASE} ({type(error).__name__}); "
                "see to the network, or mend [discord] api_url"
            ) from error
        client.shard_count = shards
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._gateway_url or gateway)

    async def _connected(self) -> HelpdeskClient:
        """Give the client once it knows its servers; what an earlier process left is taken up before that."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._ready.wait()
        except TimeoutError:
            raise DeliveryError(f"discord was not connected within {READY_SECONDS:.0f} s") from None
        assert self._client is not None
        return self._client

    @contextlib.contextmanager
    def _endpoints(self) -> Iterator[None]:
        """Point discord.py at the configured endpoints, which it keeps in its classes."""
        before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
        if self._api_url:
            Route.BASE = self._api_url
        try:
            yield
        finally:
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
