"""Which words of a question may be misspelt, and the question with them put right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from knowledge.answering.language import STOP_WORDS, detect_language
from knowledge.answering.missing_words import NO_THINGS, SHELL
from knowledge.answering.words import clip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from knowledge.answering.gate_words import WordVectors

_SHORTEST = 4
_SHORTEST_ELSEWHERE = 6
"""Where no list of the language's common words stands against it."""
_NOUNS_HAVE_CAPITALS = frozenset({"de"})
_MOST = 12
_WORD = re.compile(r"(?<![\w@./:#-])[^\W\d_]+(?![\w@/:]|\.\w|-\w)")
_ALL_STOPS = frozenset().union(*STOP_WORDS.values())


def suspects(question: str, vectors: WordVectors) -> list[str]:
    """Give the words that are no common English ones, as they are written, twelve at most.

    Codes, addresses, hyphenated words and names (a capital inside a sentence, or several in a word) are left alone.
    """
    text = clip(question)
    language = detect_language(text) or "en"
    shortest = _SHORTEST if language == "en" else _SHORTEST_ELSEWHERE
    found = (match for match in _WORD.finditer(text) if len(match.group()) >= shortest)
    words = (
        match.group()
        for match in found
        if not _is_name(match.group(), text[: match.start()], capitals=language not in _NOUNS_HAVE_CAPITALS)
    )
    return [word for word in dict.fromkeys(words) if _is_unknown(word.casefold(), vectors)][:_MOST]


def respell(question: str, repairs: Mapping[str, str]) -> str:
    """Put words right; one with a capital keeps it."""

    def right(match: re.Match[str]) -> str:
        word = match.group()
        repaired = repairs.get(word)
        if repaired is None:
            return word
        return repaired.capitalize() if word[0].isupper() else repaired

    return _WORD.sub(right, question) if repairs else question


def _is_unknown(word: str, vectors: WordVectors) -> bool:
    return word not in vectors and word not in NO_THINGS and word not in SHELL and word not in _ALL_STOPS


def _is_name(word: str, before: str, *, capitals: bool) -> bool:
    begins = not before.strip() or before.rstrip()[-1] in ".!?:\n"
    return any(letter.isupper() for letter in word[1:]) or (capitals and word[0].isupper() and not begins)
