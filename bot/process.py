"""The process's own memory: what the garbage collector looks at, and what malloc keeps.

Figures are in docs/benchmarks.md, under the start.
"""

import gc
from typing import Any

_YOUNG = 20_000
"""Objects made before a collection, in place of 700: imports make 300,000 that stay, looked at for nothing."""
_ARENAS = 2
_M_ARENA_MAX = -8
"""Of glibc's mallopt (malloc.h)."""


def collect_seldom() -> None:
    """Look for garbage once in 20,000 new objects: a tenth less of a start."""
    gc.set_threshold(_YOUNG, 10, 10)


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
