"""Text that a reader does not see but a machine reads: zero-width and bidirectional characters, tag letters."""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200c\u200d")
"""Emoji, Arabic and Indic scripts need them."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u2800")
"""Letters and marks that show nothing."""


def visible(text: str) -> str:
    """Give the text without control, format, private-use and filler characters; lines and tabs stay."""
    return "".join(c for c in text if c in "\n\t" or not _hides(c))


def _hides(character: str) -> bool:
    if character in _JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs"} or character in _FILLERS
