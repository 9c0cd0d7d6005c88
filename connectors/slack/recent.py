"""What happened lately, bounded in number and time."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")
MOST = 10_000


class Recent(Generic[Value]):
    """Keeps values for `seconds`, at most `MOST` of them; `now` gives monotonic seconds."""

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        self._seconds = seconds
        self._now = now
        self._kept: OrderedDict[tuple[str, str], tuple[Value, float]] = OrderedDict()

    def put(self, key: tuple[str, str], value: Value) -> None:
        """Keep a value; the oldest goes when there are too many."""
        self._kept.pop(key, None)
        self._kept[key] = (value, self._now() + self._seconds)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def get(self, key: tuple[str, str]) -> Value | None:
        """Give what was kept, unless it is too long ago."""
        value, until = self._kept.get(key, (None, 0.0))
        return value if self._now() < until else None

    def drop(self, key: tuple[str, str]) -> None:
        """Keep it no longer."""
        self._kept.pop(key, None)
