"""Lets questions that come at the same time share one run of the model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from knowledge.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import numpy as np
    from numpy.typing import NDArray

MOST_TEXTS = 16
_SIZES = (1, 2, 4, 8, 16)


class QuestionQueue:
    """Whoever comes while a run is under way goes together into the next: no added wait for a lone caller."""

    def __init__(
        self, run: Callable[[list[str]], Awaitable[NDArray[np.float32]]], most: int = MOST_TEXTS
    ) -> None:
        """`run` embeds texts; it gets `most` at a time unless one caller brings more."""
        self._run = run
        self._most = most
        self.sizes = Histogram(_SIZES)
        self._waiting: list[tuple[list[str], asyncio.Future[NDArray[np.float32]]]] = []
        self._running: asyncio.Task[None] | None = None

    async def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """Give the vectors of `texts`; raises what `run` raised."""
        future: asyncio.Future[NDArray[np.float32]] = asyncio.get_running_loop().create_future()
        self._waiting.append((texts, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._work(), name="embed-questions")
        return await future

    async def close(self) -> None:
        """Cancel who waits."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()

    async def _work(self) -> None:
        while self._waiting:
            callers = self._take()
            together = [text for texts, _ in callers for text in texts]
            self.sizes.add(len(together))
            try:
                vectors = await self._run(together)
            except Exception as error:  # noqa: BLE001 - it is raised where the vectors are awaited
                for _, future in callers:
                    if not future.done():
                        future.set_exception(error)
                continue
            except asyncio.CancelledError:
                for _, future in callers:
                    future.cancel()
                raise
            start = 0
            for texts, future in callers:
                if not future.done():
                    future.set_result(vectors[start : start + len(texts)])
                start += len(texts)

    def _take(self) -> list[tuple[list[str], asyncio.Future[NDArray[np.float32]]]]:
        """Take the callers that fill a run; one at least, and none in part."""
        callers = [self._waiting.pop(0)]
        size = len(callers[0][0])
        while self._waiting and size + len(self._waiting[0][0]) <= self._most:
            callers.append(self._waiting.pop(0))
            size += len(callers[-1][0])
        return callers
