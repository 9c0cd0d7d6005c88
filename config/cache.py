"""The settings of the answer cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.durations import Schedule, parse_duration
from config.validators import Duration, Every

if TYPE_CHECKING:
    from datetime import timedelta

_STRICT = ConfigDict(
    extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
)


class CacheSettings(BaseModel):
    """The answer cache.

    `paraphrases`: a kept answer may go out for another question that asks the same, if today's evidence is its own.

    When articles change, and at `warm_at`, up to `warm` of the questions that are asked most are answered afresh, for
    `warm_seconds` at most; 0: none are.
    """

    model_config = _STRICT

    enabled: bool = True
    max_age: Duration = "7d"
    negative_max_age: Duration = "10m"
    max_entries: int = Field(default=20_000, ge=100, le=1_000_000)
    paraphrases: bool = False
    warm: int = Field(default=50, ge=0, le=10_000)
    warm_seconds: float = Field(default=60.0, gt=0, le=3600)
    warm_at: Every | Literal[""] = "30 3 * * *"

    @property
    def warm_schedule(self) -> Schedule | None:
        """`warm_at` as a schedule; None where nothing is warmed by the clock."""
        return Schedule.parse(self.warm_at) if self.warm_at and self.warm else None

    @property
    def longest(self) -> timedelta:
        """`max_age` as a duration."""
        return parse_duration(self.max_age)
