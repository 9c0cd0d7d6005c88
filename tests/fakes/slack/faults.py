"""What can go wrong with a call of Slack's Web API."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Refuse:
    """The call is refused with this error."""

    error: str


@dataclass(slots=True)
class Status:
    """The call meets a broken server."""

    code: int = 500


@dataclass(slots=True)
class RateLimited:
    """The call comes too early."""

    retry_after: int = 1


@dataclass(slots=True)
class LostResponse:
    """The call is carried out, and the connection breaks before the response."""


@dataclass(slots=True)
class Held:
    """The call waits until the test lets it go; `reached` tells that it has come."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)


Fault = Refuse | Status | RateLimited | LostResponse | Held
