"""Shows replies: in the thread, in place of an earlier reply, or to one person alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from connectors.base import Command
from connectors.slack.connection import CALL_SECONDS
from connectors.slack.events import original_of, user_of
from connectors.slack.growing import PEOPLE
from connectors.slack.messages import to_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slack_sdk.web.async_client import AsyncWebClient

    from connectors.base import Event, IncomingMessage, Reply
    from connectors.slack.messages import Message
    from connectors.slack.recent import Key, Recent
    from connectors.slack.workspaces import Workspaces

EDIT_WAIT_SECONDS = 30.0
HTTP_OK = 200
CLICKS = ("click/", "view/")
"""How the ids of clicks, and of forms that a click opened, begin."""


def key_of(event: Event) -> Key:
    """Give what tells an event from all others; a shared channel delivers one message from two workspaces."""
    return event.address.channel, event.command_id if isinstance(event, Command) else event.message_id


def place_of(event: Event) -> Key:
    """Give what tells an event as one workspace delivered it from all others."""
    return event.address.workspace or "", *key_of(event)


class Replies:
    """Shows replies to events. Raises DeliveryError."""

    def __init__(self, workspaces: Workspaces, response_urls: Recent[str]) -> None:
        self._workspaces = workspaces
        self._response_urls = response_urls
        self._answering: dict[Key, asyncio.Event] = {}

    def begin(self, event: Event) -> None:
        """Note that an event is being answered, so that an edit of it waits."""
        self._answering.setdefault(key_of(event), asyncio.Event())

    def end(self, event: Event) -> None:
        """Note that it is not any more."""
        done = self._answering.pop(key_of(event), None)
        if done is not None:
            done.set()

    async def show(self, event: Event, reply: Reply, id_of: Callable[[Event], str]) -> str:
        """Show a reply and give the stamp of its last message, "" for what one person sees alone."""
        messages = to_messages(reply)
        if reply.replaces and isinstance(event, Command) and await self._replace(event, messages):
            return ""
        if isinstance(event, Command) or reply.private or event.address.channel.startswith(PEOPLE):
            await self.whisper(event, messages)
            return ""
        original = original_of(event.message_id)
        if original is not None:
            before = replace(event, message_id=original)
            revised = await self._revise(before, messages, id_of(before))
            if revised is not None:
                return revised
        poster = (await self._workspaces.of(event.address.workspace)).poster
        return await poster.post(event.address.channel, event.address.thread, messages, reply.id)

    async def _revise(
        self, before: IncomingMessage, messages: Sequence[Message], reply_id: str
    ) -> str | None:
        """Change the reply to an edited message; None when there is none yet."""
        working = self._answering.get(key_of(before))
        if working is not None:
            async with asyncio.timeout(EDIT_WAIT_SECONDS):
                await working.wait()
        channel, thread = before.address.channel, before.address.thread
        poster = (await self._workspaces.of(before.address.workspace)).poster
        posted = await poster.posted(channel, thread, reply_id)
        if not posted:
            return None
        return await poster.revise(channel, thread, messages, reply_id, posted)

    async def _replace(self, click: Command, messages: Sequence[Message]) -> bool:
        """Put a reply in place of the message whose button was clicked; False when that cannot be done.

        What one person sees alone is changed over the click's own URL only. No reply leaves nothing in its place.
        """
        if not click.origin or not click.command_id.startswith(CLICKS):
            return False
        workspace = await self._workspaces.of(click.address.workspace)
        url = self._response_urls.get(place_of(click))
        if url is not None:
            return await self._respond(workspace.client, url, messages, replace_original=True)
        return await workspace.poster.replace(click.address.channel, click.origin, messages)

    async def whisper(self, event: Event, messages: Sequence[Message]) -> None:
        """Show messages to the sender alone."""
        workspace = await self._workspaces.of(event.address.workspace)
        url = self._response_urls.get(place_of(event))
        if url is not None and await self._respond(workspace.client, url, messages):
            return
        channel, thread, user = event.address.channel, event.address.thread, user_of(event)
        if channel.startswith(PEOPLE):
            await workspace.poster.post(user, None, messages, "")
        elif channel.startswith("D"):
            await workspace.poster.post(channel, thread, messages, "")
        else:
            await workspace.poster.whisper(channel, thread, user, messages)

    async def _respond(
        self,
        web: AsyncWebClient,
        url: str,
        messages: Sequence[Message],
        *,
        replace_original: bool = False,
    ) -> bool:
        """Answer over the event's own URL, which works where the bot is no member; no token goes there."""
        client = AsyncWebhookClient(url, timeout=int(CALL_SECONDS), session=web.session)
        try:
            if replace_original and not messages:
                return (await client.send(delete_original=True)).status_code == HTTP_OK
            for place, message in enumerate(messages):
                answer = await client.send(
                    text=message.text,
                    blocks=list(message.blocks),
                    response_type="ephemeral",
                    replace_original=replace_original and not place,
                )
                if answer.status_code != HTTP_OK:
                    return False
        except (aiohttp.ClientError, TimeoutError):
            return False
        return True
