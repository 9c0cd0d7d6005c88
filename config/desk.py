"""The settings of who stands behind the bot, and of how much may be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.durations import Schedule, parse_duration
from config.validators import Duration, Every, PlatformId

if TYPE_CHECKING:
    from datetime import timedelta

_STRICT = ConfigDict(
    extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
)


class DeskSettings(BaseModel):
    """The people behind the bot. `staff_channel` empty: there is no place for drafts, nor for what they should know.

    `digest` is when the last seven days are told of there; an article older than `stale_after` is named in it.
    """

    model_config = _STRICT

    staff_channel: PlatformId | Literal[""] = ""
    digest: Every | Literal[""] = "0 9 * * mon"
    stale_after: Duration = "365d"

    @property
    def schedule(self) -> Schedule | None:
        """`digest` as a schedule; None where nothing is to be told, or nobody there to tell."""
        return Schedule.parse(self.digest) if self.digest and self.staff_channel else None

    @property
    def stale(self) -> timedelta:
        """`stale_after` as a duration."""
        return parse_duration(self.stale_after)


class LimitSettings(BaseModel):
    """How much may be asked in a `window`; 0 means no limit. The rest is of questions that come at the same time."""

    model_config = _STRICT

    window: Duration = "1m"
    per_person: int = Field(default=20, ge=0, le=100_000)
    per_channel: int = Field(default=120, ge=0, le=100_000)
    at_once: int = Field(default=32, ge=1, le=1_000)
    waiting: int = Field(default=1_000, ge=0, le=100_000)
    patience_seconds: float = Field(default=60.0, gt=0, le=600)

    @property
    def length(self) -> timedelta:
        """`window` as a duration."""
        return parse_duration(self.window)
