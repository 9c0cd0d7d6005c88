"""Posting to Discord: the whole of a reply, once, and found again."""

from __future__ import annotations

import contextlib
import re
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
import structlog

from connectors.base import Address, Command, Event, IncomingMessage, Reply
from connectors.discord.format import Post, growing, is_growing, to_posts
from connectors.discord.incoming import INTERACTION, SPOKEN, is_edit, original_of
from connectors.discord.places import FAILURES, Places, message_in, takes_embeds
from connectors.discord.sending import changed, nonce_of, send
from connectors.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

SEARCHED = 50
REMEMBERED = 2_000
CLOSED_TO_DIRECT_MESSAGES = 50_007
"""discord.com/developers/docs/topics/opcodes-and-status-codes#json"""
NOT_PRIVATELY = (
    "I may not write to you privately. Allow direct messages from this server in its privacy settings, "
    "or use my slash commands."
)

_OURS = SPOKEN | {discord.MessageType.chat_input_command, discord.MessageType.context_menu_command}
_EVENT_OF = re.compile(r"reply/discord:(?P<channel>\d+):(?:command/|interaction/)?(?P<id>\d+)")


class Poster:
    """Posts replies as messages; what it raises is DeliveryError."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._places = Places(client)
        self._posted: OrderedDict[str, list[str]] = OrderedDict()
        self._log = structlog.get_logger()

    async def reply(self, event: Event, reply: Reply, begun: str = "") -> str:
        """Show the reply where the event was said, or in private; gives the id of its first post.

        A post that was `begun` becomes the reply; where only the sender may read that, it goes. The reply to an
        edited message takes the place of the one before.
        """
        try:
            if isinstance(event, Command) and event.origin and reply.replaces and not reply.private:
                ids = await self._replace(event, event.origin, reply)
                return ids[0] if ids else ""
            if _is_private(event, reply):
                if begun:
                    await self._take_back(await self._places.of(event), [begun])
                return await self._whisper(event, reply)
            place = await self._places.of(event)
            before = [begun] if begun else await self._before(event)
            posts = to_posts(reply, embeds=takes_embeds(place))
            if before:
                ids = await self._finish(place, before, posts, identity_of(event))
            else:
                ids = await _post(place, posts, identity_of(event), _reference(event, place))
        except FAILURES as error:
            raise DeliveryError(f"discord did not take the reply to {identity_of(event)}: {error}") from error
        self._remember(event, ids)
        return ids[0] if ids else ""

    async def begin(self, event: IncomingMessage, text: str) -> tuple[discord.abc.Messageable, str]:
        """Post the beginning of a reply that is still being made, under the nonce of its first part.

        Raises what discord.py raises.
        """
        place = await self._places.of(event)
        nonce = nonce_of(identity_of(event), 0)
        message_id = await send(place, Post(growing(text)), nonce, _reference(event, place))
        return place, message_id

    async def type_in(self, event: IncomingMessage) -> None:
        """Show for ten seconds that the bot writes, where the question was asked."""
        in_channel = event.starts_thread and not self._places.is_forum(event.address)
        address = replace(event.address, thread=None) if in_channel else event.address
        try:
            await self._places.at(address).typing()
        except FAILURES as error:
            self._log.debug("typing_not_shown", reason=str(error))

    async def send(self, address: Address, reply: Reply) -> None:
        """Say something unasked; the same `reply.id` is said once within the minutes that Discord knows it."""
        identity = re.sub(r"[^0-9a-zA-Z]", "", reply.id)[-20:] or None
        try:
            place = await self._places.named(address)
            await _post(place, to_posts(reply, embeds=takes_embeds(place)), identity, None)
        except FAILURES as error:
            raise DeliveryError(f"discord did not take a message for {address.channel}: {error}") from error
        except ValueError as error:
            raise DeliveryError(
                f"discord has no channel {address.channel!r}; name one by its id, such as discord:123456789012345678"
            ) from error

    def posted(self, event: IncomingMessage) -> bool:
        """Whether this process replied to the message lately."""
        return original_of(event.message_id) in self._posted

    async def find(self, address: Address, metadata_id: str) -> str | None:
        """Find the reply that `metadata_id` names among our posts after the question, or None."""
        found = _EVENT_OF.fullmatch(metadata_id)
        if found is None:  # nothing tells the reply to an edited message from the one before
            return None
        return await self._find(address, found["id"])

    async def _find(self, address: Address, identity: str) -> str | None:
        question = discord.Object(int(identity))
        places = [address]
        if address.thread == identity:  # where no thread could be opened, it stands in the channel
            places.append(replace(address, thread=None))
        for place in places:
            post = await self._find_in(place, question)
            if post is not None:
                return post
        return None

    async def _find_in(self, address: Address, question: discord.Object) -> str | None:
        history = self._places.at(address).history(limit=SEARCHED, after=question, oldest_first=True)
        me = self._client.user
        try:
            async for message in history:
                if me is not None and message.author.id == me.id and _answers(message, question.id, address):
                    return str(message.id)
        except discord.NotFound:
            return None  # the thread was never opened
        except FAILURES as error:
            raise DeliveryError(f"discord did not show {address.channel}: {error}") from error
        return None

    async def _before(self, event: Event) -> list[str]:
        """Give the posts whose place the reply takes: those that answered a message before it was edited."""
        if isinstance(event, Command) or not is_edit(event.message_id):
            return []
        original = original_of(event.message_id)
        known = self._posted.get(original)
        if known is None:
            post = await self._find(event.address, original)
            known = [post] if post is not None else []
        return known

    async def _replace(self, event: Command, clicked: str, reply: Reply) -> list[str]:
        """Put the reply in the place of the message that was clicked; whisper it where that is not to be had."""
        place = await self._places.of(event)
        posts = to_posts(reply, embeds=takes_embeds(place))
        try:
            await message_in(place, clicked).edit(**changed(posts[0]))
        except discord.NotFound:
            return [await self._whisper(event, reply)]
        return [clicked, *await _post(place, posts[1:], identity_of(event), None)]

    async def _whisper(self, event: Event, reply: Reply) -> str:
        identity = identity_of(event)
        try:
            channel = await self._places.direct(event.sender.id)
            ids = await _post(channel, to_posts(reply), identity, None)
        except discord.Forbidden as error:
            if error.code != CLOSED_TO_DIRECT_MESSAGES:
                raise
            place = await self._places.of(event)
            ids = await _post(place, to_posts(Reply(NOT_PRIVATELY)), identity, _reference(event, place))
        return ids[0] if ids else ""

    async def _finish(
        self, place: discord.abc.Messageable, before: Sequence[str], posts: Sequence[Post], identity: str
    ) -> list[str]:
        """Make these posts the reply, the first of them last: it looks half made until all is out."""
        ids = list(before[: len(posts)])
        for part in range(1, len(posts)):
            if part < len(ids):
                await message_in(place, ids[part]).edit(**changed(posts[part]))
            else:
                ids.append(await send(place, posts[part], nonce_of(identity, part)))
        await self._take_back(place, before[len(posts) :])
        if posts:
            try:
                await message_in(place, ids[0]).edit(**changed(posts[0]))
            except discord.NotFound:  # somebody deleted it; its nonce would bring it back
                ids[0] = await send(place, posts[0], f"{nonce_of(identity, 0)}b")
        return ids

    async def _take_back(self, place: discord.abc.Messageable, posts: Sequence[str]) -> None:
        for post in posts:
            with contextlib.suppress(discord.NotFound):
                await message_in(place, post).delete()

    def _remember(self, event: Event, ids: list[str]) -> None:
        if isinstance(event, IncomingMessage) and ids:
            self._posted[original_of(event.message_id)] = ids
            while len(self._posted) > REMEMBERED:
                self._posted.popitem(last=False)


def identity_of(event: Event) -> str:
    """Give the number by which Discord knows the message or the interaction."""
    return event.command_id if isinstance(event, Command) else original_of(event.message_id)


async def _post(
    place: discord.abc.Messageable,
    posts: Sequence[Post],
    identity: str | None,
    reference: discord.MessageReference | None,
) -> list[str]:
    ids = []
    for part, post in enumerate(posts):
        nonce = None if identity is None else nonce_of(identity, part)
        # on the last: where it is found, all of the reply is out
        ids.append(await send(place, post, nonce, reference if part == len(posts) - 1 else None))
    return ids


def _is_private(event: Event, reply: Reply) -> bool:
    """Whether others would read it where it was said, and must not."""
    if event.address.workspace is None:
        return False  # a direct message is private already
    if isinstance(event, IncomingMessage) and not event.direct:
        return reply.private
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
        message_id=int(identity_of(event)), channel_id=int(asked_in), fail_if_not_exists=False
    )


def _answers(message: discord.Message, question: int, address: Address) -> bool:
    if message.type not in _OURS or is_growing(message.content):
        return False  # "opened a thread" is said in our name; what a process left half made is no reply
    if address.thread == str(question):
        return True  # the thread was opened for the reply
    if message.reference is not None and message.reference.message_id == question:
        return True
    asked_by = message.interaction_metadata
    return asked_by is not None and asked_by.id == question
