"""Numbers, dates, times, sizes and durations: whether a source says the same amount, however it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from knowledge.answering.grounding.amounts import dates, spelled_out, times, unit_of
from knowledge.answering.language import STOP_WORDS
from knowledge.answering.words import stem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_T = TypeVar("_T")
_NUMBER = re.compile(r"(?<![A-Za-z\d])(?<![A-Za-z][-\u2010\u2011\u2013])\d+(?:[.,:/\u2013-]\d+)*")
_SCALE = {"thousand": 3, "k": 3, "million": 6, "mio": 6, "bn": 9, "billion": 9}
_SCALED = re.compile(r"\s?(thousand|million|mio|bn|billion)\b|(k)\b(?!\s?[bh])", re.IGNORECASE)
_AFTER = re.compile(r"[\s-]{0,2}(%|°[CF]?|[€$£]|[^\W\d_]+)")
_BEFORE = re.compile(r"([€$£])\s?$")
_LISTED = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten)\b[^:.]{0,60}:\s*([^.:]+)", re.IGNORECASE
)
_COUNTS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ITEMS = re.compile(r"\s*(?:[,;]\s*(?:and|or)?|\band\b|\bor\b|&)\s*")
_VAGUE = frozenset({"1", "0"})
"""Said of anything ("one of them", "zero effort"): not checked when it is written as a word."""
_BESIDE = 12
"""Characters beside a date where other days of its month may stand ("5 and 6 January")."""
_ORDINAL = re.compile(r"\b(?:first|second|third|fourth|fifth)(?:ly)?\b(?=,)", re.IGNORECASE)
_FIRST = re.compile(r"\b(?:first|second|once)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as written, its value, and what it counts: a canonical unit, else the stem of the word behind it."""

    written: str
    value: str
    unit: str | None
    canonical: tuple[str, Decimal] | None
    as_word: bool


@dataclass(frozen=True, slots=True)
class _Held:
    values: frozenset[str]
    units: dict[str, frozenset[str | None]]
    counted: dict[str, frozenset[str]]
    canonical: frozenset[tuple[str, Decimal]]
    dates: frozenset[tuple[int, int, int]]
    times: frozenset[int]


def missing_amount(text: str, source: str) -> str | None:
    """Say which number, unit, date or time of the text its source does not hold; None when it holds all.

    The same amount in another form is held: "two" and 2, 1,000 and 1000, 90 minutes and 1.5 hours, 5 GB and five
    gigabytes, Jan 5 and 5 January, 5 pm and 17:00, 6-7 and 6 to 7.
    """
    held = _held(source)
    rest = _without_lists(_ORDINAL.sub(" ", text))
    if odd := _odd_date(rest, source, held):
        return f"number not in the cited passages: {odd}"
    rest = _without(rest, dates(rest), lambda date: _dated(date, held))
    rest = _without(rest, times(rest), lambda minutes: minutes in held.times)
    for amount in amounts(_FIRST.sub(" ", rest)):
        if amount.as_word and amount.value in _VAGUE:
            continue
        if fault := _fault(amount, held):
            return fault
    return None


def _fault(amount: Amount, held: _Held) -> str | None:
    if amount.canonical and amount.canonical in held.canonical:
        return None
    parts = re.split(r"[:/\u2013-]", amount.value)
    if amount.value not in held.values and not all(part in held.values for part in parts):
        return f"number not in the cited passages: {amount.written}"
    elsewhere = held.units.get(amount.value, frozenset())
    if amount.unit is None or not elsewhere or amount.unit in elsewhere or None in elsewhere:
        return None
    if amount.canonical or held.counted.get(amount.unit):
        return f"unit not in the cited passages: {amount.written} {amount.unit.split('*')[0]}"
    return None


