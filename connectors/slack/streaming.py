"""Shows a reply while it is made: as a stream, as one message that is edited, or not before it is whole.

docs.slack.dev/reference/methods/chat.startStream: a stream is a reply in a thread, and tells who it is for in a
channel. Where a workspace has no streams the message is edited, at most once a second. Where Slack would refuse a
call because of its rate limits, and where it has refused one, the reply comes in one message.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from connectors.base import IncomingMessage, Reply
from connectors.errors import DeliveryError
from connectors.slack.events import original_of, user_of
from connectors.slack.growing import PEOPLE, Post, left_open, remove, settle
from connectors.slack.limits import APPEND_STREAM, START_STREAM, UPDATE, quick, wait_of
from connectors.slack.messages import markdown_pieces, to_messages
from connectors.slack.posting import content_of, is_uncertain, metadata_of, reason_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.base import Event
    from connectors.slack.limits import Limits
    from connectors.slack.messages import Message
    from connectors.slack.workspaces import Workspace

QUICK_SECONDS = 5.0
SECONDS_BETWEEN_CHANGES = 1.0
LONGEST_SHOWN = 8_000
"""What is longer comes with the whole reply, which may need several messages."""
_NEVER = frozenset(
    {"unknown_method", "missing_scope", "not_allowed_token_type", "access_denied", "feature_not_enabled"}
)
_FAILURES = (SlackApiError, aiohttp.ClientError, TimeoutError)


class Growing:
    """Implements `connectors.base.Live` for one event.

    `begun` keeps the id of the post, `ready` is awaited before it, `tell` says to the person alone where progress is
    told.
    """

    def __init__(
        self,
        event: Event,
        workspace: Workspace,
        limits: Limits,
        *,
        reply_id: str,
        begun: Callable[[str], Awaitable[None]],
        ready: Callable[[], Awaitable[None]],
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        self._event = event
        self._workspace = workspace
        self._limits = limits
        self._reply_id = reply_id
        self._begun = begun
        self._ready = ready
        self._tell = tell
        self._client = quick(workspace.client)
        self._post: Post | None = None
        self._said = ""
        self._shown = ""
        self._next = 0.0
        self._quiet = isinstance(event, IncomingMessage) and original_of(event.message_id) is not None
        self._broken = False  # what the stream holds is not known for sure
        self._lost = False  # a post may stand whose stamp is not known
        self._last: asyncio.Task[None] | None = None
        self._log = structlog.get_logger()

    async def say(self, text: str) -> None:
        """Show a further piece of the answer, where others may read it too."""
        self._said += text
        channel = self._event.address.channel
        if isinstance(self._event, IncomingMessage) and not channel.startswith(PEOPLE):
            await self._in_turn(self._show)

    async def progress(self, text: str) -> None:
        """Tell the sender alone how far the work is: in the conversation with us, in one message that is edited."""
        if not self._said:
            await self._in_turn(lambda: self._report(text))

    async def finish(self, reply: Reply) -> str | None:
        """Make what has begun the whole reply and give its last stamp; None when nothing has. Raises DeliveryError."""
        await self.rest()
        post = self._post
        if post is None and self._lost and isinstance(self._event, IncomingMessage):
            post, self._broken = await left_open(self._workspace, self._event, reply.text, reply.id), True
        if post is None:
            return None
        if reply.private and not post.channel.startswith("D"):
            await remove(self._workspace, post)
            return None
        messages, thread = to_messages(reply), self._thread(post)
        if post.streams and not self._broken and await self._stop(post, messages):
            there = {1: post.ts}
            return await self._workspace.poster.post(post.channel, thread, messages, reply.id, there=there)
        if wait := self._limits.held(self._workspace.team, UPDATE):
            await self._workspace.poster.pause(wait)
        return await settle(self._workspace, post, thread, messages, reply.id)

    async def discard(self) -> None:
        """Take away what has begun: its question is gone."""
        await self.rest()
        if self._post is not None:
            await remove(self._workspace, self._post)

    async def rest(self) -> None:
        """Wait for the call that is under way, and show nothing more."""
        self._quiet = True
        if self._last is not None:
            await asyncio.wait([self._last])

    async def end(self) -> None:
        """Leave what is under way: the process ends."""
        if self._last is not None:
            self._last.cancel()
            await asyncio.wait([self._last])

    async def _in_turn(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do one thing after another, to its end also when the caller is cancelled: the stamp must not be lost."""

        async def do(before: asyncio.Task[None] | None) -> None:
            if before is not None:
                await asyncio.wait([before])
            try:
                await work()
            except (*_FAILURES, DeliveryError) as error:
                self._quiet = True
                self._log.warning("slack_not_shown_yet", reason=reason_of(error))

        if not self._quiet:
            self._last = asyncio.ensure_future(do(self._last))
            await asyncio.shield(self._last)

    # An answer -------------------------------------------------------------------------------------------

    async def _show(self) -> None:
        shown = next(iter(markdown_pieces(self._said)), "")
        if not shown.startswith(self._shown) or len(shown) > LONGEST_SHOWN:
            self._quiet = True
        elif shown == self._shown or self._limits.now() < self._next:
            return
        elif self._post is None:
            await self._start(shown)
        else:
            await self._grow(shown)

    async def _start(self, shown: str) -> None:
        """Begin a stream, or a message to edit, or be quiet until the reply is whole."""
        await self._ready()
        team, address = self._workspace.team, self._event.address
        if not self._workspace.poster.pace.take(address.channel):
            self._quiet = True
            return
        if address.thread is not None and self._limits.knows(team, START_STREAM):
            self._quiet = not self._limits.take(team, START_STREAM) or not await self._stream(shown)
        if not self._quiet and self._post is None:
            self._quiet = not self._limits.take(team, UPDATE)
        if not self._quiet and self._post is None:
            await self._open(address.channel, address.thread, shown)

    async def _stream(self, shown: str) -> bool:
        """Begin a stream. False: it was refused for now, or may have begun; the reply comes in one message."""
        team, address = self._workspace.team, self._event.address
        try:
            answer = await _soon(
                self._client.chat_startStream(
                    channel=address.channel,
                    thread_ts=str(address.thread),
                    markdown_text=shown,
                    recipient_user_id=user_of(self._event),
                    recipient_team_id=self._event.sender.id.removeprefix("slack:").partition("/")[0],
                )
            )
        except _FAILURES as error:
            if (wait := wait_of(error)) is not None:
                self._limits.hold(team, START_STREAM, wait)
                return False
            if is_uncertain(error):
                self._lost = True
                raise
            if reason_of(error) in _NEVER:
                self._limits.lacks(team, START_STREAM)
            self._log.info("slack_streams_not", reason=reason_of(error))
            return True
        await self._note(Post(address.channel, str(answer["ts"]), streams=True), shown)
        return True

    async def _open(self, channel: str, thread: str | None, shown: str) -> None:
        message = to_messages(Reply(shown))[0]
        try:
            place, ts = await _soon(self._workspace.poster.begin(channel, thread, message, self._reply_id))
        except _FAILURES as error:
            self._lost = is_uncertain(error)
            raise
        await self._note(Post(place, ts), shown)

    async def _note(self, post: Post, shown: str) -> None:
        self._post, self._shown = post, shown
        self._next = self._limits.now() + SECONDS_BETWEEN_CHANGES
        await self._begun(str(post))

    async def _grow(self, shown: str) -> None:
        post = self._post
        assert post is not None
        if not post.streams:
            await self._change(post, shown)
        elif self._limits.take(self._workspace.team, APPEND_STREAM):
            more = shown[len(self._shown) :]
            call = self._client.chat_appendStream(channel=post.channel, ts=post.ts, markdown_text=more)
            await self._carry_out(call, APPEND_STREAM, shown)

    async def _change(self, post: Post, shown: str) -> None:
        if self._limits.take(self._workspace.team, UPDATE):
            call = self._client.chat_update(channel=post.channel, ts=post.ts, **_content(shown))
            await self._carry_out(call, UPDATE, shown)

    async def _carry_out(self, call: Awaitable[Any], method: str, shown: str) -> None:
        """Change what is shown; a call that came too early is left out, what it was to show comes with the next."""
        self._next = self._limits.now() + SECONDS_BETWEEN_CHANGES
        try:
            await _soon(call)
        except _FAILURES as error:
            if (wait := wait_of(error)) is not None:
                self._limits.hold(self._workspace.team, method, wait)
                return
            self._broken = True
            raise
        self._shown = shown

    async def _stop(self, post: Post, messages: list[Message]) -> bool:
        """End the stream as the first message of the reply; False when it must be changed into it."""
        first = messages[0] if messages else None
        words = first.blocks[0].get("text", "") if first and first.blocks else ""
        if first is None or not str(words).startswith(self._shown):
            return False
        try:
            await self._workspace.client.chat_stopStream(
                channel=post.channel,
                ts=post.ts,
                markdown_text=words[len(self._shown) :] or None,
                blocks=list(first.blocks[1:]) or None,
                metadata=metadata_of(self._reply_id, 1, len(messages)),
            )
        except _FAILURES as error:
            self._log.info("slack_stream_not_ended", reason=reason_of(error))
            return False
        return True

    # Progress --------------------------------------------------------------------------------------------

    async def _report(self, text: str) -> None:
        shown = next(iter(markdown_pieces(text)), "")
        if not shown or self._limits.now() < self._next:
            return
        if self._post is not None:
            await self._change(self._post, shown)
            return
        address = self._event.address
        own = address.channel.startswith("D")
        await self._open(
            address.channel if own else user_of(self._event), address.thread if own else None, shown
        )
        if not own and not address.channel.startswith(PEOPLE):
            await self._tell(
                "This takes a while. You can follow it in our direct messages, and the result comes there too."
            )

    def _thread(self, post: Post) -> str | None:
        return self._event.address.thread if post.channel == self._event.address.channel else None


async def _soon(call: Awaitable[Any]) -> Any:
    async with asyncio.timeout(QUICK_SECONDS):
        return await call


def _content(text: str) -> dict[str, Any]:
    return content_of(to_messages(Reply(text or "…"))[0])
