"""One asking of a question: the key that its answer is kept under, what it took, and the answer as it is given."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from knowledge.answering.answer import new_answer_id
from knowledge.cache_entry import as_asked
from knowledge.models import CacheStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable
    from contextlib import AbstractAsyncContextManager

    from config.persona import Persona
    from knowledge.models import Answer, Question

_Result = TypeVar("_Result")


class Timings:
    """Milliseconds by step."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._spent: dict[str, float] = {}

    async def time(self, step: str, work: Awaitable[_Result]) -> _Result:
        """Wait for `work`, and count what it took to a step."""
        start = time.perf_counter()
        try:
            return await work
        finally:
            self._add(step, start)

    @asynccontextmanager
    async def entered(self, step: str, turn: AbstractAsyncContextManager[object]) -> AsyncIterator[None]:
        """Enter `turn` and leave it at the end; entering is what is timed."""
        start = time.perf_counter()
        async with turn:
            self._add(step, start)
            yield

    def _add(self, step: str, start: float) -> None:
        self._spent[step] = self._spent.get(step, 0.0) + (time.perf_counter() - start) * 1000

    def all(self) -> dict[str, float]:
        """Give them, with the `total` until now."""
        return {**self._spent, "total": (time.perf_counter() - self._start) * 1000}


@dataclass(frozen=True, slots=True)
class Asked:
    """One asking: a question with its cache key, of which `desk_digest` is the part that may change meanwhile."""

    question: Question
    persona: Persona
    key: str
    desk_digest: str
    clock: Timings

    @property
    def flight(self) -> tuple[str, str]:
        """What an answer must be of to be shared while it is made."""
        return self.key, as_asked(self.question.text)

    def stamp(self, answer: Answer, status: CacheStatus) -> Answer:
        """Give the answer with how it came about; by `cache_key` its entry can be found and forgotten."""
        return replace(answer, **self._stamped(answer, status))

    def again(self, answer: Answer, status: CacheStatus, confidence: float | None = None) -> Answer:
        """Give a kept answer, stamped, as one more answer: it is rated and explained on its own."""
        stamped = self._stamped(answer, status)
        stamped["trace"] = {**stamped["trace"], "first_answer": answer.trace.get("first_answer", answer.id)}
        certain = answer.confidence if confidence is None else confidence
        return replace(answer, id=new_answer_id(), confidence=certain, **stamped)

    def _stamped(self, answer: Answer, status: CacheStatus) -> dict[str, Any]:
        key = {} if status is CacheStatus.OFF else {"cache_key": self.key}
        # An answer to another's question names the entry that it was kept in.
        trace = {**key, **answer.trace} if "paraphrase" in answer.trace else {**answer.trace, **key}
        return {"cache": status, "timings_ms": {**answer.timings_ms, **self.clock.all()}, "trace": trace}
