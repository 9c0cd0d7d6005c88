"""Posting to Slack: one post a second per channel, and one post also where Slack's answer to it was lost.

Slack knows no idempotency key. So every post carries the reply's id, and after a call with an unknown end the
thread is searched for it before anything is posted again. The window that remains: a post that Slack shows only
after we have looked is posted twice.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.errors import SlackApiError

from connectors.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from slack_sdk.web.async_client import AsyncWebClient

    from connectors.slack.messages import Message

EVENT_TYPE = "helpdesk_reply"
SECONDS_BETWEEN_POSTS = 1.05
TRIES = 3
LOOK_AFTER_SECONDS = 0.5
"""Slack's own reads follow its writes after a moment."""
CHANNELS = 10_000
PAGES = 10
PAGE = 200
_UNCERTAIN = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"}
)
_NOT_THERE = frozenset({"not_in_channel", "channel_not_found", "thread_not_found", "missing_scope"})
_SERVER_ERROR = 500


class Pace:
    """Lets one post a second through to each channel, in the order of coming."""

    def __init__(self, now: Callable[[], float], pause: Callable[[float], Awaitable[None]]) -> None:
        self._now = now
        self._pause = pause
        self._free_at: OrderedDict[str, float] = OrderedDict()

    async def wait(self, channel: str) -> None:
        """Return when the channel may be posted to."""
        now = self._now()
        start = max(now, self._free_at.pop(channel, now))
        self._free_at[channel] = start + SECONDS_BETWEEN_POSTS
        if len(self._free_at) > CHANNELS:
            self._free_at.popitem(last=False)
        if start > now:
            await self._pause(start - now)


