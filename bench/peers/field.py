"""The workers of a step, side by side: what fails leaves the field and is noted, and the others go on."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from workers import PeerFailed, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from desks import Real
    from workers import Side

OURS = "helpdesk-bot"
START_SECONDS = 180
LOAD_SECONDS = 720
SYNC_PASSAGES = 3_000


@dataclass
class Context:
    """What the steps share."""

    work: Path
    models: Path
    model: Path
    sides: list[Side]
    caches: list[Side]
    questions: list[str]
    real: Real
    pairs: list[dict[str, Any]]
    data: Path | None
    rounds: int
    sizes: tuple[int, ...]
    quick: bool
    note: Callable[[str, dict[str, Any]], None]
    """Keeps what a step has measured so far: its name, and its figures."""

    def unseen(self, start: int, count: int) -> list[str]:
        """Give questions of which no two are alike, so that nobody's memory of an earlier one helps."""
        asked = self.questions
        return [f"{asked[at % len(asked)]} (case {at})" for at in range(start, start + count)]

    def folder(self, side: Side) -> Path:
        """Give a side's own folder."""
        return self.work / "sides" / side.name.replace(" ", "-").replace(",", "")


class Field:
    """The workers of a step. What fails leaves the field and is noted."""

    def __init__(self, context: Context, sides: list[Side]) -> None:
        self.failed: dict[str, str] = {}
        self._workers: dict[str, Worker] = {}
        self._stack = ExitStack()
        try:
            for side in sides:
                self._start(context, side)
            for name in list(self._workers):
                self.attempt(name, lambda worker: worker.wait_ready(START_SECONDS))
        except BaseException:
            self.abandon()
            raise

    def _start(self, context: Context, side: Side) -> None:
        try:
            worker = Worker(side, context.folder(side), context.model)
        except OSError as error:
            self.failed[side.name] = f"{side.name} cannot be started: {error}"
            return
        self._workers[side.name] = self._stack.enter_context(worker)

    def abandon(self) -> None:
        """End every side at once, whatever it is doing."""
        self.kill()
        self._stack.close()

    def kill(self) -> None:
        """Kill every side: a call that waits for one fails."""
        for worker in list(self._workers.values()):
            worker.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def names(self) -> list[str]:
        """Who is still there."""
        return list(self._workers)

    def attempt(self, name: str, work: Callable[[Worker], Any]) -> Any:
        """Let one side do something; None if it fails, and then it is out."""
        if name not in self._workers:
            return None
        try:
            return work(self._workers[name])
        except PeerFailed as error:
            self.failed[name] = str(error)
            print(f"peers: {error}", file=sys.stderr)
            self._workers.pop(name).kill()
            return None

    def turns(self, rounds: int) -> Iterator[tuple[int, str]]:
        """Give (round, side), each round beginning with another side."""
        for number in range(rounds):
            names = self.names
            shift = number % max(1, len(names))
            for name in names[shift:] + names[:shift]:
                if name in self._workers:
                    yield number, name


@contextmanager
def field_of(context: Context, sides: list[Side], result: dict[str, Any]) -> Iterator[Field]:
    """Open the workers of some sides; what failed is written into the result."""
    with Field(context, sides) as field_:
        try:
            yield field_
        except BaseException:
            field_.abandon()
            raise
        finally:
            result["failed"] = field_.failed
