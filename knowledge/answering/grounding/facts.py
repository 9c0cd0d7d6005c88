"""What of a sentence must stand in its sources letter by letter: addresses, numbers, commands, menus, names."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from knowledge.answering.grounding.markers import without_markers
from knowledge.answering.language import STOP_WORDS
from knowledge.answering.words import platforms, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterator

_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>()\[\]\"'`*|]+|\bwww\.[^\s<>()\[\]\"'`*|]+", re.IGNORECASE
)
_SCHEME = re.compile(
    r"\b(?:javascript|vbscript|data|file|mailto|tel|sms|slack|discord|tg):\S+", re.IGNORECASE
)
_DOMAIN = re.compile(r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s<>()\[\]\"'`*|]*)?", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TARGET = re.compile(r"\]\(\s*<?([^)>\s]*)|^\s*\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_REFERENCE = re.compile(r"\][ ]?\[[^\]\d][^\]]*\]|\[[^\]]+\]:\s")
_IMAGE = re.compile(r"!\[|<img\b", re.IGNORECASE)
_HTML = re.compile(r"</?[a-z][^<>]*>|<!--|<[!@#:]", re.IGNORECASE)
_COMMAND = re.compile(r"`+([^`\n]+)`+")
_NUMBER = re.compile(r"(?<![A-Za-z\d])(?<![A-Za-z][-\u2010\u2011\u2013])\d+(?:[.,:/-]\d+)*")
_UNIT = re.compile(
    r"(\d+(?:[.,]\d+)*)\s?(%|°[CF]?|[€$£]|(?:percent|seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|months?|years?|"
    r"[kmgt]i?b|bytes?|pixels?|px|mm|cm|km|kg|mg|ml|euros?|eur|usd|dollars?|pounds?|characters?|letters?|users?|"
    r"people|times|ghz|mhz|watts?|volts?)\b)",
    re.IGNORECASE,
)
_MENU = re.compile(r"\s*(?:>|→|»|➜|\u203a)\s*")
_BOLD = re.compile(r"\*\*([^*\n]{1,120})\*\*|__([^_\n]{1,120})__|[\u201c\"]([^\u201d\"\n]{1,80})[\u201d\"]")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+|^\s*#{1,6}\s+|^\s*>\s?", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+(?:[-'\u2019.][^\W_]+)*")
_UP_TO_TWENTY = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_OTHERS = {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100"}
_ORDER = {"once": "1", "twice": "2", "first": "1", "second": "2", "third": "3"}
_SPELLED = {word: str(number) for number, word in enumerate(_UP_TO_TWENTY)} | _OTHERS | _ORDER


def plain(text: str) -> str:
    """Reduce to casefolded words with single spaces: what two renderings of one text have in common."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+", folded))


def bare(sentence: str) -> str:
    """Give the sentence without citation markers, bullets and list numbers."""
    return _BULLET.sub("", without_markers(sentence)).strip()


def missing_fact(sentence: str, source: str, *, foreign: bool = False) -> str | None:
    """Say which fact of the sentence its source does not hold; None when it holds all.

    `foreign`: the sentence is in another language than the source; then names and labels may be translated, but
    addresses, numbers and commands may not.
    """
    text = bare(sentence)
    if fault := _active(text, source):
        return fault
    for match in _COMMAND.finditer(text):
        if " ".join(match[1].split()) not in " ".join(source.split()):
            return f"command not in the cited passages: {match[1]}"
    if fault := _numbers(_COMMAND.sub(" ", text), source):
        return fault
    return None if foreign else _unnamed(text, source)


def _unnamed(text: str, source: str) -> str | None:
    """Find a label, a menu, a platform or a name that the source does not have."""
    held = f" {plain(source)} "
    for label in _labels(text):
        if f" {plain(label)} " not in held:
            return f"label or menu not in the cited passages: {label}"
    if odd := platforms(text) - platforms(source):
        return f"platform not in the cited passages: {min(odd)}"
    known = {_root(word) for word in words(source)}
    run = held.replace(" ", "")
    for name in named(text):
        if all(_root(word) in known for word in words(name)) or plain(name).replace(" ", "") in run:
            continue
        if not _abbreviates(name, source):
            return f"name not in the cited passages: {name}"
    return None


def _abbreviates(name: str, source: str) -> bool:
    """Whether the name is made of the first letters of words that follow each other in the source."""
    letters = name.rstrip("s").casefold()
    if not name.rstrip("s").isupper() or len(letters) < 2:  # noqa: PLR2004 - one letter abbreviates anything
        return False
    initials = "".join(word[0] for word in words(source))
    telling = "".join(word[0] for word in words(source) if word not in STOP_WORDS["en"])
    return letters in initials or letters in telling


