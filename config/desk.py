"""The settings of who stands behind the bot, and of how much may be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.durations import parse_duration
from config.validators import Duration, PlatformId

if TYPE_CHECKING:
    from datetime import timedelta

_STRICT = ConfigDict(
    extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
)


class DeskSettings(BaseModel):
    """The people behind the bot. `staff_channel` empty: there is no place for drafts."""

    model_config = _STRICT

    staff_channel: PlatformId | Literal[""] = ""


class LimitSettings(BaseModel):
    """How much may be asked in a `window`; 0 means no limit."""

    model_config = _STRICT

    window: Duration = "1m"
    per_person: int = Field(default=20, ge=0, le=100_000)
    per_channel: int = Field(default=120, ge=0, le=100_000)

    @property
    def length(self) -> timedelta:
        """`window` as a duration."""
        return parse_duration(self.window)
