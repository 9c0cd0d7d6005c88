"""What happened lately, bounded in number and time."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")
Key = tuple[str, ...]
"""The workspace first, then what tells the thing from others there."""
MOST = 10_000


class Recent(Generic[Value]):
    """Keeps values for `seconds`, at most `MOST` of them; `now` gives monotonic seconds."""

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        self._seconds = seconds
        self._now = now
        self._kept: OrderedDict[Key, tuple[Value, float]] = OrderedDict()

    def put(self, key: Key, value: Value) -> None:
        """Keep a value; the oldest goes when there are too many."""
        self._kept.pop(key, None)
        self._kept[key] = (value, self._now() + self._seconds)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def get(self, key: Key) -> Value | None:
        """Give what was kept, unless it is too long ago."""
        value, until = self._kept.get(key, (None, 0.0))
        return value if self._now() < until else None

    def drop(self, key: Key) -> None:
        """Keep it no longer."""
        self._kept.pop(key, None)
