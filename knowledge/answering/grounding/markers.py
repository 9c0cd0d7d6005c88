"""Citation markers: `[1]`, `[2][3]`, `[1, 2]` after what they support."""

from __future__ import annotations

import re

MARKERS = re.compile(r"[ \t]*\[\s*\d{1,3}(?:\s*[,;\u2013-]\s*\d{1,3})*\s*\](?!\()")
_NUMBER = re.compile(r"\d{1,3}")


def cited_numbers(text: str) -> tuple[int, ...]:
    """Give the numbers that the markers of a text name, in order, each once."""
    found = [int(n) for match in MARKERS.finditer(text) for n in _NUMBER.findall(match[0])]
    return tuple(dict.fromkeys(found))


def without_markers(text: str) -> str:
    """Give the text without its markers."""
    return MARKERS.sub("", text)
