"""Delivery: what a connector calls. The inbox around the router, so that each event gets exactly one reply.

A platform with an ack calls `accept` before it, `answer` after it, posts the reply with `metadata_id(event)`
in its metadata, and calls `sent`. A platform without one (the terminal) calls `handle` and shows the reply.

The window that remains: a process killed after the platform took a post and before `sent` repeats the post
at the restart, unless the connector can look for `metadata_id` (see `FindsPosts`).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from bot.assisting import Assisting
from bot.counts import Counts
from bot.errors import ShuttingDown
from bot.inbox import EventKey, key_of
from bot.live import Announced
from connectors.base import AnswersEvents, IncomingMessage, Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from datetime import datetime

    from bot.assistance import Assistance
    from bot.inbox import Inbox, Pending
    from bot.router import Router
    from connectors.base import Address, ChatConnector, Event, Live, Reply

SWEEP_SECONDS = 10.0
SEND_SECONDS = 30.0
KEPT = timedelta(days=7)
PRUNE_EVERY = timedelta(hours=1)


@runtime_checkable
class FindsPosts(Protocol):
    """A connector that can look for a post of ours, so that a repeated post is not a second one."""

    async def find_post(self, address: Address, metadata_id: str) -> str | None:
        """Give the platform's id of the post that carries `metadata_id`, or None."""
        ...


class Refreshes(Protocol):
    """What this process keeps in memory of what any process may change."""

    async def refresh(self) -> bool:
        """Read it again; False when it is as it was."""
        ...


def metadata_id(event: Event) -> str:
    """Give our id of the reply to this event: the same after a restart, and unlike that of any other."""
    return f"reply/{key_of(event)}"


