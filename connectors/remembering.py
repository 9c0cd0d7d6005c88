"""Small facts that a connector keeps over restarts; to lose them costs a convenience and no message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence


class Remembered(Protocol):
    """Sets of short texts, each of bounded size: the oldest are forgotten. Neither method raises."""

    async def remember(self, name: str, value: str) -> None:
        """Keep a value in the set of this name, or keep it as the newest."""
        ...

    async def all(self, name: str) -> Sequence[str]:
        """Give the values of a set, the newest first; nothing when they cannot be read."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A connector that keeps such facts."""

    def remember_in(self, store: Remembered) -> None:
        """Take the store; called once, before `run`."""
        ...
