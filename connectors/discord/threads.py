"""What was said before in the thread in which the bot is spoken to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import discord
import structlog

from connectors.base import IncomingMessage, Said
from connectors.discord.incoming import SPOKEN, Incoming, original_of
from connectors.discord.places import FAILURES, Places

if TYPE_CHECKING:
    from connectors.base import Event

NEWEST = 15
LONGEST_LINE = 4_000


class Threads:
    """Reads threads. Without the message content intent only what names the bot has words."""

    def __init__(self, client: discord.Client, incoming: Incoming) -> None:
        self._client = client
        self._incoming = incoming
        self._places = Places(client)
        self._log = structlog.get_logger()

    async def read(self, event: Event) -> Event:
        """Give a message in a thread with the newest lines before it; it is answered without them where need be."""
        if not isinstance(event, IncomingMessage) or event.starts_thread or event.address.thread is None:
            return event
        if event.direct or not event.addressed:
            return event
        before = discord.Object(int(original_of(event.message_id)))
        try:
            history = self._places.at(event.address).history(limit=NEWEST, before=before)
            said = [await self._said(message, event) async for message in history]
        except FAILURES as error:
            self._log.warning("thread_not_read", thread=event.address.thread, reason=str(error))
            return event
        return replace(event, earlier=tuple(line for line in reversed(said) if line is not None))

    async def _said(self, message: discord.Message, event: IncomingMessage) -> Said | None:
        me = self._client.user
        if message.type is discord.MessageType.thread_starter_message:
            reference = message.reference
            opened_by = reference.resolved if reference is not None else None
            if not isinstance(opened_by, discord.Message):
                return None
            message = opened_by
        if me is None or (message.type not in SPOKEN and message.author.id != me.id):
            return None
        words = self._incoming.words(message, me)[:LONGEST_LINE]
        return Said(_speaker(message, event, me), words) if words else None


def _speaker(
    message: discord.Message, event: IncomingMessage, me: discord.ClientUser
) -> Literal["asker", "bot", "other"]:
    if message.author.id == me.id:
        return "bot"
    return "asker" if str(message.author.id) == event.sender.id.rpartition(":")[2] else "other"
