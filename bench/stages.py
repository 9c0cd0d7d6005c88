"""Where the CPU time of an exact hit goes: the steps of one message after the other, in this process, all threads."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.app import App


class Stages:
    """Counts what is spent while a step is waited for; with one asker that is the step's own work."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._calls: Counter[str] = Counter()

    async def watch(self, app: App) -> None:
        """Count the steps of this bot from now on."""
        delivery, cache, answers = await app.delivery(), await app.answer_cache(), await app.cached_answers()
        # No object tells of its steps, and none should for a benchmark's sake: their methods are wrapped.
        router, inbox, checks = delivery._router, delivery._inbox, answers._checks  # noqa: SLF001 - as said
        self._wrap(delivery, "accept", "accept")
        self._wrap(delivery, "answer", "answer")
        self._wrap(delivery, "sent", "commit of done")
        self._wrap(router._limits, "take", "limits")  # noqa: SLF001 - as said
        self._wrap(cache, "lookup", "lookup")
        self._wrap(checks, "is_current", "checks")
        self._wrap(inbox, "sending", "note of the reply")

    def start(self) -> None:
        """Forget what was counted."""
        self._spent.clear()
        self._calls.clear()

    def told(self) -> str:
        """Give milliseconds a message by step; what remains of the answer is the way through the bot and its words."""
        number = max(self._calls["answer"], 1)
        inner = ("limits", "lookup", "checks", "note of the reply")
        rest = self._spent["answer"] - sum(self._spent[step] for step in inner)
        steps = {step: self._spent[step] for step in ("accept", *inner)}
        steps |= {"the rest of the reply": rest, "commit of done": self._spent["commit of done"]}
        return ", ".join(f"{step} {spent / number * 1000:.2f}" for step, spent in steps.items())

    def _wrap(self, owner: Any, name: str, step: str) -> None:
        work: Callable[..., Awaitable[object]] = getattr(owner, name)

        async def counted(*args: Any, **named: Any) -> object:
            started = time.process_time()
            try:
                return await work(*args, **named)
            finally:
                self._spent[step] += time.process_time() - started
                self._calls[step] += 1

        setattr(owner, name, counted)
