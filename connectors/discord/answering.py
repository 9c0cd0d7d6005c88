"""One event: committed, answered and shown, once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import structlog

from connectors.base import IncomingMessage
from connectors.discord.growing import Growing, InteractionSurface, MessageSurface
from connectors.discord.incoming import Incoming, original_of
from connectors.discord.places import FAILURES
from connectors.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from datetime import datetime

    import discord

    from connectors.base import DurableHandler, Event, Reply
    from connectors.discord.interactions import Interactions, Waiting
    from connectors.discord.posting import Poster
    from connectors.discord.tags import Tags

ACCEPT_PAUSES = (0.5, 2.0, 8.0)
"""Discord does not deliver a message again, so a database that is away for a moment is waited for."""
ACCEPT_SECONDS = 0.5
"""An interaction is deferred after that, committed or not."""
OTHERS_SECONDS = 1.0
"""An interaction that another process took is acknowledged by it within that time."""
TYPING_AFTER = 0.4
TYPING_EVERY = 8.0
REFUSED = "I do not answer here."


class Answering:
    """Takes events to the handler, and its replies to Discord."""

    def __init__(
        self,
        handler: DurableHandler,
        look_up: Callable[[Event], Awaitable[Event]],
        poster: Poster,
        interactions: Interactions,
        tags: Tags,
    ) -> None:
        self._handler = handler
        self._look_up = look_up
        self._poster = poster
        self._interactions = interactions
        self._tags = tags
        self._work: set[asyncio.Task[Any]] = set()
        self._in_work: dict[str, asyncio.Event] = {}
        self._log = structlog.get_logger()

    async def message(self, event: IncomingMessage) -> None:
        """Answer a message, if it is one for us."""
        with self._working(event.message_id):
            if await self._accepted(event):
                await self._answer(event)

    async def edited(self, event: IncomingMessage, incoming: Incoming, edited_at: datetime) -> None:
        """Answer an edited message: anew when it was answered, after that if it is being answered."""
        working = self._in_work.get(original_of(event.message_id))
        if working is not None:
            await working.wait()
        if self._poster.posted(event):
            event = incoming.edited(event, edited_at)
        await self.message(event)

    async def interaction(
        self,
        interaction: discord.Interaction[Any],
        event: Event,
        *,
        private: bool,
        waiting: Waiting | None = None,
    ) -> None:
        """Answer what came by an interaction; `waiting` when it is deferred already.

        It is committed first, if that is quick: of two processes that hear of it, the one that took it shall
        defer it, and it must be known whether it is for us at all.
        """
        with self._working(str(interaction.id)):
            accepting = asyncio.ensure_future(self._handler.accept(event))
            try:
                if waiting is None:
                    await asyncio.wait({accepting}, timeout=ACCEPT_SECONDS)
                    if accepting.done() and accepting.exception() is None and not accepting.result():
                        await asyncio.sleep(OTHERS_SECONDS)
                        await self._interactions.tell(interaction, REFUSED)
                        return
                    waiting = await self._interactions.defer(interaction, private=private)
                await self._deferred(event, waiting, accepting)
            finally:
                accepting.cancel()

    async def show(self, event: Event, reply: Reply, begun: str = "") -> str:
        """Show the reply where the event asks for it; gives its id. Raises DeliveryError."""
        return await self._interactions.reply(event, reply, begun)

    async def close(self) -> None:
        """End what is still worked on."""
        work = [task for task in self._work if task is not asyncio.current_task()]
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    @contextlib.contextmanager
    def _working(self, identity: str) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._work.add(task)
        done = self._in_work.setdefault(identity, asyncio.Event())
        try:
            yield
        finally:
            self._work.discard(task)
            self._in_work.pop(identity, None)
            done.set()

    async def _accepted(self, event: IncomingMessage) -> bool:
        for pause in (*ACCEPT_PAUSES, None):
            try:
                return await self._handler.accept(event)
            except Exception:  # noqa: BLE001 - whatever the database raises
                if pause is None:
                    self._log.exception("message_not_accepted", message_id=event.message_id)
                else:
                    await asyncio.sleep(pause)
        await self._apologise(event)
        return False

    async def _deferred(self, event: Event, waiting: Waiting, accepting: asyncio.Future[bool]) -> None:
        with self._interactions.open(event, waiting):
            try:
                accepted = await accepting
            except Exception:  # noqa: BLE001 - whatever the database raises
                self._log.exception("interaction_not_accepted", interaction=waiting.interaction.id)
                await self._apologise(event)
                return
            if accepted:
                await self._answer(event, waiting)
            else:
                await self._interactions.tell_if_nobody_did(waiting, REFUSED)

    async def _apologise(self, event: Event) -> None:
        """Discord delivers nothing again: whoever waits is told now."""
        reply = await self._handler.handle(event)
        if reply is not None:
            with contextlib.suppress(DeliveryError):
                await self.show(event, reply)

    async def _answer(self, event: Event, waiting: Waiting | None = None) -> None:
        try:
            known = await self._look_up(event)
            live = self._growing(known, waiting)
            async with live or contextlib.nullcontext(), self._typing(known, waiting):
                reply = await self._handler.answer(known, live)
            if reply is not None:
                platform_id = await self.show(known, reply, live.message_id if live is not None else "")
        except (DeliveryError, *FAILURES) as error:
            self._log.warning("reply_not_sent", channel=event.address.channel, reason=str(error))
        except Exception:  # noqa: BLE001 - whatever it is, the question is not to stay open until the next start
            self._log.exception("reply_not_sent", channel=event.address.channel)
        else:
            if reply is not None:
                await self._handler.sent(event, platform_id)
            await self._tags.mark(known, reply)
            return
        await self._handler.unsent(event)

    def _growing(self, event: Event, waiting: Waiting | None) -> Growing | None:
        """Give what shows the reply while it is made, where there is something to show it in."""

        async def begun(message_id: str) -> None:
            await self._handler.begun(event, message_id)

        if waiting is not None:
            return Growing(InteractionSurface(waiting), begun) if waiting.deferred else None
        if not isinstance(event, IncomingMessage) or self._poster.posted(event):
            return None  # of an edited message the reply stays until the new one is whole
        return Growing(MessageSurface(self._poster, event), begun, with_progress=event.direct)

    @contextlib.asynccontextmanager
    async def _typing(self, event: Event, waiting: Waiting | None) -> AsyncIterator[None]:
        """Show that the bot writes to whoever spoke to it by a message, if it takes a moment."""
        if waiting is not None or not isinstance(event, IncomingMessage) or not event.addressed:
            yield
            return
        task = asyncio.create_task(self._keep_typing(event))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _keep_typing(self, event: IncomingMessage) -> None:
        await asyncio.sleep(TYPING_AFTER)
        while True:
            await self._poster.type_in(event)
            await asyncio.sleep(TYPING_EVERY)
