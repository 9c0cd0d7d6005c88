"""Cuts words that arrive piece by piece into the units that are checked: sentences, list items, code blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.answering.grounding.markers import MARKERS
from knowledge.answering.sentences import sentence_spans

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_BEGINS = re.compile(
    r"<(?:t(?:h(?:i(?:n(?:k(?:i(?:ng?)?)?)?)?)?)?)?\Z|<think(?:ing)?>", re.IGNORECASE
)
_LEADING = re.compile(rf"(?:{MARKERS.pattern})+[.!?]?")
_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
_ENDED = re.compile(r"(?:[.!?\u2026:\u3002\uff01\uff1f|][\"'\u201d\u2019)*_]*|\])\s*\Z")


@dataclass(frozen=True, slots=True)
class Unit:
    """`before` is the white space that parts it from the unit before: a space, a line end, or an empty line."""

    text: str
    before: str


class SentenceCutter:
    """Feed it; it gives what is whole. A marker behind a full stop belongs to the sentence before it."""

    def __init__(self) -> None:
        self._rest = ""
        self._before = ""

    def feed(self, piece: str) -> list[Unit]:
        """Take the next piece, give the units that are whole now."""
        self._rest = (
            _THOUGHT.sub("", self._rest + piece) if "</think" in self._rest + piece else self._rest + piece
        )
        if _THOUGHT_BEGINS.search(self._rest):
            return []
        units: list[Unit] = []
        while "\n" in self._rest:
            block = self._fenced()
            if block is None:
                line, self._rest = self._rest.split("\n", 1)
                units += self._line(line)
                self._before = "\n\n" if self._before.startswith("\n") and not line.strip() else "\n"
            elif block == "":
                return units
            else:
                units.append(self._unit(block))
                self._before = "\n"
        if not _FENCE.match(self._rest):
            units += self._whole_sentences()
        return units

    def end(self, *, whole: bool) -> list[Unit]:
        """Give what is left; where the words were cut, only if it ends like a sentence."""
        rest, self._rest = _THOUGHT.sub("", self._rest), ""
        if not whole and not _ENDED.search(rest):
            rest = rest[: self._last_end(rest)]
        if _FENCE.match(rest):
            return [self._unit(rest.rstrip())] if whole and len(_FENCE.findall(rest)) else []
        return [unit for line in rest.split("\n") for unit in self._line(line)]

    def _last_end(self, rest: str) -> int:
        spans = sentence_spans(rest)
        return spans[-2][1] if len(spans) > 1 else 0

    def _fenced(self) -> str | None:
        """Give the code block that the rest begins with: None if there is none, empty while it is not whole."""
        opening = _FENCE.match(self._rest)
        if not opening:
            return None
        closing = re.compile(rf"\n[ \t]*{opening[1]}[ \t]*\n").search(self._rest)
        if not closing:
            return ""
        block, self._rest = self._rest[: closing.end() - 1], self._rest[closing.end() :]
        return block

    def _line(self, line: str) -> list[Unit]:
        return [self._unit(text) for text in _sentences(line) if text.strip()]

    def _unit(self, text: str) -> Unit:
        unit = Unit(text, self._before)
        self._before = " "
        return unit

    def _whole_sentences(self) -> list[Unit]:
        parts = _sentences(self._rest)
        units: list[Unit] = []
        while len(parts) > 1 and parts[1].strip() and not parts[1].lstrip().startswith("["):
            units.append(self._unit(parts[0]))
            self._rest = self._rest[self._rest.index(parts[0]) + len(parts[0]) :]
            parts = _sentences(self._rest)
        return units


def _sentences(line: str) -> list[str]:
    """Split a line, each sentence with the markers that follow its full stop."""
    found: list[str] = []
    for start, end in sentence_spans(line):
        text = line[start:end]
        lead = _LEADING.match(text)
        if found and lead:
            found[-1] = f"{found[-1]} {lead[0].strip()}"
            text = text[lead.end() :].strip()
        if found and text[:1].islower() and not lead:
            found[-1] = f"{found[-1]} {text}"  # "press **Forgot password?** and …" is one sentence
        elif text:
            found.append(text)
    return found
