"""Turns: how many questions are answered at the same time, and whose is next when more are asked."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable

    from config.desk import LimitSettings
    from connectors.base import Live

SAYS_SO_AFTER = 3.0
"""Seconds that somebody waits before being told that others come first."""
IN_LINE = "Many people are asking just now; your question is in line."


class Busy(Exception):  # noqa: N818 - what the bot is, and says
    """There is no turn in time."""


class Turns:
    """Lets `at_once` in and queues the others; the channels take turns, each with its oldest question.

    So a busy channel makes its own people wait, and nobody else. Who has waited for `patience` seconds, or finds
    `waiting` others in line, meets Busy: an honest word now is better than an answer nobody waits for any more.
    Nothing is lost by that: what waits here stands in the inbox until its one reply is out.
    """

    def __init__(self, settings: LimitSettings, says_so_after: float = SAYS_SO_AFTER) -> None:
        self.at_once = self._free = settings.at_once
        self._most_waiting = settings.waiting
        self._patience = settings.patience_seconds
        self._says_so_after = says_so_after
        self._waiting = 0
        self._lines: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._log = structlog.get_logger()

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        return self._waiting

    @property
    def under_way(self) -> int:
        """How many are having their turn."""
        return self.at_once - self._free

    @asynccontextmanager
    async def take(self, channel: Hashable, live: Live | None = None) -> AsyncIterator[None]:
        """Have a turn within the block. `live` is told when it takes long. Raises Busy."""
        if self._free and not self._lines:
            self._free -= 1
        else:
            await self._wait(channel, live)
        try:
            yield
        finally:
            self._next()

    async def _wait(self, channel: Hashable, live: Live | None) -> None:
        if self.waiting >= self._most_waiting:
            raise Busy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._lines.setdefault(channel, deque())
        line.append(turn)
        self._waiting += 1
        said = None if live is None else asyncio.create_task(self._say_so(live))
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except BaseException as error:
            self._leave(channel, turn)
            if isinstance(error, TimeoutError):
                raise Busy from None
            raise
        finally:
            if said is not None:
                said.cancel()
                await asyncio.gather(said, return_exceptions=True)

    def _leave(self, channel: Hashable, turn: asyncio.Future[None]) -> None:
        """Step out of the line, or hand on the turn that came at this very moment."""
        if turn.done() and not turn.cancelled():
            self._next()
            return
        line = self._lines.get(channel)
        if line is not None and turn in line:
            line.remove(turn)
            self._waiting -= 1
            if not line:
                del self._lines[channel]

    def _next(self) -> None:
        """Give the turn to the channel that waits longest for one; its further questions stand behind the others."""
        while self._lines:
            channel, line = self._lines.popitem(last=False)
            turn = line.popleft()
            self._waiting -= 1
            if line:
                self._lines[channel] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def _say_so(self, live: Live) -> None:
        await asyncio.sleep(self._says_so_after)
        await live.progress(IN_LINE)
