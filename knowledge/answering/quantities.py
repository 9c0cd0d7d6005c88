"""Numbers with what they count: durations, prices, sizes, shares, times of day, versions, counts of things."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.answering.words import stem

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPELLED = {
    word: number
    for number, listed in (
        (1, "one eine einer einem einen"), (2, "two zwei deux"), (3, "three drei trois"), (4, "four vier quatre"),
        (5, "five fünf cinq"), (6, "six sechs"), (7, "seven sieben sept"), (8, "eight acht huit"),
        (9, "nine neun neuf"), (10, "ten zehn dix"), (11, "eleven elf"), (12, "twelve zwölf douze"),
        (14, "fourteen vierzehn quatorze"), (15, "fifteen fünfzehn quinze"), (20, "twenty zwanzig vingt"),
        (24, "twenty-four"), (30, "thirty dreißig trente"), (60, "sixty sechzig soixante"),
        (90, "ninety neunzig"), (100, "hundred hundert cent"),
    )
    for word in listed.split()
}  # fmt: skip
_DAY = 86_400.0
_UNITS = {
    word: (kind, factor)
    for kind, factor, listed in (
        ("time", 1.0, "second seconds sec secs sekunde sekunden seconde secondes"),
        ("time", 60.0, "minute minutes min mins minuten"),
        ("time", 3_600.0, "hour hours hr hrs h stunde stunden heure heures"),
        ("time", _DAY, "day days tag tage tagen jour jours"),
        ("time", 7 * _DAY, "week weeks woche wochen semaine semaines"),
        ("time", 30 * _DAY, "month months monat monate monaten mois"),
        ("time", 365 * _DAY, "year years jahr jahre jahren an ans année années"),
        ("bytes", 1.0, "byte bytes"), ("bytes", 1e3, "kb kib"), ("bytes", 1e6, "mb mib"),
        ("bytes", 1e9, "gb gib"), ("bytes", 1e12, "tb tib"),
        ("percent", 1.0, "% percent prozent"), ("€", 1.0, "€ euro euros eur"),
        ("$", 1.0, "$ dollar dollars usd"), ("£", 1.0, "£ pound pounds gbp"), ("chf", 1.0, "chf franken"),
        ("cent", 1.0, "cent cents"), ("metres", 0.001, "mm"), ("metres", 0.01, "cm"), ("metres", 1.0, "m metre metres"),
        ("metres", 1_000.0, "km"), ("grams", 1.0, "g"), ("grams", 1_000.0, "kg"),
        ("°c", 1.0, "°c"), ("°f", 1.0, "°f"), ("°", 1.0, "°"),
    )
    for word in listed.split()
}  # fmt: skip
_ROUND = re.compile(r"[1-9]\d{0,2}(?:\.\d00)+")
"""A round thousand as it is written on the continent: decimals that end in two zeros are hardly ever meant."""
_VALUE = r"\d+(?:[.,\u202f]\d+)*"
_WORDS = "|".join(sorted((re.escape(w) for w in _SPELLED), key=len, reverse=True))
_SIGN = re.compile(rf"(?P<unit>[€$£])\s?(?P<low>{_VALUE})")
_CLOCK = re.compile(
    r"\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s?(?P<half>a\.?m\b\.?|p\.?m\b\.?|uhr\b|(?<=:\d\d))",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    rf"(?<![\w.,:/-])(?P<low>{_VALUE}|(?:{_WORDS})\b)"
    rf"(?:\s?(?:-|\u2013|to|bis|à|and)\s?(?P<high>{_VALUE}|(?:{_WORDS})\b))?"
    r"(?P<gap>[\s\u00a0-]?)(?P<next>(?:business|working|calendar)\s\w+|[^\W\d_]+|[%€$£°][CF]?\b|[%€$£°])?",
    re.IGNORECASE,
)  # fmt: skip
_SINGLE = re.compile(
    r"\b(?:within|after|for|in|every|nach|für|après)\s+(?:an?|one|einem|einer|un|une)\s+(?P<unit>\w+)",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"\s*(?:/|per\b|an?\b|each\b|every\b|pro\b|par\b|im\b(?=\s(?:monat|jahr|quartal|tag)))\s*(?P<of>[^\W\d_]+)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:\d{1,2}\.?\s)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s\d{1,4}(?:,?\s\d{4})?"
    r"|\b\d{1,2}\.?\s(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:19|20)\d\d(?:-\d\d(?:-\d\d)?)?\b"
    r"|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"(?:at least|minimum(?: of)?|more than|over|from|mindestens|ab|au moins|longer than)\s*$", re.IGNORECASE
)
_MOST = re.compile(
    r"(?:up to|at most|maximum(?: of)?|no more than|not more than|less than|fewer than|under|within|höchstens|bis zu|"
    r"maximal|innerhalb von|jusqu'à|shorter than)\s*$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(
    r"\s*(?:or|and)\s(?:more|later|newer|longer|above|over)\b|\s*minimum\b|\+", re.IGNORECASE
)
_NO_THING = frozenset(
    (
        "of", "in", "on", "at", "to", "for", "and", "or", "is", "are", "was", "were", "per", "by", "from", "with",
        "the", "a", "an", "as", "if", "so", "more", "less", "times",
    )
)  # fmt: skip
_NAMED_BY_NUMBER = frozenset(
    (
        "error", "errors", "step", "steps", "chapter", "room", "model", "option", "article", "section", "page", "case",
        "phase", "figure", "question", "ticket", "windows", "plan", "tier", "level", "line", "gate", "building",
        "floor", "office", "code", "rule", "type", "class", "group", "channel", "series", "generation", "status",
        "exit", "method", "example", "appendix", "form", "schritt", "fehler", "kapitel", "étape", "erreur",
    )
)  # fmt: skip
_SAME_UNIT_SLACK = 1e-9
_OTHER_UNIT_SLACK = 0.05
"""30 days and a month, 1,000 and 1,024 MB are the same to whoever writes articles."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a range. `kind` says what it counts: only the same kinds compare.

    `identifies`: the number is part of a name ("error 404", "Windows 10"). `bound`: -1 at least, 1 at most, 0 neither.
    """

    kind: str
    low: float
    high: float
    unit: str = ""
    bound: int = 0
    identifies: bool = False
    span: tuple[int, int] = (0, 0)

    def agrees(self, other: Quantity) -> bool:
        """Whether both may be true of one thing: the ranges touch, or one is a least and the other a most."""
        if self.bound * other.bound < 0:
            return True
        slack = _SAME_UNIT_SLACK if self.unit == other.unit else _OTHER_UNIT_SLACK
        reach = slack * max(abs(self.high), abs(other.high), 1.0)
        return self.low <= other.high + reach and other.low <= self.high + reach


def quantities(text: str, numbered: frozenset[str] = frozenset()) -> tuple[Quantity, ...]:
    """Find the quantities of a sentence in their order; dates are none.

    A number that follows one of `numbered` ("port 993") is compared by that word; after other words it identifies.
    """
    text = _DATE.sub(lambda match: " " * len(match[0]), text)
    found: list[Quantity] = []
    taken: list[tuple[int, int]] = []
    for one in (*_signs(text), *_clocks(text), *_singles(text), *_plain(text, numbered)):
        if not any(low < one.span[1] and one.span[0] < high for low, high in taken):
            found.append(one)
            taken.append(one.span)
    return tuple(sorted(found, key=lambda one: one.span))


def _signs(text: str) -> Iterator[Quantity]:
    for match in _SIGN.finditer(text):
        rate, end = _rate(text, match.end())
        value = _number(match["low"])
        yield Quantity(
            match["unit"] + rate, value, value, bound=_bound(text, match), span=(match.start(), end)
        )


def _clocks(text: str) -> Iterator[Quantity]:
    for match in _CLOCK.finditer(text):
        hour = int(match["hour"]) % 12 if match["half"][:1].casefold() in {"a", "p"} else int(match["hour"])
        hour += 12 if match["half"][:1].casefold() == "p" else 0
        value = hour * 60.0 + int(match["minute"] or 0)
        yield Quantity("clock", value, value, span=match.span())


def _singles(text: str) -> Iterator[Quantity]:
    for match in _SINGLE.finditer(text):
        kind, factor = _UNITS.get(match["unit"].casefold(), ("", 0.0))
        if kind == "time":
            bound = _bound(text, match)
            yield Quantity(kind, factor, factor, f"{factor}", bound, span=match.span("unit"))


def _plain(text: str, numbered: frozenset[str]) -> Iterator[Quantity]:
    for match in _PLAIN.finditer(text):
        word = (match["next"] or "").casefold()
        low = _number(match["low"])
        high = _number(match["high"]) if match["high"] else low
        if word in _UNITS and not (match["low"][0].isalpha() and word in {"m", "h", "g", "an", "min"}):
            kind, factor = _UNITS[word]
            rate, end = _rate(text, match.end())
            bound = _bound(text, match, end)
            span = (match.start(), end)
            yield Quantity(kind + rate, low * factor, high * factor, f"{factor}", bound, span=span)
        elif match["low"][0].isalpha() and low == 1:
            continue
        elif word.split(" ")[0] in {"business", "working", "calendar"}:
            yield Quantity(word.rstrip("s"), low, high, bound=_bound(text, match), span=match.span())
        else:
            yield from _counted(text, match, (low, high), numbered)


def _counted(
    text: str, match: re.Match[str], value: tuple[float, float], numbered: frozenset[str]
) -> Iterator[Quantity]:
    low, high = value
    word = (match["next"] or "").casefold()
    before = re.search(r"([^\W\d_]+)\s?$", text[: match.start()])
    previous = before[1].casefold() if before else ""
    end = match.end("high") if match["high"] else match.end("low")
    span, bound = (match.start(), end), _bound(text, match, end)
    if previous in numbered:
        later = -1 if _OR_MORE.match(text, end) else bound
        yield Quantity(f"#{_stem(previous)}", low, high, bound=later, span=span)
    elif word and word not in _NO_THING and previous not in _NAMED_BY_NUMBER:
        rate, _ = _rate(text, match.end())
        yield Quantity(f"{_stem(word)}{rate}", low, high, bound=bound, span=span)
    elif match["low"][0].isdigit():
        yield Quantity(f"#{_stem(previous)}", low, high, identifies=True, span=span)


def _rate(text: str, end: int) -> tuple[str, int]:
    of: list[str] = []
    while len(of) < 3 and (match := _RATE.match(text, end)):  # noqa: PLR2004 - "a month per user"
        of.append(_stem(match["of"]))
        end = match.end()
    return "".join(f"/{each}" for each in sorted(of)), end


def _bound(text: str, match: re.Match[str], end: int | None = None) -> int:
    before = text[max(0, match.start() - 20) : match.start()]
    if _LEAST.search(before) or (end is not None and _OR_MORE.match(text, end)):
        return -1
    return 1 if _MOST.search(before) else 0


def _stem(word: str) -> str:
    return stem(word.casefold())


def _number(text: str) -> float:
    if text[0].isalpha():
        return float(_SPELLED[text.casefold()])
    if _ROUND.fullmatch(text):
        return float(text.replace(".", ""))
    plain = re.sub(r"[,\u202f](?=\d{3}(?:\D|$))", "", text).replace(",", ".")
    parts = plain.split(".")
    if len(parts) <= 2:  # noqa: PLR2004 - a decimal point at most
        return float(plain)
    return float(parts[0]) + sum(float(part) / 1000.0**n for n, part in enumerate(parts[1:], start=1))
