"""Single statements of simultaneous callers, committed together: a commit costs the same for one and for a hundred."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Over = Callable[[Sequence[int], BaseException | None], None]
    """Told in the loop that statements are done: the rows that each touched, or what kept all of them from it."""

MOST_TOGETHER: Final = 200
SOON_SECONDS: Final = 0.01
"""So long what nobody waits for is kept for the next commit."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A statement with `?` for its parameters, and the number of rows that it touched, once it is committed."""

    sql: str
    parameters: Sequence[object]
    rows: asyncio.Future[int]


class GroupCommit:
    """Takes statements in order; what comes while a commit is under way goes together into the next one.

    `run` executes statements in one transaction and gives the rows that each touched; when it fails nothing of it is
    there. Then each statement is run alone, so that one that cannot be done costs no other its commit.
    `hand_over` may take them at once in place of `run`, without a task: it gives False where it cannot.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Waiting]], Awaitable[list[int]]],
        hand_over: Callable[[Sequence[Waiting], Over], bool] = lambda _statements, _over: False,
    ) -> None:
        self._run = run
        self._hand_over = hand_over
        self._waiting: list[Waiting] = []
        self._under_way: Sequence[Waiting] = ()
        self._working: asyncio.Task[None] | None = None
        self._soon: asyncio.Future[int] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def commit(self, sql: str, parameters: Sequence[object]) -> int:
        """Give the number of rows touched when it is committed; raises what kept it from that.

        A caller that is cancelled does not take its statement back.
        """
        waiting = self._take(sql, parameters)
        self._begin()
        return await waiting

    def soon(self, sql: str, parameters: Sequence[object], failed: Callable[[BaseException], object]) -> None:
        """Commit it with what comes next, never after it, and within `SOON_SECONDS` where nothing comes.

        `failed` is told what kept it from that.
        """

        def tell(rows: asyncio.Future[int]) -> None:
            error = None if rows.cancelled() else rows.exception()
            if error is not None:
                failed(error)

        self._soon = self._take(sql, parameters)
        self._soon.add_done_callback(tell)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SOON_SECONDS, self._begin)

    async def settled(self) -> None:
        """Return when nothing that was handed to `soon` until now is still to be committed; at once as a rule."""
        if self._soon is not None and not self._soon.done():
            self._begin()
            await asyncio.wait([self._soon])

    async def close(self) -> None:
        """Wait until everything is committed."""
        while unfinished := [
            waiting.rows for waiting in (*self._under_way, *self._waiting) if not waiting.rows.done()
        ]:
            self._begin()
            await asyncio.wait(unfinished)

    def _take(self, sql: str, parameters: Sequence[object]) -> asyncio.Future[int]:
        waiting = Waiting(sql, parameters, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        return waiting.rows

    def _begin(self) -> None:
        """Commit what waits, unless a commit is under way: its end begins the next one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._under_way or not self._waiting:
            return
        together, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        self._under_way = together

        def over(touched: Sequence[int], error: BaseException | None) -> None:
            if error is not None and len(together) > 1:
                self._start(self._one_by_one(together))
            else:
                self._tell(together, touched, error)
                self._end()

        if not self._hand_over(together, over):
            self._start(self._work(together))

    def _end(self) -> None:
        self._under_way = ()
        self._begin()

    def _start(self, work: Awaitable[None]) -> None:
        self._working = asyncio.create_task(self._guarded(work), name="group-commit")

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:  # the loop is being closed
            for waiting in (*self._under_way, *self._waiting):
                waiting.rows.cancel()
            raise
        self._end()

    async def _work(self, together: Sequence[Waiting]) -> None:
        try:
            touched = await self._run(together)
        except Exception as error:  # noqa: BLE001 - raised where the commit is awaited
            if len(together) > 1:
                await self._one_by_one(together)
            else:
                self._tell(together, (), error)
        else:
            self._tell(together, touched)

    async def _one_by_one(self, together: Sequence[Waiting]) -> None:
        for waiting in together:
            try:
                self._tell([waiting], await self._run([waiting]))
            except Exception as error:  # noqa: BLE001 - as above
                self._tell([waiting], (), error)

    @staticmethod
    def _tell(
        together: Sequence[Waiting], touched: Sequence[int], error: BaseException | None = None
    ) -> None:
        for number, waiting in enumerate(together):
            if waiting.rows.done():
                continue
            if error is None:
                waiting.rows.set_result(touched[number])
            else:
                waiting.rows.set_exception(error)


class Turn:
    """A lock of one event loop, in the order of asking, that can also be taken without waiting."""

    def __init__(self) -> None:
        self._is_taken = False
        self._line: deque[asyncio.Future[None]] = deque()

    def take_at_once(self) -> bool:
        """Take it, unless somebody has it or waits for it."""
        if self._is_taken:
            return False
        self._is_taken = True
        return True

    def leave(self) -> None:
        """Give it to who waits longest."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._is_taken = False

    async def __aenter__(self) -> None:
        if self.take_at_once():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # it came at this very moment
            raise

    async def __aexit__(self, *_: object) -> None:
        self.leave()