def _active(text: str, source: str) -> str | None:
    """Find what a chat would load, follow or show as something else, and the source does not have."""
    prose = _COMMAND.sub(" ", text)
    if _IMAGE.search(prose):
        return "an image"
    if _HTML.search(_URL.sub(" ", prose)):
        return "HTML or a mention"
    if _REFERENCE.search(prose):
        return "a link by reference"
    for match in _TARGET.finditer(prose):
        target = match[1] or match[2] or ""
        if target not in source or not target:
            return f"link not in the cited passages: {target}"
    for kind, pattern in (("URL", _URL), ("URL", _SCHEME), ("e-mail address", _EMAIL), ("address", _DOMAIN)):
        for match in pattern.finditer(text):
            if not _stands(match[0].rstrip(".,;:!?"), source):
                return f"{kind} not in the cited passages: {match[0]}"
    return None


def _stands(address: str, source: str) -> bool:
    """Whether the address stands in the source as a whole: a longer path or another host is another address."""
    at = source.casefold().find(address.casefold())
    while at >= 0:
        after = source[at + len(address) : at + len(address) + 2]
        before = source[at - 1 : at] if at else ""
        if not re.match(r"[\w/?#&=%@-]|\.\w", after) and not re.match(r"[\w@-]", before):
            return True
        if after[:1] == "/" and not re.match(r"/\w", after) and not re.match(r"[\w@-]", before):
            return True
        at = source.casefold().find(address.casefold(), at + 1)
    return False


def _numbers(text: str, source: str) -> str | None:
    known = {_digits(n) for n in _NUMBER.findall(source)} | {
        _SPELLED[w] for w in words(source) if w in _SPELLED
    }
    known |= {part for n in known for part in re.split(r"[:/-]", n)}
    for number in _NUMBER.findall(text):
        if _digits(number) not in known:
            return f"number not in the cited passages: {number}"
    spelled = {
        w for w in words(text) if w in _SPELLED and w not in {"one", "once", "first", "second", "zero"}
    }
    if odd := {w for w in spelled if _SPELLED[w] not in known and w not in words(source)}:
        return f"number not in the cited passages: {min(odd)}"
    units = {(_digits(n), _unit(u)) for n, u in _UNIT.findall(source)}
    for number, unit in _UNIT.findall(text):
        others = {u for n, u in units if n == _digits(number)}
        if others and _unit(unit) not in others:
            return f"unit not in the cited passages: {number} {unit}"
    return None


def _digits(number: str) -> str:
    return re.sub(r"[,](?=\d{3}\b)", "", number).rstrip(".")


def _unit(unit: str) -> str:
    unit = unit.casefold().rstrip("s")
    return {
        "percent": "%",
        "euro": "€",
        "eur": "€",
        "dollar": "$",
        "usd": "$",
        "sec": "second",
        "min": "minute",
    }.get(unit, unit)


def _labels(text: str) -> Iterator[str]:
    for match in _BOLD.finditer(text):
        yield from _MENU.split(next(group for group in match.groups() if group))
    for line in _BOLD.sub(" ", text).split("\n"):
        parts = _MENU.split(line)
        if len(parts) > 1:
            yield from (words_at_end(parts[0]), *parts[1:-1], words_at_start(parts[-1]))


def words_at_end(text: str) -> str:
    """Give the capitalised words at the end: the menu's name before `>`."""
    found = re.search(r"((?:[A-Z0-9][\w&'-]*\s*)+)$", text.strip())
    return found[1] if found else ""


def words_at_start(text: str) -> str:
    """Give the capitalised words at the start: the menu's name after `>`."""
    found = re.match(r"\s*((?:[A-Z0-9][\w&'-]*\s*)+)", text)
    return found[1] if found else ""


def named(text: str) -> list[str]:
    """Give words that look like names: a capital inside a sentence, letters with digits, CamelCase.

    Not in a title-cased line (a heading), where capitals say nothing.
    """
    prose = re.sub(r"[*_`#]+|\]\([^)]*\)", " ", text)
    found: list[str] = []
    for part in re.split(r"(?<=[.!?:\n])\s+|[\n\u2022(\"\u201c]|\s[-\u2013\u2014]\s", prose):
        tokens = _WORD.findall(part)
        small = sum(token[0].islower() for token in tokens)
        for position, token in enumerate(tokens):
            inner = any(c.isupper() for c in token[1:]) or (
                any(map(str.isdigit, token)) and any(map(str.isalpha, token))
            )
            starts = token[0].isupper() and position > 0 and small >= len(tokens) / 3
            if (inner or starts) and token.casefold() not in STOP_WORDS["en"] and len(token) > 1:
                found.append(token)
    return found


def _root(word: str) -> str:
    return stem(word.removesuffix("'s"))