class Delivery(Assisting):
    """Implements `connectors.base.DurableHandler` and `Assists`; see the module for how a connector uses it."""

    def __init__(
        self,
        inbox: Inbox,
        router: Router,
        clock: Callable[[], datetime],
        assistance: Assistance | None = None,
        refreshed: Sequence[Refreshes] = (),
        *,
        counts: Counts | None = None,
    ) -> None:
        """`refreshed` is read again every ten seconds, for what other processes changed."""
        super().__init__(inbox, router, assistance)
        self._clock = clock
        self._refreshed = refreshed
        self._counts = counts or Counts()
        self._open: set[EventKey] = set()  # accepted here and not finished
        self._unrecorded: dict[EventKey, str] = {}  # replied, but the database did not take the news
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False
        self._prune_at = clock()

    def metadata_id(self, event: Event) -> str:
        """Give our id of the reply to this event, see the function of this name."""
        return metadata_id(event)

    async def accept(self, event: Event) -> bool:
        """Commit the event to the inbox; ack only after this returned. False: do nothing more about it.

        Raises what the database raises, and ShuttingDown: then there must be no ack, so that the platform
        delivers again.
        """
        if not self._router.concerns(event):
            return False
        if self._closing:
            raise ShuttingDown("the bot is being stopped and takes no more messages")
        key = key_of(event)
        if not self._is_free(key):
            return False
        self._begin(key)  # before the commit, so that a stop waits for it
        accepted, started = False, time.perf_counter()
        try:
            accepted = await self._inbox.accept(event)
            self._counts.ack_seconds.add(time.perf_counter() - started)
        finally:
            if not accepted:
                self._end(key)
        return accepted

    async def answer(self, event: Event, live: Live | None = None) -> Reply | None:
        """Give the reply to an accepted event; None when nothing is to be posted, and then it is finished.

        Before `live` shows anything, the event is noted as being replied to, as before any other post.
        """
        key, started = key_of(event), time.perf_counter()
        self._begin(key)
        announced = None if live is None else Announced(live, lambda: self._may_send(key, event))
        try:
            reply = await self._router.handle(event, announced)
        except BaseException:
            await self._let_go(key)
            raise
        if reply is None:
            await self._finish(key, self._inbox.ignore(key))
            return None
        if isinstance(event, IncomingMessage):
            self._counts.reply_seconds.add(time.perf_counter() - started)
        if not await self._may_send(key, event):
            self._end(key)
            return None
        return replace(reply, id=metadata_id(event))

    async def begun(self, event: Event, platform_id: str) -> None:
        """Keep the platform's id of a post in which the reply is growing."""
        await self._quietly(self._inbox.begun(key_of(event), platform_id))

    async def sent(self, event: Event, platform_id: str = "") -> None:
        """Note that the reply is out, under the platform's id of it."""
        await self._sent(key_of(event), platform_id)

    async def unsent(self, event: Event) -> None:
        """Note that the reply did not get out: the sweeper takes the event up again."""
        await self._let_go(key_of(event))

    async def handle(self, event: Event) -> Reply | None:
        """Accept and answer in one step; the reply counts as sent when it is handed over."""
        if not self._router.concerns(event):
            return None
        try:
            accepted = await self.accept(event)
        except Exception:  # noqa: BLE001 - there is no redelivery here: whoever asked is told now
            reference = secrets.token_hex(4)
            self._log.exception("event_not_accepted", reference=reference, platform=event.address.platform)
            return self._router.apology(event, reference)
        if not accepted:
            return None
        reply = await self.answer(event)
        if reply is not None:
            await self.sent(event)
        return reply

    async def drain(self, seconds: float) -> bool:
        """Take nothing more and wait for the replies in flight; False when some are not out in time."""
        self._closing = True
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            self._log.warning("replies_left_for_the_next_start", number=len(self._open))
            await self._quietly(self._inbox.release(list(self._open)))
            return False
        return True

    async def run(self, connectors: Mapping[str, ChatConnector]) -> None:
        """Keep our leases, and answer what nobody finished, at once and every ten seconds, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._for_ever(self.tend))
            group.create_task(self._for_ever(lambda: self.sweep(connectors)))
            for known in self._refreshed:
                group.create_task(self._for_ever(known.refresh))

    async def tend(self) -> None:
        """Record what could not be recorded, renew the leases of what is open here, forget what is old."""
        for key, platform_id in list(self._unrecorded.items()):
            await self._inbox.done(key, platform_id)
            self._unrecorded.pop(key, None)
        await self._inbox.renew(list(self._open))
        now = self._clock()
        if now >= self._prune_at:
            await self._inbox.prune(now - KEPT)
            self._prune_at = now + PRUNE_EVERY

    async def sweep(self, connectors: Mapping[str, ChatConnector]) -> int:
        """Answer what somebody took up and did not finish; give how many there were."""
        if self._closing:
            return 0
        taken = [
            found for found in await self._inbox.take_expired(list(connectors)) if self._is_free(found.key)
        ]
        await asyncio.gather(*(self._take_up(found, connectors[found.key.platform]) for found in taken))
        return len(taken)

    async def _for_ever(self, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await work()
            except Exception:  # noqa: BLE001 - a database away for a minute must not end this
                self._log.warning("inbox_unreachable", exc_info=True)
            await asyncio.sleep(SWEEP_SECONDS)

    def _is_free(self, key: EventKey) -> bool:
        return key not in self._open and key not in self._unrecorded

    async def _take_up(self, pending: Pending, connector: ChatConnector) -> None:
        try:
            if await self._is_posted(pending, connector):
                return
            event = pending.event
            if isinstance(connector, AnswersEvents):
                event = await connector.look_up(event)
            reply = await self.answer(event)
            if reply is None:
                return
            async with asyncio.timeout(SEND_SECONDS):
                platform_id = await _show(connector, event, reply, pending.begun)
            await self._sent(pending.key, platform_id)
        except Exception:  # noqa: BLE001 - its lease runs out and it is taken up again, a bounded number of times
            self._log.warning("event_not_answered", attempts=pending.attempts, exc_info=True)
            self._end(pending.key)

    async def _is_posted(self, pending: Pending, connector: ChatConnector) -> bool:
        if not isinstance(connector, FindsPosts):
            return False
        looked_for = pending.metadata_id or metadata_id(pending.event)
        async with asyncio.timeout(SEND_SECONDS):
            platform_id = await connector.find_post(pending.event.address, looked_for)
        if platform_id is None:
            return False
        await self._sent(pending.key, platform_id)
        return True

    async def _may_send(self, key: EventKey, event: Event) -> bool:
        def unnoted(error: BaseException) -> None:
            self._log.warning("inbox_unreachable", exc_info=error)

        try:
            return await self._inbox.sending(key, metadata_id(event), unnoted)
        except Exception:  # noqa: BLE001 - the database went away meanwhile; whoever asked still gets the reply
            self._log.warning("inbox_unreachable", exc_info=True)
            return True

    async def _sent(self, key: EventKey, platform_id: str = "") -> None:
        self._unrecorded[key] = platform_id
        await self._finish(key, self._inbox.done(key, platform_id))

    async def _finish(self, key: EventKey, note: Coroutine[Any, Any, None]) -> None:
        try:
            if await self._quietly(note):
                self._unrecorded.pop(key, None)
        finally:
            self._end(key)

    async def _let_go(self, key: EventKey) -> None:
        self._end(key)
        await self._quietly(self._inbox.release([key]))

    def _begin(self, key: EventKey) -> None:
        self._open.add(key)
        self._idle.clear()

    def _end(self, key: EventKey) -> None:
        self._open.discard(key)
        if not self._open:
            self._idle.set()


async def _show(connector: ChatConnector, event: Event, reply: Reply, begun: str) -> str:
    if isinstance(connector, AnswersEvents):
        return await connector.reply(event, reply, begun)
    await connector.send(event.address, reply)
    return ""
