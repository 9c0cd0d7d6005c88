"""What of a sentence must stand in its sources letter by letter: addresses, numbers, commands, menus, names."""

from __future__ import annotations

import re

from knowledge.answering.grounding.markers import without_markers
from knowledge.answering.grounding.names import missing_name
from knowledge.answering.grounding.quantities import missing_amount

_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>()\[\]\"'`*|]+|\bwww\.[^\s<>()\[\]\"'`*|]+", re.IGNORECASE
)
_SCHEME = re.compile(
    r"\b(?:javascript|vbscript|data|file|mailto|tel|sms|slack|discord|tg):\S+", re.IGNORECASE
)
_DOMAIN = re.compile(r"(?<![\w@/.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[^\s<>()\[\]\"'`*|]*)?", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TARGET = re.compile(r"\]\(\s*<?([^)>\s]*)|^\s*\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_REFERENCE = re.compile(r"\][ ]?\[[^\]\d][^\]]*\]|\[[^\]]+\]:\s")
_IMAGE = re.compile(r"!\[|<img\b", re.IGNORECASE)
_HTML = re.compile(r"</?[a-z][^<>]*>|<!--|<[!@#:]", re.IGNORECASE)
_COMMAND = re.compile(r"`+([^`\n]+)`+")
_BULLET = re.compile(
    r"^\s*(?:[-*+]|\d{1,3}[.)])\s+|^\s*#{1,6}\s+|^\s*>\s?|\n\s*\d{1,3}[.)]?\s*\Z", re.MULTILINE
)


def bare(sentence: str) -> str:
    """Give the sentence without citation markers, bullets and list numbers."""
    return _BULLET.sub("", without_markers(sentence)).strip()


def missing_fact(sentence: str, source: str, *, foreign: bool = False) -> str | None:
    """Say which fact of the sentence its source does not hold; None when it holds all.

    `foreign`: the sentence is in another language than the source; then names and labels may be translated, but
    addresses, numbers and commands may not.
    """
    text = bare(sentence)
    if fault := _active(text, source):
        return fault
    for match in _COMMAND.finditer(text):
        if " ".join(match[1].split()) not in " ".join(source.split()):
            return f"command not in the cited passages: {match[1]}"
    if fault := missing_amount(_EMAIL.sub(" ", _URL.sub(" ", _COMMAND.sub(" ", text))), source):
        return fault
    return None if foreign else missing_name(text, source)


def _active(text: str, source: str) -> str | None:
    """Find what a chat would load, follow or show as something else, and the source does not have."""
    prose = _COMMAND.sub(" ", text)
    if _IMAGE.search(prose):
        return "an image"
    if _HTML.search(_URL.sub(" ", prose)):
        return "HTML or a mention"
    if _REFERENCE.search(prose):
        return "a link by reference"
    for match in _TARGET.finditer(prose):
        target = match[1] or match[2] or ""
        if target not in source or not target:
            return f"link not in the cited passages: {target}"
    for kind, pattern in (("URL", _URL), ("URL", _SCHEME), ("e-mail address", _EMAIL), ("address", _DOMAIN)):
        for match in pattern.finditer(text):
            if not _stands(match[0].rstrip(".,;:!?"), source):
                return f"{kind} not in the cited passages: {match[0]}"
    return None


def _stands(address: str, source: str) -> bool:
    """Whether the address stands in the source as a whole: a longer path or another host is another address."""
    at = source.casefold().find(address.casefold())
    while at >= 0:
        after = source[at + len(address) : at + len(address) + 2]
        before = source[at - 1 : at] if at else ""
        if not re.match(r"[\w/?#&=%@-]|\.\w", after) and not re.match(r"[\w@-]", before):
            return True
        if after[:1] == "/" and not re.match(r"/\w", after) and not re.match(r"[\w@-]", before):
            return True
        at = source.casefold().find(address.casefold(), at + 1)
    return False
