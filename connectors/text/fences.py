"""Code in CommonMark: which lines stand in a fence, how that fence is opened and closed, and code in a line."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CONTAINER = r"(?P<indent>[ \t]{0,20}(?:(?:>|[-*+]|\d{1,9}[.)])[ \t]{1,4}){0,5})"
_OPENING = re.compile(_CONTAINER + r"(?P<fence>`{3,9}|~{3,9})(?P<info>[^\n]{0,40})")
_CLOSING = re.compile(r"[ \t>]{0,20}(?P<fence>`{3,20}|~{3,20})[ \t]{0,10}")
"""A line beyond these bounds is no fence that anybody writes; without them a fence's line could outgrow a message."""
_RUN = re.compile(r"\\.|(?P<run>`+)")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fence that is open: the line that opens it again, and the one that closes it, both without their newline."""

    opening: str
    closing: str
    character: str
    length: int

    @property
    def again(self) -> Fence:
        """The fence as it opens a new message, where the list that it stood in is not there to indent it."""
        opening, closing = (re.sub(r"\A {4,}", "   ", line) for line in (self.opening, self.closing))
        return Fence(opening, closing, self.character, self.length)


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its newline, and the fences that are open before and after it."""

    text: str
    before: Fence | None
    after: Fence | None

    @property
    def is_code(self) -> bool:
        """Whether it is a fence's line or stands in one."""
        return self.before is not None or self.after is not None

    @property
    def is_blank(self) -> bool:
        """Whether paragraphs end here."""
        return not self.is_code and not self.text.strip()


def lines_of(text: str, fence: Fence | None = None) -> list[Line]:
    """Give the lines of a text that begins inside of `fence`; joined, their texts are the text."""
    lines = []
    for content in _keep_newlines(text):
        after = _after(content.rstrip("\n"), fence)
        lines.append(Line(content, fence, after))
        fence = after
    return lines


def _keep_newlines(text: str) -> list[str]:
    """Split at newlines alone: CommonMark knows no other line ends that str.splitlines knows."""
    parts = [f"{part}\n" for part in text.split("\n")]
    parts[-1] = parts[-1][:-1]
    return parts if parts[-1] else parts[:-1]


def _after(line: str, fence: Fence | None) -> Fence | None:
    if fence is not None:
        found = _CLOSING.fullmatch(line)
        closes = (
            found is not None and found["fence"][0] == fence.character and len(found["fence"]) >= fence.length
        )
        return None if closes else fence
    found = _OPENING.fullmatch(line)
    if found is None or (found["fence"][0] == "`" and "`" in found["info"]):
        return None
    indent = re.sub(r"[^\s>]", " ", found["indent"])
    marks = found["fence"]
    return Fence(f"{indent}{marks}{found['info']}", f"{indent}{marks}", marks[0], len(marks))


def code_ranges(text: str) -> list[tuple[int, int]]:
    """Give where code stands, in fences and between backticks.

    In doubt it is no code: a backtick after a `<` may belong to an HTML tag, and code over several lines may
    not be code.
    """
    ranges: list[tuple[int, int]] = []
    start = 0
    for line in lines_of(text):
        if line.is_code:
            ranges.append((start, start + len(line.text)))
        else:
            ranges += [(start + first, start + last) for first, last in _spans(line.text)]
        start += len(line.text)
    return ranges


def _spans(line: str) -> list[tuple[int, int]]:
    """Find code between runs of as many backticks, in one line."""
    spans = []
    place = 0
    while opening := _RUN.search(line, place):
        if "<" in line[place : opening.start()]:
            break
        marks = opening["run"] or ""
        closing = re.compile(rf"(?<!`){marks}(?!`)").search(line, opening.end())
        if marks and closing:
            spans.append((opening.start("run"), closing.end()))
        place = closing.end() if marks and closing else opening.end()
    return spans
