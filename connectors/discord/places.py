"""Where a reply goes: the thread that it opens, the channel, or a person's direct messages."""

from __future__ import annotations

from typing import cast

import aiohttp
import discord
import structlog

from connectors.base import Address, Event, IncomingMessage
from connectors.discord.incoming import may_open_thread, original_of

FAILURES = (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError)
"""What a call to Discord raises."""
_WEB = "https://discord.com/channels"
THREAD_NAME_LIMIT = 100
THREAD_EXISTS = 160_004
"""discord.com/developers/docs/topics/opcodes-and-status-codes#json"""
_SERVER_ERROR = 500


class Places:
    """Finds channels, and opens threads."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._log = structlog.get_logger()

    def at(self, address: Address) -> discord.abc.Messageable:
        """Give what can be written to; nothing is asked of Discord."""
        identity = int(address.thread or address.channel)
        channel = self._client.get_channel(identity)
        if isinstance(channel, discord.abc.Messageable):
            return channel
        guild = int(address.workspace) if address.workspace else None
        return self._client.get_partial_messageable(identity, guild_id=guild)

    async def of(self, event: Event) -> discord.abc.Messageable:
        """Give where the reply to an event goes. Raises what discord.py raises when a thread cannot be opened now."""
        if isinstance(event, IncomingMessage) and event.starts_thread:
            return await self._opened(event)
        return self.at(event.address)

    async def named(self, address: Address) -> discord.abc.Messageable:
        """Give what can be written to; a channel of `@` and a person's id is that person's direct messages."""
        if address.channel.startswith("@"):
            return await self.direct(address.channel.removeprefix("@"))
        return self.at(address)

    async def direct(self, person_id: str) -> discord.abc.Messageable:
        """Give the direct messages with a person, whose id is ours."""
        return await self._client.create_dm(discord.Object(int(person_id.rpartition(":")[2])))

    def is_forum(self, address: Address) -> bool:
        """Whether the channel is one whose posts are threads."""
        return isinstance(self._client.get_channel(int(address.channel)), discord.ForumChannel)

    async def _opened(self, event: IncomingMessage) -> discord.abc.Messageable:
        """Open the thread that the address names, or give the channel where that cannot be."""
        channel = self._client.get_channel(int(event.address.channel))
        if not isinstance(channel, discord.TextChannel):
            return self.at(event.address)  # a forum's post is a thread already
        question = int(original_of(event.message_id))
        thread = channel.get_thread(question)
        if thread is not None:
            return thread
        if not may_open_thread(channel):
            return channel
        try:
            return await channel.get_partial_message(question).create_thread(
                name=_thread_name(event.text), auto_archive_duration=1440
            )
        except discord.HTTPException as error:
            if error.code == THREAD_EXISTS:
                return self.at(event.address)
            if error.status >= _SERVER_ERROR:  # Discord's own trouble: try again later
                raise
            self._log.warning("thread_not_opened", channel=event.address.channel, reason=error.text)
            return channel


def link_to(address: Address) -> str | None:
    """Give the URL of a channel or a thread in Discord's client; None for a person. Pure."""
    if address.channel.startswith("@"):
        return None
    return f"{_WEB}/{address.workspace or '@me'}/{address.thread or address.channel}"


def takes_embeds(place: discord.abc.Messageable) -> bool:
    """Whether the bot may show embeds there, as far as that is known."""
    if isinstance(place, discord.Thread) and place.parent is None:
        return True
    if isinstance(place, discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread):
        return place.permissions_for(place.guild.me).embed_links
    return True


def message_in(place: discord.abc.Messageable, message_id: str) -> discord.PartialMessage:
    """Give a message by its id, not fetched."""
    return cast("discord.TextChannel", place).get_partial_message(int(message_id))


def _thread_name(text: str) -> str:
    line = " ".join(text.split()) or "Question"
    return line if len(line) <= THREAD_NAME_LIMIT else f"{line[: THREAD_NAME_LIMIT - 1]}…"
