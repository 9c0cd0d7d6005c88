"""Labels, menus, platforms and names of a sentence that its source does not have."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from knowledge.aliases import named_in, spoken
from knowledge.answering.gate_words import load_word_vectors
from knowledge.answering.grounding.markers import plain
from knowledge.answering.language import STOP_WORDS
from knowledge.answering.words import platforms, stem, words

if TYPE_CHECKING:
    from collections.abc import Iterator

_MENU = re.compile(r"\s+(?:>|→|»|➜|\u203a)\s+|(?<=[\w*\"])(?:>|→|»|➜|\u203a)(?=[A-Z*\"])")
_BOLD = re.compile(r"\*\*([^*\n]{1,120})\*\*|__([^_\n]{1,120})__|[\u201c\"]([^\u201d\"\n]{1,80})[\u201d\"]")
_EXAMPLE = re.compile(r"(?:such as|like|say|saying|ask|asking|e\.g\.|for example),?\s*$", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:[-'\u2019.][^\W_]+)*")
_SHORT_FORM = re.compile(
    r"((?:[\w'\u2019]+[\s-]+){1,9})\((?:[\w .]{1,12}\b(?:or|,)\s)?([A-Z][\w/&-]{1,9}s?)\)"
)
_LONG_FORM = re.compile(r"\b[A-Z][\w-]*(?:\s+(?:(?:of|and|the|for)\s+)?[A-Z][\w-]*)+")
_LANDS = (
    "uk kingdom britain british, us usa states american america, greece greek greeks, france french, spain spanish, "
    "germany german, netherlands dutch, switzerland swiss, wales welsh, denmark danish, turkey turkish, "
    "eu europe european, sweden swedish, poland polish, ireland irish, scotland scottish, england english"
)
_LAND = {word: frozenset(row.split()) for row in _LANDS.split(", ") for word in row.split()}
_OF_A_LAND = frozenset(("", "a", "n", "an", "y", "ian", "ese", "uese", "al", "ans", "ians", "ish", "i", "is"))
_BEGINNING = re.compile(r"[\W_]*([A-Z][a-z]{3,})(?![\w'\u2019-])")
_LEAST_SHARED = 4
_EVERYDAY = 20_000


def missing_name(text: str, source: str) -> str | None:
    """Say which label, menu, platform or name of the text the source does not hold; None when it holds all.

    Held is also what is abbreviated or written out there ("WHO", "World Health Organization"), what the text itself
    abbreviates in brackets, a land's adjective, and another name in knowledge/aliases.toml.
    """
    held = f" {plain(source)} "
    for label in _labels(text):
        if plain(label) and f" {plain(label)} " not in held:
            return f"label or menu not in the cited passages: {label}"
    if odd := platforms(text) - platforms(source):
        return f"platform not in the cited passages: {min(odd)}"
    known = _roots(source)
    run = held.replace(" ", "")
    excused = _excused(text, source)
    for name in named(text):
        if all(_root(word) in known or word in excused for word in words(name)):
            continue
        if plain(name).replace(" ", "") in run or abbreviates(name, source) or _of_one_land(name, source):
            continue
        return f"name not in the cited passages: {name}"
    return _unknown_beginning(text, known, run, source)


def _unknown_beginning(text: str, known: frozenset[str], run: str, source: str) -> str | None:
    """Find a first word that neither the source nor the language has: a capital says nothing there."""
    found = _BEGINNING.match(text)
    if not found or not found[1].isascii() or abbreviates(found[1], text):
        return None
    folded = found[1].casefold()
    if _root(folded) in known or folded in run or _common(folded):
        return None
    return None if _of_one_land(found[1], source) else f"name not in the cited passages: {found[1]}"


def _common(word: str) -> bool:
    """Whether a casefolded word is an everyday English one; the table's last rows are names."""
    row = load_word_vectors().row(word)
    return row is not None and row < _EVERYDAY


@lru_cache(maxsize=256)
def _roots(source: str) -> frozenset[str]:
    return frozenset(_root(word) for word in words(source))


def _excused(text: str, source: str) -> frozenset[str]:
    """Give the casefolded words that stand in the source under another name, or are abbreviated in the text itself."""
    found: set[str] = set()
    for match in _SHORT_FORM.finditer(text):
        if abbreviates(match[2], match[1]):
            found.update(words(match[2]))
    for match in _LONG_FORM.finditer(text):
        letters = "".join(word[0] for word in _WORD.findall(match[0]) if word[0].isupper())
        if len(letters) > 1 and re.search(rf"\b{re.escape(letters)}s?\b", source.replace(".", "")):
            found.update(word for word in words(match[0]) if _common(word))
    said = spoken(source)
    for thing in named_in(text):
        if thing.stands_in(said):
            found |= thing.words
    return frozenset(found)


def abbreviates(name: str, text: str) -> bool:
    """Whether the name is made of the first letters of words that follow each other in the text."""
    letters = name.rstrip("s").casefold()
    if not name.rstrip("s").isupper() or len(letters) < 2:  # noqa: PLR2004 - one letter abbreviates anything
        return False
    initials = "".join(word[0] for word in words(text))
    telling = "".join(word[0] for word in words(text) if word not in STOP_WORDS["en"])
    return letters in initials or letters in telling


def _of_one_land(name: str, source: str) -> bool:
    """Whether the source has the land of an adjective, or the adjective of a land: Greece and Greek."""
    folded = name.casefold().removesuffix("'s").removesuffix("\u2019s").replace(".", "")
    held = {word.casefold().replace(".", "") for word in _WORD.findall(source) if word[0].isupper()}
    if _LAND.get(folded, frozenset()) & held:
        return True
    if not folded.isalpha():
        return False
    for other in held:
        shared = next(
            (i for i, (a, b) in enumerate(zip(folded, other, strict=False)) if a != b),
            min(len(folded), len(other)),
        )
        if shared >= _LEAST_SHARED and {folded[shared:], other[shared:]} <= _OF_A_LAND and other.isalpha():
            return True
    return False


def _labels(text: str) -> Iterator[str]:
    for match in _BOLD.finditer(text):
        quoted = match[3]
        if quoted and _EXAMPLE.search(text[: match.start()]) and len(quoted.split()) > _LEAST_SHARED:
            continue  # words to say, no label
        yield from _MENU.split(next(group for group in match.groups() if group))
    for line in _BOLD.sub(" ", text).split("\n"):
        parts = _MENU.split(line)
        if len(parts) > 1:
            ends = (_words_at_end(parts[0]), *parts[1:-1], _words_at_start(parts[-1]))
            yield from (part for part in ends if re.search(r"[^\W\d_]", part))


def _words_at_end(text: str) -> str:
    """Give the capitalised words at the end: the menu's name before `>`."""
    found = re.search(r"((?:[A-Z0-9][\w&'-]*\s*)+)$", text.strip())
    return found[1] if found else ""


def _words_at_start(text: str) -> str:
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
            amount = token[0].isdigit() and not inner_capital(token)
            if (
                (inner or starts)
                and not amount
                and token.casefold() not in STOP_WORDS["en"]
                and len(token) > 1
            ):
                found.append(token)
    return found


def inner_capital(token: str) -> bool:
    """Whether a capital stands behind the first letter."""
    return any(c.isupper() for c in token[1:])


def _root(word: str) -> str:
    return stem(word.removesuffix("'s"))
