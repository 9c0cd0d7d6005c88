"""Which language a text is in: by its script, and in Latin script by its commonest words."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CHARACTERS = 2_000
"""So much of a text is read; more does not change the finding."""

STOP_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        tag: frozenset(listed.split())
        for tag, listed in tomllib.loads(
            files("knowledge.answering").joinpath("stop_words.toml").read_text(encoding="utf-8")
        ).items()
    }
)
"""Words that say nothing about the subject of a question, by language."""

_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("uk", re.compile(r"[іїєґІЇЄҐ]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
)
_LETTERS = (("de", "äöüß"), ("fr", "çêèœ"), ("es", "ñ¿¡"), ("pt", "ãõ"))
_NOISE = re.compile(r"`[^`]*`|https?://\S+|\]\([^)]*\)")


def detect_language(text: str) -> str | None:
    """Give the two-letter tag, or None where the text does not show it (one word, code, emoji)."""
    return _detected(text[:MAX_CHARACTERS])


@lru_cache(maxsize=2048)  # an answer asks it of each of its passages' sentences, again and again
def _detected(text: str) -> str | None:
    text = _NOISE.sub(" ", unicodedata.normalize("NFC", text))
    letters = sum(character.isalpha() for character in text)
    if not letters:
        return None
    for tag, pattern in _SCRIPTS:
        if len(pattern.findall(text)) > 0.2 * letters or (tag == "ja" and pattern.search(text)):
            return tag
    return _latin(text)


def _latin(text: str) -> str | None:
    words = Counter(re.findall(r"[^\W\d_]+", text.casefold()))
    votes = {
        tag: float(sum(count for word, count in words.items() if word in stops))
        for tag, stops in STOP_WORDS.items()
    }
    for tag, letters in _LETTERS:
        if any(letter in text.casefold() for letter in letters):
            votes[tag] += 1.0
    (best, most), (_, second) = sorted(votes.items(), key=lambda item: -item[1])[:2]
    return best if most > second and most >= min(2.0, 0.34 * words.total()) else None


def same_language(first: str | None, second: str | None) -> bool:
    """Whether two BCP 47 tags may be the same language; a missing tag may be any."""
    if not first or not second:
        return True
    return first.replace("_", "-").split("-")[0].lower() == second.replace("_", "-").split("-")[0].lower()
