"""Flights: an answer that is being made, and all in this process who wait for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from knowledge.models import Answer, Evidence, OnText

    Work = Callable[["Flight"], Awaitable[Answer]]
    """Makes the answer; gives its evidence to `Flight.found` and its pieces to `Flight.say` as they come."""


class LeftWaitingError(Exception):
    """Nothing was said for so long, or nobody is left who says it: whoever waits had better go on alone."""


class Flight:
    """One answer in the making. Ends with its last listener: nobody pays for what nobody hears."""

    def __init__(self, work: Work, on_end: Callable[[Flight], None]) -> None:
        self.said: list[str] = []
        self.evidence: Evidence | None = None
        self._started = asyncio.get_running_loop().time()
        self._on_end = on_end
        self._listeners = 0
        self._given_up = False
        self._news = asyncio.Event()
        self._found = asyncio.Event()
        self._task = asyncio.ensure_future(work(self))
        self._task.add_done_callback(self._ended)

    def found(self, evidence: Evidence) -> None:
        """Tell which evidence the answer is made of."""
        self.evidence = evidence
        self._found.set()

    async def say(self, text: str) -> None:
        """Pass a piece of the answer on to all who listen, also to those who come later."""
        self.said.append(text)
        self._tell()

    async def searched(self) -> Evidence | None:
        """Give the evidence as soon as it is known; None for a flight that ended without any."""
        await self._found.wait()
        return self.evidence

    def is_silent_for(self, seconds: float) -> bool:
        """Whether it began so long ago and nothing was said yet."""
        return not self.said and asyncio.get_running_loop().time() - self._started > seconds

    async def follow(self, on_text: OnText | None, seconds: float | None = None) -> Answer:
        """Give the answer; `on_text` gets its pieces, what was said before this came in one.

        Raises what the work raised, and LeftWaitingError when after `seconds` nothing was said yet, or when all left
        before: a cancellation is not for those who come then.
        """
        if self._given_up:
            raise LeftWaitingError
        self._listeners += 1
        heard = 0
        try:
            while not self._task.done():
                news = self._news
                if heard < len(self.said):
                    heard = await self._hand_on(on_text, heard)
                    continue
                try:
                    async with asyncio.timeout(None if self.said else seconds):
                        await news.wait()
                except TimeoutError:
                    raise LeftWaitingError from None
            await self._hand_on(on_text, heard)
            if self._task.cancelled():
                raise LeftWaitingError
            return self._task.result()
        finally:
            self._listeners -= 1
            if not self._listeners and not self._task.done():
                await self._give_up()

    async def _give_up(self) -> None:
        """End the work; nobody finds it from now on, however long it takes to end."""
        self._given_up = True
        self._on_end(self)
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _hand_on(self, on_text: OnText | None, heard: int) -> int:
        """Give the pieces since `heard`, and how many there were by then."""
        count = len(self.said)
        if on_text is not None and count > heard:
            await on_text("".join(self.said[heard:count]))
        return count

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _ended(self, task: asyncio.Future[Answer]) -> None:
        if not task.cancelled():
            task.exception()  # every listener raises it; a flight without one must not warn of it
        self._found.set()
        self._tell()
        self._on_end(self)


class Flights:
    """The flights under way, by what they are of."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, Flight] = {}

    def get(self, name: Hashable) -> Flight | None:
        """Give the flight of that name."""
        return self._flights.get(name)

    def begin(self, name: Hashable, work: Work) -> Flight:
        """Start one; who comes from now on finds it in place of an older one of that name."""

        def ended(flight: Flight) -> None:
            if self._flights.get(name) is flight:
                del self._flights[name]

        flight = self._flights[name] = Flight(work, ended)
        return flight
