"""Questions that come at the same time share a run of the model."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from knowledge.embedding.question_queue import QuestionQueue


class Runs:
    """A model that gives each text its length, one run at a time, each when it is let."""

    def __init__(self) -> None:
        self.seen: list[list[str]] = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, texts: list[str]) -> np.ndarray:
        """Embed."""
        self.seen.append(texts)
        self.begun.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return np.array([[float(len(text))] for text in texts], dtype=np.float32)


async def _hold_first_run(runs: Runs, queue: QuestionQueue) -> asyncio.Task[np.ndarray]:
    first = asyncio.create_task(queue.embed(["a"]))
    await runs.begun.wait()
    return first


async def test_who_comes_during_a_run_shares_the_next() -> None:
    """Three callers behind a running one need one run more, and each gets its own vectors."""
    runs = Runs()
    queue = QuestionQueue(runs)
    first = await _hold_first_run(runs, queue)
    others = [asyncio.create_task(queue.embed(["b" * size, "c"])) for size in (2, 3, 4)]
    while len(queue._waiting) < 3:
        await asyncio.sleep(0)
    runs.go.set()
    assert (await first).tolist() == [[1.0]]
    assert [vectors.tolist() for vectors in await asyncio.gather(*others)] == [
        [[2.0], [1.0]],
        [[3.0], [1.0]],
        [[4.0], [1.0]],
    ]
    assert [len(texts) for texts in runs.seen] == [1, 6]


async def test_a_run_takes_no_more_than_its_fill() -> None:
    """Callers are not split, and those beyond the fill wait for the run after."""
    runs = Runs()
    queue = QuestionQueue(runs, most=4)
    first = await _hold_first_run(runs, queue)
    others = [asyncio.create_task(queue.embed(["x"] * size)) for size in (3, 2, 9)]
    while len(queue._waiting) < 3:
        await asyncio.sleep(0)
    runs.go.set()
    await asyncio.gather(first, *others)
    assert [len(texts) for texts in runs.seen] == [1, 3, 2, 9]


async def test_an_error_reaches_all_of_the_run_and_none_after() -> None:
    """A failed run fails its callers; the next question is embedded."""
    runs = Runs()
    queue = QuestionQueue(runs)
    runs.go.set()
    runs.error = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        await queue.embed(["a"])
    runs.error = None
    assert (await queue.embed(["abc"])).tolist() == [[3.0]]


async def test_a_caller_that_gives_up_disturbs_nobody() -> None:
    """A cancelled caller's neighbours get their vectors."""
    runs = Runs()
    queue = QuestionQueue(runs)
    first = await _hold_first_run(runs, queue)
    quitter, stayer = (asyncio.create_task(queue.embed([text])) for text in ("quit", "stay!"))
    while len(queue._waiting) < 2:
        await asyncio.sleep(0)
    quitter.cancel()
    runs.go.set()
    assert (await stayer).tolist() == [[5.0]]
    assert (await first).tolist() == [[1.0]]


async def test_closing_cancels_who_waits() -> None:
    """Nobody waits for ever on a closed queue."""
    runs = Runs()
    queue = QuestionQueue(runs)
    first = await _hold_first_run(runs, queue)
    second = asyncio.create_task(queue.embed(["b"]))
    while not queue._waiting:
        await asyncio.sleep(0)
    await queue.close()
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
