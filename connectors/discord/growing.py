"""A reply that is shown while it is made: by edits, at most one a second."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol, Self

import discord
import structlog

from connectors.discord.format import growing
from connectors.discord.places import FAILURES, message_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.base import IncomingMessage
    from connectors.discord.interactions import Waiting
    from connectors.discord.posting import Poster

SECONDS = 1.0
NOBODY = discord.AllowedMentions.none()


class Surface(Protocol):
    """Where a reply grows. Both methods raise what discord.py raises."""

    async def open(self, text: str) -> str:
        """Show the first of it; gives the id of the message when a later process can find it, else nothing."""
        ...

    async def change(self, text: str) -> None:
        """Show this in its place."""
        ...


class Growing:
    """Implements `connectors.base.Live`; as a context manager it ends what is still to be shown.

    Whoever makes the answer never waits for Discord: what is said meanwhile is shown by the next edit. After a
    failure nothing more is shown, since the whole reply follows. `with_progress` is off where others read.
    """

    def __init__(
        self, surface: Surface, begun: Callable[[str], Awaitable[None]], *, with_progress: bool = True
    ) -> None:
        self.message_id = ""
        self._surface = surface
        self._begun = begun
        self._with_progress = with_progress
        self._said = ""
        self._wanted = self._shown = ""
        self._next = 0.0
        self._is_open = False
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger()

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it, whatever happened."""
        await self.end()

    async def say(self, text: str) -> None:
        """Show a further piece of the answer."""
        self._said += text
        self._show(self._said)

    async def progress(self, text: str) -> None:
        """Tell how far the work is; the answer itself is more telling."""
        if self._with_progress and not self._said:
            self._show(text)

    async def end(self) -> None:
        """Show nothing more, and let what is on its way arrive: the reply takes its place."""
        self._ended.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _show(self, text: str) -> None:
        self._wanted = text
        if not self._ended.is_set() and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._keep_showing())

    async def _keep_showing(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._wanted != self._shown:
                pause = self._next - loop.time()
                if pause > 0:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._ended.wait()
                if self._ended.is_set():
                    return
                self._shown = self._wanted
                await self._put(self._shown)
                self._next = loop.time() + SECONDS
        except FAILURES as error:
            self._ended.set()
            self._log.info("reply_not_shown_while_made", reason=str(error))

    async def _put(self, text: str) -> None:
        if self._is_open:
            await self._surface.change(text)
            return
        self.message_id = await self._surface.open(text)
        self._is_open = True
        if self.message_id:
            await self._begun(self.message_id)


class MessageSurface:
    """Lets the reply to a message grow as a post."""

    def __init__(self, poster: Poster, event: IncomingMessage) -> None:
        self._poster = poster
        self._event = event
        self._message: discord.PartialMessage | None = None

    async def open(self, text: str) -> str:
        """Post the first of it."""
        place, message_id = await self._poster.begin(self._event, text)
        self._message = message_in(place, message_id)
        return message_id

    async def change(self, text: str) -> None:
        """Show this in its place."""
        if self._message is not None:
            await self._message.edit(content=growing(text), allowed_mentions=NOBODY)


class InteractionSurface:
    """Lets a reply grow under its interaction."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting

    async def open(self, text: str) -> str:
        """Show the first of it."""
        waiting = self._waiting
        if waiting.updates:
            waiting.grown = await waiting.interaction.followup.send(
                growing(text), ephemeral=True, wait=True, allowed_mentions=NOBODY
            )
            return ""
        message = await waiting.interaction.edit_original_response(
            content=growing(text), allowed_mentions=NOBODY
        )
        return "" if waiting.private else str(message.id)

    async def change(self, text: str) -> None:
        """Show this in its place."""
        if self._waiting.grown is not None:
            await self._waiting.grown.edit(content=growing(text), allowed_mentions=NOBODY)
        else:
            await self._waiting.interaction.edit_original_response(
                content=growing(text), allowed_mentions=NOBODY
            )
