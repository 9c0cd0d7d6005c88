"""Splitting CommonMark into pieces of limited length: at paragraphs if it can, with code fences opened again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.text.fences import Fence, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST_LIMIT = 100
_WHOLE = re.compile(r"!?\[[^\]\n]*\]\([^)\n]*\)|<?https?://[^\s<>]+>?|(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
"""What must not be cut in two: links, addresses and code in a line."""
_SPACE = re.compile(r"\s(?=\S)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `body` is the text's own, `opening` and `closing` are fences that the cut made necessary."""

    body: str
    opening: str = ""
    closing: str = ""

    @property
    def text(self) -> str:
        """What is shown: the blank lines at the cut are left out, those in code are kept."""
        body = self.body
        if not self.opening:
            body = re.sub(r"\A(?:[ \t]*\n)+", "", body)
        if not self.closing:
            return f"{self.opening}{body.rstrip()}"
        newline = "" if body.endswith("\n") else "\n"
        return f"{self.opening}{body}{newline}{self.closing}"


def split(text: str, limit: int) -> list[Piece]:
    """Give the text in as few pieces as its borders allow, none with a text over `limit` characters.

    The bodies, joined, are the text. A piece ends at a paragraph, else at a line, else at a space, else
    anywhere, whichever fills at least half of it. `limit` is at least `SHORTEST_LIMIT`.
    """
    if limit < SHORTEST_LIMIT:
        raise ValueError(f"a limit of {limit} characters is too short; give at least {SHORTEST_LIMIT}")
    pieces: list[Piece] = []
    fence: Fence | None = None
    while text:
        fence = fence.again if fence else None
        opening = f"{fence.opening}\n" if fence else ""
        size, fence = _cut(text, limit - len(opening), fence)
        pieces.append(Piece(text[:size], opening, fence.closing if fence else ""))
        text = text[size:]
    return [piece for piece in pieces if piece.text.strip()] if len(pieces) == 1 else _joined(pieces)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Give blank pieces to the one before, for no message is made of blanks."""
    kept: list[Piece] = []
    for piece in pieces:
        if kept and not piece.opening and not piece.body.strip():
            last = kept[-1]
            kept[-1] = Piece(last.body + piece.body, last.opening, last.closing)
        else:
            kept.append(piece)
    return kept


def _cut(text: str, room: int, fence: Fence | None) -> tuple[int, Fence | None]:
    """Give how much of the text goes into a piece with this room, and the fence that is open there."""
    window = text[: room + 1]
    paragraphs: list[tuple[int, Fence | None]] = []
    borders: list[tuple[int, Fence | None]] = []
    end = 0
    inside = fence
    for line in lines_of(window, fence):
        end += len(line.text)
        if _size(end, line.after) > room or (end == len(window) < len(text)):
            break
        inside = line.after
        borders.append((end, inside))
        if line.is_blank:
            paragraphs.append(borders[-1])
    else:
        return len(text), inside
    for found in (paragraphs, borders):
        if found and found[-1][0] * 2 >= room:
            return found[-1]
    start = borders[-1][0] if borders else 0
    if start and lines_of(text[start:].partition("\n")[0], inside)[0].after != inside:
        return borders[-1]  # the line of a fence stays whole
    room -= len(inside.closing) + 1 if inside else 0
    return _cut_in_line(text, start, room, inside), inside


def _size(end: int, fence: Fence | None) -> int:
    return end + (len(fence.closing) + 1 if fence else 0)


def _cut_in_line(text: str, start: int, room: int, fence: Fence | None) -> int:
    """Give a place at most `room` characters into the text at which its line can be cut."""
    if fence is not None:
        return room
    wholes = list(_wholes(text[: room * 2], start))
    spaces = [found.end() for found in _SPACE.finditer(text, start, room + 1)]
    for place in (*reversed(spaces), room):
        if place * 2 < room or place > room:
            continue
        if not any(first < place < last for first, last in wholes):
            return place
    around = [first for first, last in wholes if first < room < last and first * 2 >= room]
    return around[0] if around else room


def _wholes(text: str, start: int) -> Iterator[tuple[int, int]]:
    for found in _WHOLE.finditer(text, start):
        yield found.span()
