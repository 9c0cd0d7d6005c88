"""Text that a reader does not see but a machine reads: zero-width and bidirectional characters, tag letters."""

from __future__ import annotations

import re
import unicodedata

_JOINERS = frozenset("\u200c\u200d")
"""Emoji, Arabic and Indic scripts need them."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u2800")
"""Letters and marks that show nothing."""
_LOOKED_AT = re.compile(r"[^\n\t\x20-\x7e\u00a0-\u00ac\u00ae-\u0300]")
"""Most characters need no look: Latin letters and signs hide nothing."""


def visible(text: str) -> str:
    """Give the text without control, format, private-use and filler characters; lines and tabs stay."""
    return _LOOKED_AT.sub(lambda match: "" if _hides(match[0]) else match[0], text)


def _hides(character: str) -> bool:
    if character in _JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs"} or character in _FILLERS