@lru_cache(maxsize=256)
def _held(source: str) -> _Held:
    found = list(amounts(source))
    values = {amount.value for amount in found}
    values |= {part for value in values for part in re.split(r"[:/\u2013-]", value)}
    units: dict[str, set[str | None]] = {}
    counted: dict[str, set[str]] = {}
    for amount in found:
        for part in {amount.value, *re.split(r"[:/\u2013-]", amount.value)}:
            units.setdefault(part, set()).add(amount.unit)
        if amount.unit:
            counted.setdefault(amount.unit, set()).add(amount.value)
    return _Held(
        frozenset(values),
        {value: frozenset(names) for value, names in units.items()},
        {unit: frozenset(numbers) for unit, numbers in counted.items()},
        frozenset(amount.canonical for amount in found if amount.canonical),
        frozenset(date for _, date in dates(source)),
        frozenset(minutes for _, minutes in times(source)),
    )


def amounts(text: str) -> Iterator[Amount]:
    """Give the numbers of a text, those in words too."""
    digits, words_at = spelled_out(text)
    for match in _NUMBER.finditer(digits):
        value = _value(match[0])
        end = match.end()
        if scale := _SCALED.match(digits, end):
            power = _SCALE[(scale[1] or scale[2]).casefold()]
            value, end = _whole(Decimal(value) * 10**power) if _simple(value) else value, scale.end()
        name = _unit_behind(digits, end) or _unit_before(digits, match.start())
        unit, factor = unit_of(name) if name else (None, None)
        canonical = (unit, Decimal(value) * factor) if unit and factor and _simple(value) else None
        called = f"{unit}*{factor}" if unit else stem(name.casefold()) if name else None
        yield Amount(match[0], value, called, canonical, match.start() in words_at)


def _unit_behind(text: str, end: int) -> str | None:
    found = _AFTER.match(text, end)
    if not found or found[1].casefold() in STOP_WORDS["en"]:
        return None
    return found[1]


def _unit_before(text: str, start: int) -> str | None:
    found = _BEFORE.search(text, 0, start)
    return found[1] if found else None


def _value(number: str) -> str:
    number = re.sub(r",(?=\d{3}(?!\d))", "", number).rstrip(".").replace("\u2013", "-")
    return "-".join(_plain(Decimal(part)) if _simple(part) else part for part in number.split("-"))


def _simple(number: str) -> bool:
    return re.fullmatch(r"\d+(?:\.\d+)?", number) is not None and len(number) < 30  # noqa: PLR2004 - sane numbers


def _whole(value: Decimal) -> str:
    return str(int(value)) if value == value.to_integral_value() else str(value.normalize())


def _plain(value: Decimal) -> str:
    """Give a whole number as such; "128.10" stays what it is: a version."""
    return str(int(value)) if value == value.to_integral_value() and "." not in str(value) else str(value)


def _dated(date: tuple[int, int, int], held: _Held) -> bool:
    year, month, day = date
    for other, *rest in held.dates:
        if tuple(rest) == (month, day) and (
            not year or year == other or (not other and str(year) in held.values)
        ):
            return True
    return False


def _odd_date(text: str, source: str, held: _Held) -> str | None:
    """Find a date whose month the source names with other days only."""
    for (start, end), date in dates(text):
        months = [other for other in held.dates if other[1] == date[1]]
        if not months or any(_dated(reading, held) for span, reading in dates(text) if span == (start, end)):
            continue
        around = [
            source[max(0, a - _BESIDE) : b + _BESIDE] for (a, b), other in dates(source) if other in months
        ]
        if not any(re.search(rf"\b0?{date[2]}(?:st|nd|rd|th)?\b", near) for near in around):
            return text[start:end]
    return None


def _without(text: str, found: Iterable[tuple[tuple[int, int], _T]], known: Callable[[_T], bool]) -> str:
    """Take out what is known, so that the plain look at its digits does not come to it."""
    before = len(text) + 1
    for start, end in sorted({span for span, value in found if known(value)}, reverse=True):
        if end <= before:
            text = f"{text[:start]} {text[end:]}"
            before = start
    return text


def _without_lists(text: str) -> str:
    """Take out the number that counts the things listed right behind it ("two parts: this and that")."""
    for match in reversed(list(_LISTED.finditer(text))):
        items = [item for item in _ITEMS.split(match[2]) if item.strip()]
        if len(items) == _COUNTS.index(match[1].casefold()) + 2:
            text = text[: match.start(1)] + text[match.end(1) :]
    return text
