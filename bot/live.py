"""What is shown of a reply while it is made."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.base import Live

PROGRESS_SECONDS = 1.0
"""Platforms let a message be changed about once a second."""


class Announced:
    """Passes on to `live` what `may_show` allows: it is asked once, before the first thing is shown."""

    def __init__(self, live: Live, may_show: Callable[[], Awaitable[bool]]) -> None:
        self._live = live
        self._may_show = may_show
        self._allowed: asyncio.Task[bool] | None = None

    async def say(self, text: str) -> None:
        """Show a further piece of the answer."""
        if await self._is_allowed():
            await self._live.say(text)

    async def progress(self, text: str) -> None:
        """Tell how far the work is."""
        if await self._is_allowed():
            await self._live.progress(text)

    async def _is_allowed(self) -> bool:
        if self._allowed is None:
            self._allowed = asyncio.ensure_future(self._may_show())
        return await asyncio.shield(self._allowed)


class Throttled:
    """Tells `live` how far a work is, at most once a second; the callers need not wait for it.

    The latest word is told when its time has come; what came between is left out. Use it as a context manager:
    leaving it ends what is still to be told, since the reply follows.
    """

    def __init__(self, live: Live | None, now: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._now = now
        self._next = 0.0
        self._waiting = ""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what is still being told."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def tell(self, text: str) -> None:
        """Say how far it is."""
        if self._live is None:
            return
        self._waiting = text
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        assert self._live is not None
        while self._waiting:
            await asyncio.sleep(max(0.0, self._next - self._now()))
            text, self._waiting = self._waiting, ""
            self._next = self._now() + PROGRESS_SECONDS
            await self._live.progress(text)
