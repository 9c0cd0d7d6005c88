"""Commits what Slack delivers, before its ack: each event once, in whatever order and however often it comes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.base import IncomingMessage
from connectors.slack.events import original_of
from connectors.slack.showing import key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.base import DurableHandler, Event
    from connectors.slack.events import Identity
    from connectors.slack.recent import Key
    from connectors.slack.threads import Threads

GIVE_WAY_SECONDS = 1.0


class Accepting:
    """Accepts events; `now` gives monotonic seconds."""

    def __init__(self, threads: Threads, now: Callable[[], float]) -> None:
        self._threads = threads
        self._now = now
        self._accepting: dict[Key, asyncio.Future[bool]] = {}

    async def take(self, event: Event, parent: str, me: Identity, handler: DurableHandler) -> Event | None:
        """Commit an event and give it; None when it is known already, or not for us. Raises what the handler raises.

        `parent` wrote the message that its thread hangs on. An edit that comes before its question stands for it.
        """
        original = original_of(event.message_id) if isinstance(event, IncomingMessage) else None
        if isinstance(event, IncomingMessage) and original is not None:
            question = replace(event, message_id=original)
            if await self._accept(question, handler):
                return question
        if isinstance(event, IncomingMessage) and event.continues:
            if not self._threads.may_go_on(event, parent, me):
                return None
            return event if await self._accept(replace(event, addressed=True), handler) else None
        return event if await self._accept(event, handler) else None

    async def let_acks_pass(self) -> None:
        """Give way to events that wait for their ack, for a moment: Slack waits three seconds, a person longer."""
        until = self._now() + GIVE_WAY_SECONDS
        while self._accepting and self._now() < until:
            await asyncio.wait(list(self._accepting.values()), timeout=GIVE_WAY_SECONDS)

    async def _accept(self, event: Event, handler: DurableHandler) -> bool:
        """Commit an event; a twin that comes meanwhile shares the first one's fate, so that no ack is a lie."""
        key = key_of(event)
        first = self._accepting.get(key)
        if first is not None:
            await asyncio.shield(first)
            return False
        accepting = asyncio.ensure_future(handler.accept(event))
        self._accepting[key] = accepting
        accepting.add_done_callback(lambda _: self._accepting.pop(key, None))
        return await asyncio.shield(accepting)
