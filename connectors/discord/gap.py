"""What was said while nobody listened: the last fifteen minutes of the channels where something was said."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import discord
import structlog

from connectors.discord.places import FAILURES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connectors.remembering import Remembered

GAP = timedelta(minutes=15)
CHANNELS = 50
MESSAGES = 100
DIRECT = "discord-direct-channels"


class Gap:
    """Reads what Discord does not deliver again after a lost session.

    Discord lists no direct channels, so their ids are kept, over restarts where there is a store.
    """

    def __init__(self, client: discord.Client, store: Remembered | None) -> None:
        self._client = client
        self._store = store
        self._known: dict[str, None] = {}
        self._log = structlog.get_logger()

    async def note(self, channel: discord.DMChannel) -> None:
        """Keep a direct channel in which somebody wrote."""
        identity = str(channel.id)
        is_new = identity not in self._known
        self._known.pop(identity, None)
        self._known[identity] = None
        if is_new and self._store is not None:
            await self._store.remember(DIRECT, identity)

    async def messages(self) -> AsyncIterator[discord.Message]:
        """Give what was said since, channel by channel, oldest first."""
        since = discord.utils.time_snowflake(discord.utils.utcnow() - GAP)
        for channel in [*await self._direct(), *self._spoken_in_since(since)]:
            try:
                async for message in channel.history(
                    limit=MESSAGES, after=discord.Object(since), oldest_first=True
                ):
                    yield message
            except FAILURES as error:
                self._log.info("gap_not_read", reason=str(error))

    async def _direct(self) -> list[discord.abc.Messageable]:
        kept = await self._store.all(DIRECT) if self._store is not None else ()
        newest = [
            identity for identity in dict.fromkeys([*reversed(self._known), *kept]) if identity.isdecimal()
        ]
        return [
            self._client.get_partial_messageable(int(identity), type=discord.ChannelType.private)
            for identity in newest[:CHANNELS]
        ]

    def _spoken_in_since(self, since: int) -> list[discord.abc.Messageable]:
        found: list[discord.abc.Messageable] = []
        for guild in self._client.guilds:
            places: list[discord.TextChannel | discord.VoiceChannel | discord.Thread] = [
                *guild.text_channels,
                *guild.voice_channels,
                *guild.threads,
            ]
            found += [place for place in places if (place.last_message_id or 0) >= since]
        return found[:CHANNELS]
