"""Single statements of simultaneous callers, committed together: a commit costs the same for one and for a hundred."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

MOST_TOGETHER = 200


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
    """

    def __init__(self, run: Callable[[Sequence[Waiting]], Awaitable[list[int]]]) -> None:
        self._run = run
        self._waiting: list[Waiting] = []
        self._working: asyncio.Task[None] | None = None
        self._soon: asyncio.Future[int] | None = None

    async def commit(self, sql: str, parameters: Sequence[object]) -> int:
        """Give the number of rows touched when it is committed; raises what kept it from that.

        A caller that is cancelled does not take its statement back.
        """
        return await self._take(sql, parameters)

    def soon(self, sql: str, parameters: Sequence[object], failed: Callable[[BaseException], object]) -> None:
        """Commit it with what comes next, never after it; `failed` is told what kept it from that."""

        def tell(rows: asyncio.Future[int]) -> None:
            error = None if rows.cancelled() else rows.exception()
            if error is not None:
                failed(error)

        self._soon = self._take(sql, parameters)
        self._soon.add_done_callback(tell)

    async def settled(self) -> None:
        """Return when nothing that was handed to `soon` until now is still to be committed; at once as a rule."""
        if self._soon is not None and not self._soon.done():
            await asyncio.wait([self._soon])

    def _take(self, sql: str, parameters: Sequence[object]) -> asyncio.Future[int]:
        waiting = Waiting(sql, parameters, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="group-commit")
        return waiting.rows

    async def close(self) -> None:
        """Wait until everything is committed."""
        while self._working is not None and not self._working.done():
            await asyncio.wait([self._working])

    async def _work(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                self._tell(together, await self._run(together))
            except Exception as error:  # noqa: BLE001 - raised where the commit is awaited
                if len(together) == 1:
                    self._fail(together[0], error)
                else:
                    await self._one_by_one(together)
            except asyncio.CancelledError:  # the loop is being closed
                for waiting in (*together, *self._waiting):
                    waiting.rows.cancel()
                raise

    async def _one_by_one(self, together: Sequence[Waiting]) -> None:
        for waiting in together:
            try:
                self._tell([waiting], await self._run([waiting]))
            except Exception as error:  # noqa: BLE001 - as above
                self._fail(waiting, error)

    @staticmethod
    def _tell(together: Sequence[Waiting], touched: Sequence[int]) -> None:
        for waiting, rows in zip(together, touched, strict=True):
            if not waiting.rows.done():
                waiting.rows.set_result(rows)

    @staticmethod
    def _fail(waiting: Waiting, error: Exception) -> None:
        if not waiting.rows.done():
            waiting.rows.set_exception(error)
