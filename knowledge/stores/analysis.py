"""Words as keyword search compares them: folded, stemmed by language, codes kept whole and in parts."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from importlib.resources import files
from itertools import pairwise

import Stemmer

_DEFAULT_LANGUAGE = "english"
_SNOWBALL = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}

# Scripts written without spaces: Thai to Khmer, kana, Han. (Hangul has spaces but no Snowball stemmer.)
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003134f"
)
_WORD = rf"[^\W{_UNSPACED}]+"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|{_WORD}(?:[._\-/@:'\u2019]{_WORD})*(?:\+\+|\#(?!\w))?")
_PART = re.compile(r"[^\W_]+")
_UNSPACED_TOKEN = re.compile(rf"[{_UNSPACED}]")
_APOSTROPHE = re.compile("['\u2019]")
_CACHE_LIMIT = 200_000
_LONGEST_TERM = 64


def stemmer_language(tag: str | None) -> str:
    """Give the Snowball name for a BCP 47 tag; English where there is none, so that texts and questions agree."""
    return _SNOWBALL.get((tag or "").split("-")[0].lower(), _DEFAULT_LANGUAGE)


def common_terms(analyzer: Analyzer) -> frozenset[str]:
    """Give the terms of words that say nothing about a subject, in all languages that we have a list of."""
    words = tomllib.loads(
        files("knowledge.answering").joinpath("stop_words.toml").read_text(encoding="utf-8")
    )
    return frozenset(
        term for tag, listed in words.items() for term in analyzer.terms(listed, stemmer_language(tag))
    )


class Analyzer:
    """Turns text into terms. Not safe for use by several threads at once (the stemmers are not)."""

    def __init__(self) -> None:
        self._stemmers: dict[str, Stemmer.Stemmer] = {}
        self._known: dict[str, dict[str, tuple[str, ...]]] = {}

    def terms(self, text: str, language: str) -> list[str]:
        """Give the terms of a text in order; `language` is a Snowball name."""
        folded = unicodedata.normalize("NFKC", text).casefold()
        known = self._known.setdefault(language, {})
        terms: list[str] = []
        for token in _TOKEN.findall(folded):
            found = known.get(token)
            if found is None:
                found = self._remember(known, token, language)
            terms += found
        return terms

    def _remember(self, known: dict[str, tuple[str, ...]], token: str, language: str) -> tuple[str, ...]:
        if len(known) >= _CACHE_LIMIT:
            known.clear()
        known[token] = self._analysed(token, language)
        return known[token]

    def _analysed(self, token: str, language: str) -> tuple[str, ...]:
        if _UNSPACED_TOKEN.match(token):
            return tuple(a + b for a, b in pairwise(token)) if len(token) > 1 else (token,)
        word = _APOSTROPHE.sub("", token.removesuffix("'s").removesuffix("\u2019s"))
        parts = _PART.findall(word)
        if parts == [word]:
            return (self._stem(word, language),)
        # A code such as err_504 or acme.ovpn: as it stands, and by its parts.
        return (word[:_LONGEST_TERM], *(self._stem(part, language) for part in parts))

    def _stem(self, word: str, language: str) -> str:
        stemmer = self._stemmers.get(language)
        if stemmer is None:
            # Words are cached here already, so the stemmer's own cache would only take memory.
            stemmer = self._stemmers[language] = Stemmer.Stemmer(language, 0)
        stem: str = stemmer.stemWord(word[:_LONGEST_TERM])
        return stem
