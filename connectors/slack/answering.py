"""Works on what was committed and acknowledged: looks up what is not known yet, shows the answer while it is made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from connectors.base import Assists, IncomingMessage, Reply
from connectors.errors import DeliveryError
from connectors.slack.assistant import Status
from connectors.slack.events import original_of
from connectors.slack.growing import Post, left_open, remove, settle
from connectors.slack.limits import Limits
from connectors.slack.messages import to_messages
from connectors.slack.showing import key_of
from connectors.slack.streaming import Growing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.base import Address, DurableHandler, Event
    from connectors.slack.recent import Key
    from connectors.slack.showing import Replies
    from connectors.slack.threads import Threads
    from connectors.slack.workspaces import Workspace, Workspaces


class Answering:
    """Answers events, each in a task of its own. `let_acks_pass` gives way to what waits for its ack."""

    def __init__(
        self,
        workspaces: Workspaces,
        replies: Replies,
        threads: Threads,
        *,
        now: Callable[[], float],
        let_acks_pass: Callable[[], Awaitable[None]],
    ) -> None:
        self._threads = threads
        self._workspaces = workspaces
        self._replies = replies
        self._let_acks_pass = let_acks_pass
        self._limits = Limits(now)
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._growing: dict[Key, Growing] = {}
        self._log = structlog.get_logger()

    def begin(self, event: Event, handler: DurableHandler, group: asyncio.TaskGroup) -> asyncio.Task[None]:
        """Answer an event; gives the task that does it."""
        self._replies.begin(event)
        key = key_of(event)
        task = group.create_task(self._answer(event, handler))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return task

    async def look_up(self, event: Event) -> Event:
        """Give the event with who sent it, who reads there, what was said before, and whether it goes on with that."""
        workspace = await self._workspaces.of(event.address.workspace)
        known = await workspace.directory.complete(event, workspace.me.team)
        return await self._threads.read(known, workspace)

    async def take_up(self, event: Event, reply: Reply, begun: str, handler: DurableHandler) -> str:
        """Show the reply to an event that another process left; gives its last stamp. Raises DeliveryError."""
        workspace = await self._workspaces.of(event.address.workspace)
        post = Post.parse(begun)
        if post is None and isinstance(event, IncomingMessage) and not reply.private:
            post = await left_open(workspace, event, reply.text, reply.id)
        if post is None:
            return await self._show(event, reply, handler)
        if reply.private and not post.channel.startswith("D"):
            await remove(workspace, post)
            return await self._show(event, reply, handler)
        thread = event.address.thread if post.channel == event.address.channel else None
        ts = await settle(workspace, post, thread, to_messages(reply), reply.id)
        if not reply.private:
            self._threads.answered(event)
        return ts

    async def tell(self, event: Event, reply: Reply) -> None:
        """Say something to whoever did this, as well as it can be done: it is a courtesy."""
        try:
            await self._replies.whisper(event, to_messages(reply))
        except DeliveryError as error:
            self._log.warning("slack_not_told", reason=str(error))

    async def deleted(self, address: Address, message_id: str, handler: DurableHandler) -> None:
        """Forget a message that its author deleted, and what is being said to it."""
        if not isinstance(handler, Assists):
            return
        await handler.deleted(address, message_id)
        for key in [key for key in self._tasks if key[0] == address.channel and _is_of(key[1], message_id)]:
            task, growing = self._tasks[key], self._growing.get(key)
            task.cancel()
            await asyncio.wait([task])
            if growing is not None:
                await self._discard(growing)

    async def _answer(self, event: Event, handler: DurableHandler) -> None:
        """Answer one event; what fails here is taken up again by the inbox's sweeper."""
        try:
            await self._let_acks_pass()
            known = await self.look_up(event)
            workspace = await self._workspaces.of(event.address.workspace)
            async with Status(known, workspace, self._limits) as status:
                await self._answer_known(known, workspace, status, handler)
        except DeliveryError as error:
            self._log.warning("slack_reply_failed", reason=str(error))
            await handler.unsent(event)
        except Exception:  # noqa: BLE001 - one event must not end the connector
            self._log.exception("slack_reply_failed")
            await handler.unsent(event)
        finally:
            self._replies.end(event)

    async def _answer_known(
        self, event: Event, workspace: Workspace, status: Status, handler: DurableHandler
    ) -> None:
        growing = Growing(
            event,
            workspace,
            self._limits,
            reply_id=handler.metadata_id(event),
            begun=lambda platform_id: handler.begun(event, platform_id),
            ready=status.said,
            tell=lambda words: self._replies.whisper(event, to_messages(Reply(words))),
        )
        self._growing[key_of(event)] = growing
        try:
            reply = await handler.answer(event, growing)
            await status.said()
            if reply is None:
                return
            ts = await growing.finish(reply)
            if ts is None:
                ts = await self._show(event, reply, handler)
            elif not reply.private:
                self._threads.answered(event)
            if not reply.private:
                status.posted()
            await handler.sent(event, ts)
        finally:
            self._growing.pop(key_of(event), None)
            await growing.end()

    async def _show(self, event: Event, reply: Reply, handler: DurableHandler) -> str:
        ts = await self._replies.show(event, reply, handler.metadata_id)
        if ts and isinstance(event, IncomingMessage):
            self._threads.answered(event)
        return ts

    async def _discard(self, growing: Growing) -> None:
        try:
            await growing.discard()
        except DeliveryError as error:
            self._log.warning("slack_stream_not_removed", reason=str(error))


def _is_of(key: str, message_id: str) -> bool:
    return message_id in {key, original_of(key)}
