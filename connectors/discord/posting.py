"""Posting to Discord: threads, nonces, permissions, and posts found again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import aiohttp
import discord
import structlog

from connectors.base import Address, Event, IncomingMessage, Reply
from connectors.discord.format import Button, Post, to_posts
from connectors.discord.incoming import INTERACTION, SPOKEN, may_open_thread
from connectors.errors import DeliveryError

NONCE_LIMIT = 25
THREAD_NAME_LIMIT = 100
SEARCHED = 50
THREAD_EXISTS = 160_004
"""discord.com/developers/docs/topics/opcodes-and-status-codes#json"""
CLOSED_TO_DIRECT_MESSAGES = 50_007
NOT_PRIVATELY = (
    "I may not write to you privately. Allow direct messages from this server in its privacy settings, "
    "or use my slash commands."
)
FAILURES = (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError)

_OURS = SPOKEN | {discord.MessageType.chat_input_command, discord.MessageType.context_menu_command}
_EVENT_OF = re.compile(r"reply/discord:(?P<channel>\d+):(?:command/)?(?P<id>.+)")


class Poster:
    """Posts replies as messages; what it raises is DeliveryError."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._log = structlog.get_logger()

    async def reply(self, event: Event, reply: Reply) -> str:
        """Show the reply where the event was said, or in private; gives the id of its first post."""
        message_id = event.message_id if isinstance(event, IncomingMessage) else event.command_id
        try:
            if self._is_private(event, reply):
                return await self._whisper(event, reply, message_id)
            place = await self._place(event)
            reference = _reference(event, place)
            return await self._post(place, reply, _digits(message_id), reference)
        except FAILURES as error:
            raise DeliveryError(f"discord did not take the reply to {message_id}: {error}") from error

    async def send(self, address: Address, reply: Reply) -> None:
        """Say something unasked; the same `reply.id` is said once within the minutes that Discord knows it."""
        nonce = re.sub(r"[^0-9a-zA-Z]", "", reply.id)[-20:] or None
        try:
            await self._post(self._at(address), reply, nonce, None)
        except FAILURES as error:
            raise DeliveryError(f"discord did not take a message for {address.channel}: {error}") from error

    async def find(self, address: Address, metadata_id: str) -> str | None:
        """Find the reply that `metadata_id` names among our posts after the question, or None."""
        found = _EVENT_OF.fullmatch(metadata_id)
        me = self._client.user
        if found is None or me is None:
            return None
        question = discord.Object(int(_digits(found["id"])))
        places = [address]
        if address.thread == str(question.id):  # where no thread could be opened, it stands in the channel
            places.append(replace(address, thread=None))
        for place in places:
            post = await self._find_in(place, question, me)
            if post is not None:
                return post
        return None

    async def _find_in(
        self, address: Address, question: discord.Object, me: discord.ClientUser
    ) -> str | None:
        history = self._at(address).history(limit=SEARCHED, after=question, oldest_first=True)
        try:
            async for message in history:
                if message.author.id == me.id and _answers(message, question.id, address):
                    return str(message.id)
        except discord.NotFound:
            return None  # the thread was never opened
        except FAILURES as error:
            raise DeliveryError(f"discord did not show {address.channel}: {error}") from error
        return None

    # Where ------------------------------------------------------------------------------------------------

    def _is_private(self, event: Event, reply: Reply) -> bool:
        """Whether others would read it where it was said, and must not."""
        if event.address.workspace is None:
            return False  # a direct message is private already
        if isinstance(event, IncomingMessage) and not event.direct:
            return reply.private
        return True

    async def _whisper(self, event: Event, reply: Reply, message_id: str) -> str:
        person = discord.Object(int(event.sender.id.rpartition(":")[2]))
        nonce = _digits(message_id)
        try:
            channel = await self._client.create_dm(person)
            return await self._post(channel, reply, nonce, None)
        except discord.Forbidden as error:
            if error.code != CLOSED_TO_DIRECT_MESSAGES:
                raise
        place = await self._place(event)
        return await self._post(place, Reply(NOT_PRIVATELY), nonce, _reference(event, place))

    async def _place(self, event: Event) -> discord.abc.Messageable:
        address = event.address
        if isinstance(event, IncomingMessage) and event.starts_thread:
            return await self._opened(event)
        return self._at(address)

    async def _opened(self, event: IncomingMessage) -> discord.abc.Messageable:
        """Open the thread that the address names, or give the channel where that cannot be."""
        channel = self._client.get_channel(int(event.address.channel))
        if not isinstance(channel, discord.TextChannel):
            return self._at(event.address)  # a forum's post is a thread already
        thread = channel.get_thread(int(event.message_id))
        if thread is not None:
            return thread
        if not may_open_thread(channel):
            return channel
        try:
            return await channel.get_partial_message(int(event.message_id)).create_thread(
                name=_thread_name(event.text), auto_archive_duration=1440
            )
        except discord.HTTPException as error:
            if error.code == THREAD_EXISTS:
                return self._at(event.address)
            if error.status >= 500:  # noqa: PLR2004 - Discord's own trouble: try again later
                raise
            self._log.warning("thread_not_opened", channel=event.address.channel, reason=error.text)
            return channel

    def _at(self, address: Address) -> discord.abc.Messageable:
        identity = int(address.thread or address.channel)
        channel = self._client.get_channel(identity)
        if isinstance(channel, discord.abc.Messageable):
            return channel
        guild = int(address.workspace) if address.workspace else None
        return self._client.get_partial_messageable(identity, guild_id=guild)

    # What -------------------------------------------------------------------------------------------------

    async def _post(
        self,
        place: discord.abc.Messageable,
        reply: Reply,
        nonce: str | None,
        reference: discord.MessageReference | None,
    ) -> str:
        first = ""
        posts = to_posts(reply, embeds=_takes_embeds(place))
        for part, post in enumerate(posts):
            options = shown(post)
            if nonce is not None:
                options["nonce"] = f"{nonce}.{part}"[:NONCE_LIMIT]
            if reference is not None and part == len(posts) - 1:
                options["reference"] = reference  # on the last: where it is found, all of the reply is out
            message = await place.send(**options, mention_author=False)
            first = first or str(message.id)
        return first


def shown(post: Post) -> dict[str, Any]:
    """Give a post as what discord.py's send methods take; it calls nobody."""
    options: dict[str, Any] = {"allowed_mentions": discord.AllowedMentions.none()}
    if post.content:
        options["content"] = post.content
    if post.embed:
        options["embed"] = discord.Embed(description=post.embed)
    if post.buttons:
        options["view"] = _view(post.buttons)
    return options


