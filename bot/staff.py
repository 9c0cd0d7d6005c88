"""What the people of the desk should know is said in the staff channel."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bot.places import address_of
from connectors.base import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.outbox import Outbox

_KEYS = "staff/told/"


class Staff:
    """Tells the staff channel, by the outbox; where `[desk] staff_channel` is empty it tells nobody."""

    def __init__(self, outbox: Outbox, channel: str, clock: Callable[[], datetime]) -> None:
        self._outbox = outbox
        self._clock = clock
        self.address = address_of(channel) if channel else None

    async def tell(self, text: str) -> None:
        """Say it, once a day (UTC) however often and by however many processes it is told."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        await self.say(f"{self._clock():%Y-%m-%d}/{digest}", text)

    async def say(self, key: str, text: str) -> bool:
        """Say it once for this key; False when it was said, or nobody is there."""
        if self.address is None:
            return False
        key = f"{_KEYS}{key}"
        return await self._outbox.put(key, self.address, Reply(text, id=key))

    async def has_said(self, key: str) -> bool:
        """Whether something was said for this key."""
        return await self._outbox.knows(f"{_KEYS}{key}")
