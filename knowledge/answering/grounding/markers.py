"""Citation markers: `[1]`, `[2][3]`, `[1, 2]` after what they support; the words without any marks."""

from __future__ import annotations

import re
import unicodedata

MARKERS = re.compile(r"[ \t]*\[\s*\d{1,3}(?:\s*[,;\u2013-]\s*\d{1,3})*\s*\](?!\()")
_NUMBER = re.compile(r"\d{1,3}")


def cited_numbers(text: str) -> tuple[int, ...]:
    """Give the numbers that the markers of a text name, in order, each once."""
    found = [int(n) for match in MARKERS.finditer(text) for n in _NUMBER.findall(match[0])]
    return tuple(dict.fromkeys(found))


def without_markers(text: str) -> str:
    """Give the text without its markers."""
    return MARKERS.sub("", text)


def plain(text: str) -> str:
    """Reduce to casefolded words with single spaces: what two renderings of one text have in common."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+", folded))
