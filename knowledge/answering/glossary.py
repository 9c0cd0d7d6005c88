"""A question word by word in another language, by a small table: for articles that are not in the asker's language.

It is no translation and is never shown as one; it lets retrieval and the gate see what is asked where the model and the
keywords know one language only. What the table does not have stays as it is: names, codes, and words of both languages.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LANGUAGES = ("en", "de", "fr")
_ENDINGS = ("ungen", "innen", "ern", "em", "en", "er", "es", "e", "n", "s", "t")
_SHORTEST_STEM = 4
_SHORTEST_PART = 4
_SHORTEST_LAST = 3
_ASKED = re.compile(
    r"\b(how|where|when|why|what)\s(\w+(?:\s(?:on|off|up|in|out))?)\s(i|we|you)\b", re.IGNORECASE
)
"""The order of a German or French question: "how delete i" for "how do i delete"."""
_PHRASES = (
    (re.compile(r"\bf(?:ü|ue)gen?\b(.*?)\s?\bhinzu\b", re.IGNORECASE), r"hinzufügen\1"),
    (re.compile(r"\bmots?\sde\spasse\b", re.IGNORECASE), "passe"),
    (re.compile(r"\bgibt\ses\b", re.IGNORECASE), "gibt"),
    (re.compile(r"\by\sa-t-il\b|\best-ce\squ['\u2019e]\s?", re.IGNORECASE), ""),
)
_JOINTS = ("", "s", "es", "n", "en", "-")
_UMLAUT = str.maketrans("äöüàâéèêëîïôûùç", "aouaaeeeeiiouuc")
_SPELLED = re.compile(r"(?<![aeq])([aou])e")
"""How people without umlauts on their keys write them; "neue" and "quer" are not meant."""
_FUNCTION_ROWS = 31
"""Rows at the top of the table that say nothing about the subject."""


def glossary_digest() -> str:
    """Give what changes with the table; it is part of what decides an answer."""
    return _text()


@lru_cache(maxsize=1)
def _text() -> str:
    return files("knowledge.answering").joinpath("glossary.toml").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, tuple[int, dict[str, str]]]]:
    """Give, for each language, the key of each of its words with its row and that row's first words."""
    tables: dict[str, dict[str, tuple[int, dict[str, str]]]] = {language: {} for language in _LANGUAGES}
    rows = tomllib.loads(_text())["words"].strip().splitlines()
    for number, row in enumerate(rows):
        sides = [side.strip() for side in row.split("|")]
        plain = {
            language: side if language == "en" else side.split()[0]
            for language, side in zip(_LANGUAGES, sides, strict=True)
        }
        for language, side in zip(_LANGUAGES, sides, strict=True):
            for word in (side,) if language == "en" else side.split():
                for key in (_fold(word), _key(word)):
                    tables[language].setdefault(key, (number, plain))
    return tables


def in_other_words(text: str, asked: str, written: str) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """Give the text with its words put in the language `written`, and which were; None where too few are known.

    Languages are two-letter tags. Too few: no word that says what it is about, or fewer of those than of unknown ones.
    """
    if asked == written or asked not in _LANGUAGES or written not in _LANGUAGES:
        return None
    put: dict[str, str] = {}
    known = unknown = 0

    def other(match: re.Match[str]) -> str:
        nonlocal known, unknown
        word = match[0]
        found = _looked_up(word, asked)
        if not found and "-" in word:
            return _WORD.sub(other, word.replace("-", " "))
        if not found:
            unknown += not word[1:].isupper() and word.islower()
            return word
        said = " ".join(plain[written] for _, plain in found)
        if any(number >= _FUNCTION_ROWS for number, _ in found):
            known += 1
            put[word] = said
        return said

    said = _WORD.sub(other, _joined(text))
    if not known or unknown > known:
        return None
    if written == "en":
        said = _ASKED.sub(r"\1 do \3 \2", said)
    return said, tuple(sorted(put.items()))


def _joined(text: str) -> str:
    for phrase, word in _PHRASES:
        text = phrase.sub(word, text)
    return text


@lru_cache(maxsize=4096)
def _looked_up(word: str, language: str) -> tuple[tuple[int, dict[str, str]], ...]:
    """Give the rows of a word, of two where it is a compound of theirs; none where the table does not have it."""
    table = _tables()[language]
    for form in _forms(word):
        for key in (form, _stemmed(form)):
            if key in table:
                return (table[key],)
    if "-" in word:
        return ()
    if language != "de":
        return ()
    for form in _forms(word):
        for cut in range(_SHORTEST_PART, len(form) - _SHORTEST_LAST + 1):
            first, second = _part(form[:cut], table), table.get(form[cut:]) or table.get(_stemmed(form[cut:]))
            if first and second:
                return (first, second)
    return ()


def _part(text: str, table: dict[str, tuple[int, dict[str, str]]]) -> tuple[int, dict[str, str]] | None:
    for joint in _JOINTS:
        if text.endswith(joint):
            bare = text.removesuffix(joint) if joint else text
            if found := table.get(bare) or table.get(_stemmed(bare)):
                return found
    return None


def _forms(word: str) -> tuple[str, ...]:
    folded = _fold(word)
    return tuple(dict.fromkeys((folded, _SPELLED.sub(r"\1", folded))))


def _fold(word: str) -> str:
    return word.casefold().translate(_UMLAUT).replace("œ", "oe")


def _key(word: str) -> str:
    return _stemmed(_fold(word))


def _stemmed(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