def _view(buttons: tuple[Button, ...]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in buttons:
        style = discord.ButtonStyle[button.style]
        view.add_item(discord.ui.Button(custom_id=button.custom_id, label=button.label, style=style))
    view.stop()  # else discord.py keeps every view that was ever posted; `views.AnswerButton` serves them all
    return view


def _takes_embeds(place: discord.abc.Messageable) -> bool:
    if isinstance(place, discord.Thread) and place.parent is None:
        return True  # what holds there is not known
    if isinstance(place, discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread):
        return place.permissions_for(place.guild.me).embed_links
    return True


def _reference(event: Event, place: discord.abc.Messageable) -> discord.MessageReference | None:
    """Give what a post says it replies to: the question, where it stands in the same channel."""
    if not isinstance(event, IncomingMessage) or event.message_id.startswith(INTERACTION):
        return None
    channel = getattr(place, "id", None)
    asked_in = event.address.channel if event.starts_thread else event.address.thread or event.address.channel
    if str(channel) != asked_in:
        return None
    return discord.MessageReference(
        message_id=int(event.message_id), channel_id=int(asked_in), fail_if_not_exists=False
    )


def _answers(message: discord.Message, question: int, address: Address) -> bool:
    if message.type not in _OURS:
        return False  # "opened a thread" is said in our name
    if address.thread == str(question):
        return True  # the thread was opened for the reply
    if message.reference is not None and message.reference.message_id == question:
        return True
    asked_by = message.interaction_metadata
    return asked_by is not None and asked_by.id == question


def _digits(message_id: str) -> str:
    return message_id.removeprefix(INTERACTION)


def _thread_name(text: str) -> str:
    line = " ".join(text.split()) or "Question"
    return line if len(line) <= THREAD_NAME_LIMIT else f"{line[: THREAD_NAME_LIMIT - 1]}…"
