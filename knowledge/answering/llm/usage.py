"""What one request to a model took, in tokens and money."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_CHARACTERS_A_TOKEN = 3.5
"""A little fewer than English has: an estimate should not be too low."""
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Of a million tokens, read and written, in the operator's currency."""

    read: float = 0.0
    written: float = 0.0

    def of(self, read: int, written: int) -> float:
        """Give what so many tokens cost."""
        return (read * self.read + written * self.written) / _MILLION


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written, and what they cost; `estimated` where the endpoint did not say."""

    read: int = 0
    written: int = 0
    cost: float = 0.0
    estimated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.read + other.read,
            self.written + other.written,
            self.cost + other.cost,
            self.estimated or other.estimated,
        )

    @property
    def tokens(self) -> int:
        """All tokens."""
        return self.read + self.written


@dataclass(slots=True)
class Spent:
    """What the requests of this process took since its start; `failures` by the kind of LlmError."""

    requests: int = 0
    usage: Usage = field(default_factory=Usage)
    failures: Counter[str] = field(default_factory=Counter)


def estimate(text_read: str, text_written: str, price: Price) -> Usage:
    """Estimate from characters what an endpoint does not tell, as when its answer was cut."""
    read, written = (
        round(len(text) / _CHARACTERS_A_TOKEN) + bool(text) for text in (text_read, text_written)
    )
    return Usage(read, written, price.of(read, written), estimated=True)


def told(usage: Any, price: Price) -> Usage | None:
    """Read the usage that an endpoint told, in the words of OpenAI or Anthropic; None when it told none."""
    if not isinstance(usage, dict):
        return None
    read = usage.get("prompt_tokens", usage.get("input_tokens"))
    written = usage.get("completion_tokens", usage.get("output_tokens"))
    if not isinstance(read, int) or not isinstance(written, int) or not read + written:
        return None
    return Usage(read, written, price.of(read, written))