class Poster:
    """Posts, finds and changes our messages. Raises DeliveryError with Slack's reason."""

    def __init__(self, client: AsyncWebClient, pace: Pace, pause: Callable[[float], Awaitable[None]]) -> None:
        self._client = client
        self._pace = pace
        self._pause = pause

    async def post(
        self,
        channel: str,
        thread: str | None,
        messages: Sequence[Message],
        reply_id: str,
        *,
        look: bool = False,
    ) -> str:
        """Post the messages that are not there yet; gives the stamp of the last. `look`: some may be there."""
        posted: dict[int, str] = {}
        for attempt in range(TRIES):
            try:
                if attempt or (look and reply_id):
                    posted = await self.posted(channel, thread, reply_id)
                for part, message in enumerate(messages, 1):
                    if part not in posted:
                        metadata = _metadata(reply_id, part, len(messages))
                        posted[part] = await self._post(channel, thread, message, metadata)
                return posted.get(len(messages), "")
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                if attempt == TRIES - 1 or not (_is_uncertain(error) and reply_id):
                    raise DeliveryError(f"Slack did not take a reply: {reason_of(error)}") from error
                await self._pause(LOOK_AFTER_SECONDS * (attempt + 1))
        return ""

    async def find(self, channel: str, thread: str | None, reply_id: str) -> str | None:
        """Give the stamp of the last message of a reply that is out whole, else None."""
        try:
            found = await self._ours(channel, thread, reply_id)
        except SlackApiError as error:
            if reason_of(error) in _NOT_THERE:
                return None
            raise DeliveryError(f"Slack did not let us look for a reply: {reason_of(error)}") from error
        parts = {part: ts for part, (ts, _) in found.items()}
        wanted = max((number for _, number in found.values()), default=0)
        return parts.get(wanted) if found and len(parts) >= wanted else None

    async def posted(self, channel: str, thread: str | None, reply_id: str) -> dict[int, str]:
        """Give the stamps of a reply's messages by their place in it."""
        return {part: ts for part, (ts, _) in (await self._ours(channel, thread, reply_id)).items()}

    async def revise(
        self,
        channel: str,
        thread: str | None,
        messages: Sequence[Message],
        reply_id: str,
        posted: Mapping[int, str],
    ) -> str:
        """Turn the messages of an earlier reply into these; gives the stamp of the last."""
        stamps = dict(posted)
        try:
            for part, message in enumerate(messages, 1):
                metadata = _metadata(reply_id, part, len(messages))
                if part in stamps:
                    await self._client.chat_update(
                        channel=channel, ts=stamps[part], metadata=metadata, **_content(message)
                    )
                else:
                    stamps[part] = await self._post(channel, thread, message, metadata)
            for part in sorted(set(stamps) - set(range(1, len(messages) + 1))):
                await self._client.chat_delete(channel=channel, ts=stamps[part])
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryError(f"Slack did not take a change: {reason_of(error)}") from error
        return stamps.get(len(messages), "")

    async def whisper(self, channel: str, thread: str | None, user: str, messages: Sequence[Message]) -> None:
        """Show messages to one person in a channel, or in a direct message where the bot is not in it."""
        for message in messages:
            try:
                await self._pace.wait(channel)
                await self._client.chat_postEphemeral(
                    channel=channel, user=user, thread_ts=thread, **_content(message)
                )
            except SlackApiError as error:
                if reason_of(error) not in {"not_in_channel", "channel_not_found", "user_not_in_channel"}:
                    raise DeliveryError(f"Slack did not take a reply: {reason_of(error)}") from error
                await self.post(user, None, [message], "")
            except (aiohttp.ClientError, TimeoutError) as error:
                raise DeliveryError(f"Slack did not take a reply: {reason_of(error)}") from error

    async def thread(self, channel: str, ts: str) -> list[Mapping[str, Any]]:
        """Give the messages of a thread, the oldest first."""
        return await self._messages(channel, ts)

    async def _post(
        self, channel: str, thread: str | None, message: Message, metadata: dict[str, Any] | None
    ) -> str:
        await self._pace.wait(channel)
        answer = await self._client.chat_postMessage(
            channel=channel,
            thread_ts=thread,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
            **_content(message),
        )
        return str(answer["ts"])

    async def _ours(self, channel: str, thread: str | None, reply_id: str) -> dict[int, tuple[str, int]]:
        found: dict[int, tuple[str, int]] = {}
        for message in await self._messages(channel, thread):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == EVENT_TYPE and payload.get("id") == reply_id:
                found.setdefault(int(payload["part"]), (str(message["ts"]), int(payload["parts"])))
        return found

    async def _messages(self, channel: str, thread: str | None) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        cursor: str | None = None
        for _ in range(PAGES if thread else 1):  # the newest of a channel come first, the oldest of a thread
            answer = await (
                self._client.conversations_replies(
                    channel=channel, ts=thread, limit=PAGE, cursor=cursor, include_all_metadata=True
                )
                if thread
                else self._client.conversations_history(
                    channel=channel, limit=PAGE, include_all_metadata=True
                )
            )
            found += answer.get("messages") or ()
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return found


def reason_of(error: Exception) -> str:
    """Give Slack's word for what went wrong; a broken server answers in anything, such as HTML."""
    if not isinstance(error, SlackApiError):
        return type(error).__name__
    data = getattr(error.response, "data", error.response)
    if isinstance(data, dict) and isinstance(data.get("error"), str):
        return str(data["error"])
    return f"HTTP {getattr(error.response, 'status_code', '?')}"


def _is_uncertain(error: Exception) -> bool:
    """Whether the call may have been carried out, or may be tried again."""
    if not isinstance(error, SlackApiError):
        return True
    return getattr(error.response, "status_code", 0) >= _SERVER_ERROR or reason_of(error) in _UNCERTAIN


def _content(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}


def _metadata(reply_id: str, part: int, parts: int) -> dict[str, Any] | None:
    if not reply_id:
        return None
    return {"event_type": EVENT_TYPE, "event_payload": {"id": reply_id, "part": part, "parts": parts}}
