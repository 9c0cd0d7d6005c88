"""The words of a question that say what it is about: stems without stop words, names, numbers, platforms."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache
from types import MappingProxyType

import Stemmer

from knowledge.answering.language import STOP_WORDS

MAX_QUESTION = 4_000
"""Characters of a question that are read; people put the point first, and pasted logs last."""

_ALGORITHMS = MappingProxyType(
    {
        "en": "english",
        "de": "german",
        "fr": "french",
        "es": "spanish",
        "it": "italian",
        "pt": "portuguese",
        "nl": "dutch",
    }
)
_WORD = re.compile(r"[a-z]\+\+|[a-z]#|[^\W_]+")
_POSSESSIVE = re.compile(r"'s\b")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w])")
_PLATFORMS = MappingProxyType(
    {
        "mac": "mac",
        "macos": "mac",
        "osx": "mac",
        "macbook": "mac",
        "imac": "mac",
        "windows": "windows",
        "win10": "windows",
        "win11": "windows",
        "linux": "linux",
        "ubuntu": "linux",
        "debian": "linux",
        "fedora": "linux",
        "android": "android",
        "ios": "ios",
        "iphone": "ios",
        "ipad": "ios",
        "ipados": "ios",
        "chromebook": "chromeos",
        "chromeos": "chromeos",
    }
)
_locks = threading.local()


@lru_cache(maxsize=256)  # each step of an answer asks for it
def clip(text: str) -> str:
    """Cut a question to the characters that are read, without control characters and lone surrogates."""
    text = unicodedata.normalize("NFKC", text[: 2 * MAX_QUESTION])
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs", "Cf"} else " " for c in text
    )[:MAX_QUESTION].strip()


def words(text: str) -> list[str]:
    """Split into casefolded words; runs of Chinese, Japanese and Korean become pairs of characters."""
    folded = text.casefold()
    if "\u2019" in folded or "'" in folded:
        folded = _POSSESSIVE.sub("", folded.replace("\u2019", "'")).replace("'", "")
    plain = _WORD.findall(folded)
    if not _CJK.search(folded):
        return plain
    return [part for word in plain for part in (_pairs(word) if _CJK.search(word) else (word,))]


def _pairs(word: str) -> list[str]:
    return [word[i : i + 2] for i in range(len(word) - 1)] or [word]


@lru_cache(maxsize=20_000)
def stem(word: str, language: str = "en") -> str:
    """Give the Snowball stem of a casefolded word; a language without a stemmer leaves it as it is."""
    algorithm = _ALGORITHMS.get(language)
    if algorithm is None:
        return word
    stemmers: dict[str, Stemmer.Stemmer] = _locks.__dict__.setdefault("stemmers", {})
    if algorithm not in stemmers:
        stemmers[algorithm] = Stemmer.Stemmer(algorithm)
    return str(stemmers[algorithm].stemWord(word))


def content_stems(text: str, language: str | None = None) -> list[str]:
    """Give the stems of the words that say something, in order, with repetitions."""
    language = (language or "en").split("-")[0].lower()
    stops = _stops(language)
    return [stem(word, language) for word in words(text) if word not in stops]


@lru_cache(maxsize=1024)  # gate and extract ask for the same passages
def stem_set(text: str, language: str | None = None) -> frozenset[str]:
    """Give the content stems of a text, each once."""
    return frozenset(content_stems(text, language))


@lru_cache(maxsize=64)
def _stops(language: str) -> frozenset[str]:
    return STOP_WORDS.get(language, frozenset()) | STOP_WORDS["en"]


def platforms(text: str) -> frozenset[str]:
    """Give the platforms that the text names: mac, windows, linux, android, ios, chromeos."""
    return frozenset(_PLATFORMS[word] for word in words(text) if word in _PLATFORMS)


def names_platform(word: str) -> tuple[str, ...]:
    """Give the words for the platform that a casefolded word names, itself included; none for another word."""
    named = _PLATFORMS.get(word)
    return () if named is None else tuple(name for name, one in _PLATFORMS.items() if one == named)


def numbers(text: str) -> frozenset[str]:
    """Give the numbers that stand alone in the text ("90", "1.5"), as they are written."""
    return frozenset(_NUMBER.findall(text))


def names(text: str) -> frozenset[str]:
    """Give the casefolded words that look like names: a capital inside a sentence, or letters with digits."""
    found = set[str]()
    for sentence in re.split(r"[.!?\n]\s*", text):
        inner = re.findall(r"[A-Za-z0-9]{2,}", sentence)[1:]
        found.update(word.casefold() for word in inner if _is_name(word))
    return frozenset(found - STOP_WORDS["en"])


def _is_name(word: str) -> bool:
    coded = any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
    return coded or any(c.isupper() for c in word[1:]) or word[0].isupper()
