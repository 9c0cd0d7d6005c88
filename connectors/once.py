"""One event, one work, one reply: for a platform whose people may send the same thing again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

import structlog

from connectors.base import Assists, Command
from connectors.errors import BusyError, RepeatedError

if TYPE_CHECKING:
    from connectors.base import DurableHandler, Event, Live, Reply
    from connectors.forms import Form

    Outcome = Reply | Form | None
    Key = tuple[str, str]

KEPT_REPLIES = 10_000
MOST_AT_ONCE = 500
"""Events that are worked on at once; what comes beyond is to be sent again."""
NOT_READY = "the bot could not take this; send it again under the same id"
TOO_BUSY = "the bot is busy; send it again under the same id in a moment"
ANSWERED = "this was answered before; ask again under another id"


class Once:
    """Takes events through a handler, each once in its channel. Close it to end what is still worked on."""

    def __init__(self, handler: DurableHandler) -> None:
        self._handler = handler
        self._working: dict[Key, asyncio.Task[Outcome]] = {}
        self._replies: OrderedDict[Key, Reply] = OrderedDict()
        self._log = structlog.get_logger()

    async def answer(self, event: Event, live: Live | None = None) -> Outcome:
        """Give the reply, a form that is to be filled in first, or None for silence; the same to who asks again.

        Raises NotTakenError, whose message says what to do, when nothing was done. A caller that is cancelled
        ends no work.
        """
        key = key_of(event)
        if key in self._replies:
            return self._replies[key]
        if key not in self._working:
            if len(self._working) >= MOST_AT_ONCE:
                raise BusyError(TOO_BUSY)
            task = self._working[key] = asyncio.create_task(self._make(event, live))
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(self._working[key])

    def keep(self, event: Event, reply: Reply) -> None:
        """Keep a reply for who asks again."""
        self._replies[key_of(event)] = reply
        if len(self._replies) > KEPT_REPLIES:
            self._replies.popitem(last=False)

    async def close(self) -> None:
        """End what is still worked on."""
        working = list(self._working.values())
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    def _done(self, key: Key, task: asyncio.Task[Outcome]) -> None:
        self._working.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever asked may have left

    async def _make(self, event: Event, live: Live | None) -> Outcome:
        handler = self._handler
        try:
            if isinstance(event, Command) and not event.fields and isinstance(handler, Assists):
                form = await handler.form(event)
                if form is not None:
                    return form
            accepted = await handler.accept(event)
        except Exception as error:
            self._log.exception("event_not_accepted")
            raise BusyError(NOT_READY) from error
        if not accepted:
            raise RepeatedError(ANSWERED)
        try:
            reply = await handler.answer(event, live)
            if reply is not None:
                self.keep(event, reply)
                await handler.sent(event, id_of(event))
        except Exception as error:
            self._log.exception("reply_failed")
            await handler.unsent(event)
            raise BusyError(NOT_READY) from error
        return reply


def id_of(event: Event) -> str:
    """Give the platform's own id of the event."""
    return event.command_id if isinstance(event, Command) else event.message_id


def key_of(event: Event) -> Key:
    """Give what tells the event from every other of its platform."""
    return event.address.channel, id_of(event)
