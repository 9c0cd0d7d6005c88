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
LATE_SECONDS = 3_600.0
"""Of a thread of more pages than we read, what was said so long before is read at last."""
GROWING = 0
"""The number of parts that a reply has while it is being made."""
_UNCERTAIN = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"}
)
NOT_THERE = frozenset({"not_in_channel", "channel_not_found", "thread_not_found", "missing_scope"})
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

    def take(self, channel: str) -> bool:
        """Take the right to post at once; False when somebody else has posted there just now."""
        now = self._now()
        if self._free_at.get(channel, now) > now:
            return False
        self._free_at[channel] = now + SECONDS_BETWEEN_POSTS
        return True


class Poster:
    """Posts, finds and changes our messages. Raises DeliveryError with Slack's reason."""

    def __init__(self, client: AsyncWebClient, pace: Pace, pause: Callable[[float], Awaitable[None]]) -> None:
        self._client = client
        self.pace = pace
        self.pause = pause

    async def post(
        self,
        channel: str,
        thread: str | None,
        messages: Sequence[Message],
        reply_id: str,
        *,
        look: bool = False,
        there: Mapping[int, str] | None = None,
    ) -> str:
        """Post the messages that are not there yet; gives the stamp of the last.

        `look`: some may be there. `there`: these are, by their place in the reply.
        """
        posted: dict[int, str] = dict(there or {})
        for attempt in range(TRIES):
            try:
                if attempt or (look and reply_id):
                    posted |= await self.posted(channel, thread, reply_id)
                for part, message in enumerate(messages, 1):
                    if part not in posted:
                        metadata = metadata_of(reply_id, part, len(messages))
                        posted[part] = await self._post(channel, thread, message, metadata)
                return posted.get(len(messages), "")
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                if attempt == TRIES - 1 or not (is_uncertain(error) and reply_id):
                    raise DeliveryError(f"Slack did not take a reply: {reason_of(error)}") from error
                await self.pause(LOOK_AFTER_SECONDS * (attempt + 1))
        return ""

    async def begin(
        self, channel: str, thread: str | None, message: Message, reply_id: str
    ) -> tuple[str, str]:
        """Post a message in which a reply is to grow; gives its channel and stamp. `find` does not find it.

        It is tried once. Raises what slack_sdk and aiohttp raise.
        """
        answer = await self._send(channel, thread, message, metadata_of(reply_id, 1, GROWING))
        return str(answer["channel"]), str(answer["ts"])

    async def find(self, channel: str, thread: str | None, reply_id: str) -> str | None:
        """Give the stamp of the last message of a reply that is out whole, else None."""
        try:
            found = await self._ours(channel, thread, reply_id)
        except SlackApiError as error:
            if reason_of(error) in NOT_THERE:
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
        """Turn the messages of an earlier reply into these; gives the stamp of the last. It may be repeated."""
        stamps = dict(posted)
        for attempt in range(TRIES):
            try:
                if attempt and reply_id:
                    stamps |= await self.posted(channel, thread, reply_id)
                return await self._revise(channel, thread, messages, reply_id, stamps)
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                if attempt == TRIES - 1 or not is_uncertain(error):
                    raise DeliveryError(f"Slack did not take a change: {reason_of(error)}") from error
                await self.pause(LOOK_AFTER_SECONDS * (attempt + 1))
        return ""

    async def _revise(
        self,
        channel: str,
        thread: str | None,
        messages: Sequence[Message],
        reply_id: str,
        stamps: dict[int, str],
    ) -> str:
        for part, message in enumerate(messages, 1):
            metadata = metadata_of(reply_id, part, len(messages))
            if part in stamps:
                await self._client.chat_update(
                    channel=channel, ts=stamps[part], metadata=metadata, **content_of(message)
                )
            else:
                stamps[part] = await self._post(channel, thread, message, metadata)
        for part in sorted(set(stamps) - set(range(1, len(messages) + 1))):
            await self._client.chat_delete(channel=channel, ts=stamps.pop(part))
        return stamps.get(len(messages), "")

    async def replace(self, channel: str, ts: str, messages: Sequence[Message]) -> bool:
        """Put a message in place of one of ours, or nothing; False when Slack does not let us. It keeps its mark."""
        try:
            if not messages:
                await self._client.chat_delete(channel=channel, ts=ts)
            for message in messages[:1]:
                await self._client.chat_update(channel=channel, ts=ts, **content_of(message))
        except SlackApiError as error:
            if is_uncertain(error):
                raise DeliveryError(f"Slack did not take a change: {reason_of(error)}") from error
            return reason_of(error) == "message_not_found" and not messages
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryError(f"Slack did not take a change: {reason_of(error)}") from error
        return True

    async def whisper(self, channel: str, thread: str | None, user: str, messages: Sequence[Message]) -> None:
        """Show messages to one person in a channel, or in a direct message where the bot is not in it."""
        for message in messages:
            try:
                await self.pace.wait(channel)
                await self._client.chat_postEphemeral(
                    channel=channel, user=user, thread_ts=thread, **content_of(message)
                )
            except SlackApiError as error:
                if reason_of(error) not in {"not_in_channel", "channel_not_found", "user_not_in_channel"}:
                    raise DeliveryError(f"Slack did not take a reply: {reason_of(error)}") from error
                await self.post(user, None, [message], "")
            except (aiohttp.ClientError, TimeoutError) as error:
                raise DeliveryError(f"Slack did not take a reply: {reason_of(error)}") from error

    async def thread(self, channel: str, ts: str | None, until: float = 0.0) -> list[Mapping[str, Any]]:
        """Give the messages of a thread, the oldest first, or the newest of the channel, these first.

        Of a very long thread it gives the first and those before `until`, a stamp in seconds. Raises DeliveryError.
        """
        try:
            return await self._messages(channel, ts, until)
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryError(f"Slack did not let us read a thread: {reason_of(error)}") from error

    async def _post(
        self, channel: str, thread: str | None, message: Message, metadata: dict[str, Any] | None
    ) -> str:
        await self.pace.wait(channel)
        return str((await self._send(channel, thread, message, metadata))["ts"])

    async def _send(
        self, channel: str, thread: str | None, message: Message, metadata: dict[str, Any] | None
    ) -> Any:
        return await self._client.chat_postMessage(
            channel=channel,
            thread_ts=thread,
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
            **content_of(message),
        )

    async def _ours(self, channel: str, thread: str | None, reply_id: str) -> dict[int, tuple[str, int]]:
        found: dict[int, tuple[str, int]] = {}
        for message in await self._messages(channel, thread):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            if metadata.get("event_type") == EVENT_TYPE and payload.get("id") == reply_id:
                found.setdefault(int(payload["part"]), (str(message["ts"]), int(payload["parts"])))
        return found

    async def _messages(
        self, channel: str, thread: str | None, until: float = 0.0
    ) -> list[Mapping[str, Any]]:
        if thread is None:  # the newest of a channel come first, the oldest of a thread
            answer = await self._client.conversations_history(
                channel=channel, limit=PAGE, include_all_metadata=True
            )
            return list(answer.get("messages") or ())
        found: dict[str, Mapping[str, Any]] = {}
        oldest, cursor = None, None
        for page in range(PAGES):
            if until and page == PAGES - 1 and cursor:
                oldest, cursor = f"{until - LATE_SECONDS:.6f}", None
            answer = await self._client.conversations_replies(
                channel=channel,
                ts=thread,
                limit=PAGE,
                cursor=cursor,
                oldest=oldest,
                include_all_metadata=True,
            )
            found |= {str(message["ts"]): message for message in answer.get("messages") or ()}
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return list(found.values())


def reason_of(error: Exception) -> str:
    """Give Slack's word for what went wrong; a broken server answers in anything, such as HTML."""
    if not isinstance(error, SlackApiError):
        return type(error).__name__
    data = getattr(error.response, "data", error.response)
    if isinstance(data, dict) and isinstance(data.get("error"), str):
        return str(data["error"])
    return f"HTTP {getattr(error.response, 'status_code', '?')}"


def is_uncertain(error: Exception) -> bool:
    """Whether the call may have been carried out, or may be tried again."""
    if not isinstance(error, SlackApiError):
        return True
    return getattr(error.response, "status_code", 0) >= _SERVER_ERROR or reason_of(error) in _UNCERTAIN


def content_of(message: Message) -> dict[str, Any]:
    """Give what a call takes of a message."""
    return {"text": message.text, "blocks": list(message.blocks)}


def metadata_of(reply_id: str, part: int, parts: int) -> dict[str, Any] | None:
    """Give the mark by which a message of a reply is found again; None for a reply without an id."""
    if not reply_id:
        return None
    return {"event_type": EVENT_TYPE, "event_payload": {"id": reply_id, "part": part, "parts": parts}}
