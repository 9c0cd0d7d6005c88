"""The process's own memory and threads: what the garbage collector looks at, what malloc keeps, who gets Python's lock.

Figures are in docs/benchmarks.md, under the speed.
"""

import gc
import sys
from typing import Any

_YOUNG = 20_000
"""Objects made before a collection, in place of 700: imports make 300,000 that stay, looked at for nothing."""
_TURN_SECONDS = 0.001
_ARENAS = 2
_M_ARENA_MAX = -8
"""Of glibc's mallopt (malloc.h)."""


def collect_seldom() -> None:
    """Look for garbage once in 20,000 new objects: a tenth less of a start."""
    gc.set_threshold(_YOUNG, 10, 10)


def short_turns() -> None:
    """Let a thread that waits for Python's lock have it after 1 ms in place of 5.

    The event loop gives the lock away with every read of a file, socket or database, and while a sync cuts articles
    in a thread it waited 5 ms each time to get it back.
    """
    sys.setswitchinterval(_TURN_SECONDS)


def few_arenas() -> None:
    """Let threads share two of malloc's arenas: each would keep what its thread once used. Only glibc is told."""
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def settle() -> None:
    """Give back what the start needed for a moment, and never look for garbage among what it made.

    A full collection of a warm bot stops everything for a tenth of a second; of what came after the start, for a
    hundredth of that.
    """
    gc.freeze()
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _glibc(name: str) -> Any:
    import ctypes  # noqa: PLC0415 - ten milliseconds, not before the first answer

    try:
        return getattr(ctypes.CDLL("libc.so.6"), name)
    except (OSError, AttributeError):
        return None  # another C library
