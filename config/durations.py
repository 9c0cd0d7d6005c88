"""Durations such as "15m", and the schedules of `every`: a duration or a cron line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile("".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS))
_LONGEST = timedelta(days=3_650)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON_FIELDS = 5
_STEP = re.compile(r"(?P<first>[0-9a-z]{1,3}|\*)(?:-(?P<last>[0-9a-z]{1,3}))?(?:/(?P<step>[0-9]{1,2}))?")


def parse_duration(text: str) -> timedelta:
    """Read a duration such as "90s", "15m", "1h30m" or "7d": whole numbers with w, d, h, m, s, largest first.

    Raises:
        ValueError: it is none, is zero, or is longer than ten years.
    """
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None or not any(match.groups()):
        raise ValueError(f'{text!r} is not a duration; write one such as "90s", "15m", "1h" or "7d"')
    seconds = sum(
        int(number or 0) * size for number, size in zip(match.groups(), _UNITS.values(), strict=True)
    )
    if seconds == 0:
        raise ValueError(f'{text!r} is no time at all; write a duration such as "15m" or "1h"')
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f'{text!r} is longer than ten years; write a duration such as "15m" or "7d"')
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Write whole seconds so that `parse_duration` reads the same again, such as "1h30m"."""
    rest, parts = int(duration.total_seconds()), []
    for unit, size in _UNITS.items():
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something runs again: `interval` or `cron` is set, never both.

    `cron` has the five fields of crontab(5) (minute, hour, day of month, month, weekday), each written out as
    a list of values. Weekdays stand by name, because schedulers disagree on whether 0 is Sunday or Monday.
    """

    text: str
    interval: timedelta | None = None
    cron: str | None = None

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read a duration or a five-field cron line.

        Raises:
            ValueError: it is neither; the message says which field is wrong.
        """
        fields = text.lower().split()
        if len(fields) == _CRON_FIELDS:
            return cls(text, cron=_cron(text, fields))
        try:
            return cls(text, interval=parse_duration(text))
        except ValueError as error:
            raise ValueError(f'{error}, or a cron line of five fields such as "0 3 * * mon-fri"') from None


def _cron(text: str, fields: list[str]) -> str:
    minute, hour, day, month, weekday = fields
    if not day.startswith("*") and not weekday.startswith("*"):
        raise ValueError(
            f"{text!r} sets both a day of the month and a weekday; set one and write * for the other"
        )
    days = _values(text, "weekday", weekday, 0, 7, _WEEKDAYS)
    plain = (
        _written(minute, _values(text, "minute", minute, 0, 59)),
        _written(hour, _values(text, "hour", hour, 0, 23)),
        _written(day, _values(text, "day of the month", day, 1, 31)),
        _written(month, _values(text, "month", month, 1, 12, _MONTHS)),
        "*"
        if weekday == "*"
        else ",".join(_WEEKDAYS[number] for number in sorted({value % 7 for value in days})),
    )
    return " ".join(plain)


def _written(field: str, values: set[int]) -> str:
    return "*" if field == "*" else ",".join(map(str, sorted(values)))


def _values(text: str, field: str, value: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:  # noqa: PLR0917 - a row of a table
    """Expand one cron field into the numbers that it stands for."""
    problem = (
        f"{text!r} is not a cron line: {value!r} is no {field} ({low}-{high}{', or names' if names else ''})"
    )
    numbers: set[int] = set()
    for part in value.split(","):
        match = _STEP.fullmatch(part)
        if match is None:
            raise ValueError(problem)
        first, last = _ends(match, low, high, names, problem)
        step = int(match["step"] or 1)
        if step == 0:
            raise ValueError(problem)
        numbers.update(range(first, last + 1, step))
    return numbers


def _ends(match: re.Match[str], low: int, high: int, names: tuple[str, ...], problem: str) -> tuple[int, int]:
    end = 6 if names is _WEEKDAYS else high
    if match["first"] == "*":
        if match["last"] is not None:
            raise ValueError(problem)
        return low, end
    first = _number(match["first"], low, names)
    if match["last"] is not None:
        last = _number(match["last"], low, names)
    else:
        last = max(end, first or 0) if match["step"] else first
    if last is not None and first is not None and names is _WEEKDAYS and last == 0 < first:
        last = 7  # fri-sun
    if first is None or last is None or not low <= first <= last <= high:
        raise ValueError(problem)
    return first, last


def _number(text: str, low: int, names: tuple[str, ...]) -> int | None:
    if text in names:
        return names.index(text) + low
    return int(text) if text.isascii() and text.isdecimal() else None
