"""What stands around an answer, in the language of the persona that speaks: ages, buttons, the closest articles."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

_DAYS_OF = (("years", 365), ("months", 30), ("weeks", 7))


@dataclass(frozen=True, slots=True)
class ReplyWords:
    """Words in one language; `weeks`, `months` and `years` are of one and of several."""

    closest: str
    updated: str
    outdated: str
    today: str
    yesterday: str
    days: str
    weeks: tuple[str, str]
    months: tuple[str, str]
    years: tuple[str, str]
    too_long: str
    no_files: str
    too_many: str
    busy: str
    helpful: str
    not_helpful: str
    human: str
    sources: str
    share: str
    wish: str

    def ago(self, then: datetime, now: datetime) -> str:
        """Say how long ago `then` was, in whole days, weeks, months or years, such as "3 weeks ago"."""
        days = (now - then).days
        if days <= 1:
            return self.yesterday if days == 1 else self.today
        for unit, size in _DAYS_OF:
            if days >= size:
                one, several = getattr(self, unit)
                return str(one if days // size == 1 else several.format(n=days // size))
        return self.days.format(n=days)


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads(files("bot").joinpath("reply_words.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=64)
def reply_words(language: str = "en") -> ReplyWords:
    """Give the words of a BCP 47 tag; English where there are none."""
    table = _table()
    row = table.get(language.replace("_", "-").split("-")[0].lower(), table["en"])
    read: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return ReplyWords(**read)
