"""What works and what does not: for `/readyz` and the command `status`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

CHECK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is checked by `check`, which raises or gives what is wrong; "" is well.

    Without a required part the bot cannot answer; without another it can, but worse.
    """

    check: Callable[[], Awaitable[str]]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """A part that does not work, and why."""

    part: str
    reason: str
    required: bool


class Health:
    """Checks all parts at once, each for three seconds at most."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = dict(parts)

    def watch(self, name: str, part: Part) -> None:
        """Check one more part from now on."""
        self._parts[name] = part

    async def problems(self, seconds: float = CHECK_SECONDS) -> list[Problem]:
        """Give what does not work now, or does not answer within `seconds`."""
        reasons = await asyncio.gather(*(_reason(part, seconds) for part in self._parts.values()))
        found = zip(self._parts.items(), reasons, strict=True)
        return [Problem(name, reason, part.required) for (name, part), reason in found if reason]

    async def states(self, seconds: float = CHECK_SECONDS) -> dict[str, str]:
        """Give "ok" or what is wrong, by part, as `problems` does."""
        wrong = {problem.part: problem.reason for problem in await self.problems(seconds)}
        return {name: wrong.get(name, "ok") for name in self._parts}


async def _reason(part: Part, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return await part.check()
    except TimeoutError:
        return f"no answer within {seconds:.0f} s"
    except Exception as error:  # noqa: BLE001 - whatever it raises is the finding
        return str(error) or type(error).__name__
