"""Ways to write an amount: numbers in words, units and their names, dates, times of day."""

from __future__ import annotations

import re
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = MappingProxyType(
    {word: number for number, word in enumerate(_ONES)}
    | {word: 20 + 10 * number for number, word in enumerate(_TENS)}
    | {"hundred": 100, "dozen": 12, "twice": 2, "third": 3, "fourth": 4, "fifth": 5, "tenth": 10}
    | {"once": 1, "first": 1, "second": 2}
)
_SPELLED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})[- ](?P<one>{'|'.join(_ONES[1:10])})"
    rf"|(?:(?P<times>{'|'.join(_ONES[1:10])}|a)[ ])hundred|(?P<word>{'|'.join(_WORDS)}))\b",
    re.IGNORECASE,
)
_A_UNIT = re.compile(
    r"\b(?:an?|each|per|every)(?= (?:second|minute|hour|day|week|month|year)\b)", re.IGNORECASE
)
_HALF = re.compile(r"\b(?:half an|half a|a half) (hour|day|year|dozen|minute)\b", re.IGNORECASE)
_HALVES = MappingProxyType(
    {"hour": "30 minutes", "day": "12 hours", "year": "6 months", "dozen": "6", "minute": "30 s"}
)

_UNITS = (
    # canonical, factor, names
    ("second", "1", "second seconds sec secs s sekunde sekunden"),
    ("second", "60", "minute minutes min mins minuten"),
    ("second", "3600", "hour hours hr hrs h stunde stunden"),
    ("second", "86400", "day days tag tage tagen"),
    ("second", "604800", "week weeks woche wochen"),
    ("month", "1", "month months monat monate monaten"),
    ("month", "12", "year years jahr jahre jahren yr yrs"),
    ("%", "1", "% percent pct prozent"),
    ("€", "1", "€ euro euros eur"),
    ("$", "1", "$ dollar dollars usd"),
    ("£", "1", "£ gbp"),
    ("KB", "1", "kb kilobyte kilobytes kib"),
    ("MB", "1", "mb megabyte megabytes mib"),
    ("GB", "1", "gb gigabyte gigabytes gib gigs"),
    ("TB", "1", "tb terabyte terabytes tib"),
    ("byte", "1", "byte bytes"),
    ("pixel", "1", "pixel pixels px"),
    ("mm", "1", "mm millimeter millimeters millimetre millimetres"),
    ("mm", "10", "cm centimeter centimeters centimetre centimetres"),
    ("mm", "1000", "meter meters metre metres"),
    ("mm", "1000000", "km kilometer kilometers kilometre kilometres"),
    ("g", "1", "gram grams"),
    ("g", "1000", "kg kilo kilos kilogram kilograms"),
    ("ml", "1", "ml milliliter milliliters millilitre millilitres"),
    ("ml", "1000", "liter liters litre litres"),
    ("character", "1", "character characters zeichen"),
    ("MHz", "1", "mhz megahertz"),
    ("MHz", "1000", "ghz gigahertz"),
    ("watt", "1", "watt watts"),
    ("volt", "1", "volt volts"),
    ("mile", "1", "mile miles"),
    ("°C", "1", "°c celsius"),
    ("°F", "1", "°f fahrenheit"),
)
_NAMED = MappingProxyType(
    {name: (unit, Decimal(factor)) for unit, factor, names in _UNITS for name in names.split()}
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NUMBER = MappingProxyType(
    {name: number for number, name in enumerate(_MONTHS, 1)} | {"mai": 5, "okt": 10, "dez": 12, "mär": 3}
)
_MONTH = (
    r"(?P<month>jan(?:uary?|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz?|apr(?:il)?|may|mai|june?|juni|july?|juli|aug(?:ust)?|"
    r"sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?"
_YEAR = r"(?:,?\s+(?P<year>\d{4}))?"
_DATES = (
    re.compile(rf"\b{_MONTH}\s+{_DAY}{_YEAR}\b", re.IGNORECASE),
    re.compile(rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}\b", re.IGNORECASE),
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})\b"),
    re.compile(r"\b(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})\b"),
)
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
_TIME = re.compile(
    r"\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s?(?P<half>[ap])\.?m\b\.?|\b(?P<h>\d{1,2}):(?P<m>\d{2})\b",
    re.IGNORECASE,
)


def spelled_out(text: str) -> tuple[str, frozenset[int]]:
    """Write number words as digits; also give where in the new text these begin."""
    text = _HALF.sub(lambda m: _HALVES[m[1].casefold()], text)
    pieces: list[str] = []
    starts: set[int] = set()
    at = length = 0
    found = [(m.span(), _number(m)) for m in _SPELLED.finditer(text)]
    found += [(m.span(), "1") for m in _A_UNIT.finditer(text)]
    for (start, end), number in sorted(found):
        if start < at:
            continue
        pieces += [text[at:start], number]
        length += start - at
        starts.add(length)
        length += len(number)
        at = end
    return "".join([*pieces, text[at:]]), frozenset(starts)


def _number(match: re.Match[str]) -> str:
    if match["tens"]:
        return str(_WORDS[match["tens"].casefold()] + _WORDS[match["one"].casefold()])
    if match["times"] or match["word"] is None:
        return str(100 * _WORDS.get((match["times"] or "one").casefold(), 1))
    return str(_WORDS[match["word"].casefold()])


def unit_of(name: str) -> tuple[str | None, Decimal | None]:
    """Give the canonical unit that a name stands for and how many of it make one; (None, None) for another word."""
    return _NAMED.get(name.casefold(), (None, None))


def dates(text: str) -> Iterator[tuple[tuple[int, int], tuple[int, int, int]]]:
    """Give each date with its (start, end); the year is 0 where none is named. 3/4/2024 is read both ways."""
    for pattern in _DATES:
        for match in pattern.finditer(text):
            month = match["month"].casefold()
            number = int(month) if month.isdigit() else _MONTH_NUMBER[month[:3]]
            yield match.span(), (int(match["year"] or 0), number, int(match["day"]))
    for match in _SLASHED.finditer(text):
        one, other, year = int(match[1]), int(match[2]), int(match[3])
        yield match.span(), (year, one, other)
        yield match.span(), (year, other, one)


def times(text: str) -> Iterator[tuple[tuple[int, int], int]]:
    """Give each time of day with its (start, end), in minutes after midnight."""
    for match in _TIME.finditer(text):
        if match["half"]:
            hour = int(match["hour"]) % 12 + (12 if match["half"].casefold() == "p" else 0)
            yield match.span(), 60 * hour + int(match["minute"] or 0)
        else:
            yield match.span(), 60 * int(match["h"]) + int(match["m"])
