"""Who gets Python's lock while articles are cut and indexed beside people's questions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

SECONDS: Final = 0.001


class ShortTurns:
    """While anybody is within it, a thread that waits for Python's lock has it after 1 ms in place of 5.

    The event loop gives the lock away with every read of a file, a socket or a database, and beside a thread that
    computes it waits a whole turn to get it back, several times a reply. It costs CPU, so not all the time (figures:
    docs/benchmarks.md). May be entered again within itself, from the event loop alone.
    """

    def __init__(self) -> None:
        self._usual = sys.getswitchinterval()
        self._inside = 0

    def __enter__(self) -> None:
        self._inside += 1
        sys.setswitchinterval(min(SECONDS, self._usual))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside -= 1
        if not self._inside:
            sys.setswitchinterval(self._usual)
