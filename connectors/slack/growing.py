"""A post in which a reply grows: what it is called in the inbox, and how it becomes the whole reply, or goes away.

Slack refuses to change or delete a stream that is open, and ends one by itself after some minutes; so it is stopped
first, and changed into the whole reply then. All of that may be done twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from slack_sdk.errors import SlackApiError

from connectors.errors import DeliveryError
from connectors.slack.events import is_ours, number
from connectors.slack.posting import NOT_THERE, reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.base import IncomingMessage
    from connectors.slack.messages import Message
    from connectors.slack.workspaces import Workspace

PEOPLE = ("U", "W")
"""How the ids of people begin; a person as a channel is a place for that person alone."""
_STREAM = "stream"
_LINK = re.compile(r"[<\[]|https?:")
_GONE = frozenset({"message_not_found", "thread_not_found"})
SHORTEST_MATCH = 8


@dataclass(frozen=True, slots=True)
class Post:
    """A post that grows; `streams`: by chat.startStream, else by edits."""

    channel: str
    ts: str
    streams: bool = False

    def __str__(self) -> str:
        """Give it as the inbox keeps it."""
        return "/".join([self.channel, self.ts, *([_STREAM] if self.streams else [])])

    @classmethod
    def parse(cls, text: str) -> Post | None:
        """Read what the inbox kept."""
        channel, _, rest = text.partition("/")
        ts, _, kind = rest.partition("/")
        return cls(channel, ts, kind == _STREAM) if channel and ts else None


async def settle(
    workspace: Workspace, post: Post, thread: str | None, messages: Sequence[Message], reply_id: str
) -> str:
    """Make the post, whatever state it is in, and as many after it as needed, the whole reply; gives the last stamp.

    One that somebody deleted meanwhile is posted anew. Raises DeliveryError.
    """
    await _stop(workspace, post)
    poster = workspace.poster
    try:
        return await poster.revise(post.channel, thread, messages, reply_id, {1: post.ts})
    except DeliveryError as error:
        cause = error.__cause__
        if not isinstance(cause, SlackApiError) or reason_of(cause) not in _GONE:
            raise
    return await poster.post(post.channel, thread, messages, reply_id, look=True)


async def remove(workspace: Workspace, post: Post) -> None:
    """Take the post away, if it is still there. Raises DeliveryError."""
    await _stop(workspace, post)
    try:
        await workspace.client.chat_delete(channel=post.channel, ts=post.ts)
    except SlackApiError as error:
        if reason_of(error) not in _GONE:
            raise DeliveryError(f"Slack did not delete a message: {reason_of(error)}") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise DeliveryError(f"Slack did not delete a message: {reason_of(error)}") from error


async def left_open(workspace: Workspace, event: IncomingMessage, words: str, reply_id: str) -> Post | None:
    """Find the post in which the reply to an event began to grow, where nobody knows its id. Raises DeliveryError.

    One that is edited carries the reply's id. A stream carries none before it is stopped: it is ours, younger than
    the question, without an id, and what the reply begins with.
    """
    channel, thread = event.address.channel, event.address.thread
    if channel.startswith(PEOPLE):
        return None
    whole = _letters(words)
    try:
        messages = await workspace.poster.thread(channel, thread, number(event.message_id))
    except DeliveryError as error:
        if isinstance(error.__cause__, SlackApiError) and reason_of(error.__cause__) in NOT_THERE:
            return None
        raise
    for message in sorted(messages, key=lambda each: -number(each.get("ts"))):
        if not is_ours(message, workspace.me) or number(message.get("ts")) <= number(event.message_id):
            continue
        payload = (message.get("metadata") or {}).get("event_payload") or {}
        if payload.get("id") == reply_id:
            return Post(channel, str(message["ts"]))
        shown = _letters(_LINK.split(str(message.get("text") or ""), maxsplit=1)[0])
        if thread is not None and not payload and len(shown) >= SHORTEST_MATCH and whole.startswith(shown):
            return Post(channel, str(message["ts"]), streams=True)
    return None


async def _stop(workspace: Workspace, post: Post) -> None:
    """End a stream; that it has ended already is no failure."""
    if not post.streams:
        return
    try:
        await workspace.client.chat_stopStream(channel=post.channel, ts=post.ts)
    except SlackApiError:
        return  # what follows tells whether the message is there and can be changed
    except (aiohttp.ClientError, TimeoutError) as error:
        raise DeliveryError(f"Slack did not end a stream: {reason_of(error)}") from error


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())
