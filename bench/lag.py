"""How late the event loop is while a part of the bench runs."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self


class Lag:
    """How late the loop was at its worst, in milliseconds: a timer due every 5 ms that notes by how much it missed."""

    def __init__(self) -> None:
        self.late: list[float] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._probe())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 0.005
            await asyncio.sleep(0.005)
            self.late.append(max(0.0, loop.time() - due) * 1000)

    @property
    def worst(self) -> float:
        """The worst, in milliseconds."""
        return max(self.late, default=0.0)
