"""CommonMark as sections and blocks: where an article may be cut without breaking what belongs together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_LINE_END = re.compile(r"\r\n?|\n")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])")
_ITEM_NUMBER = re.compile(r"^(\s*)\d{1,9}(?=[.)])")


@dataclass(frozen=True, slots=True)
class Block:
    """A list, a table, a paragraph…: `parts` in order are what it may be cut into, and each is some whole lines.

    `prefix` and `suffix` stand around every piece (a table's header, a code fence). `first_number` is set for
    numbered lists: a piece that starts at a later item gets that item's number.
    """

    parts: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""
    first_number: int | None = None

    @property
    def text(self) -> str:
        """The block as it stands in the article."""
        return self.piece(0, len(self.parts))

    def piece(self, start: int, stop: int) -> str:
        """Give the parts from `start` up to `stop` as CommonMark that stands alone."""
        inner = "\n".join(self.parts[start:stop])
        if self.first_number is not None and start > 0:
            number = self.first_number + start
            inner = _ITEM_NUMBER.sub(lambda found: f"{found.group(1)}{number}", inner, count=1)
        return f"{self.prefix}{inner}{self.suffix}".strip("\n")


@dataclass(slots=True)
class Section:
    """What stands between two headings; `path` are the headings above it, outermost first."""

    path: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)


class MarkdownReader:
    """Reads CommonMark (with tables) into sections by its block structure, from the parser's line numbers."""

    def __init__(self) -> None:
        # Where blocks begin and end is all that is needed; inline parsing would take two thirds of the time.
        self._parser = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"])

    def sections(self, body: str) -> list[Section]:
        """Split at headings. Every line of the body that is not a heading is in exactly one block."""
        lines = _LINE_END.sub("\n", body).replace("\0", "�").split("\n")
        tokens = self._parser.parse(body)
        sections = [Section(())]
        headings: list[tuple[int, str]] = []
        done = 0
        for first, last in _top_level(tokens):
            token = tokens[first]
            start, stop = _lines_of(token)
            sections[-1].blocks.extend(_loose(lines[done:start]))
            done = max(done, stop)
            if token.type != "heading_open":
                sections[-1].blocks.append(_block(tokens[first : last + 1], lines[start:stop]))
                continue
            level = int(token.tag[1])
            headings = [(depth, text) for depth, text in headings if depth < level]
            headings.append((level, _heading_text(tokens[first + 1])))
            sections.append(Section(tuple(text for _, text in headings if text)))
        sections[-1].blocks.extend(_loose(lines[done:]))
        return sections


def sentences(text: str) -> list[str]:
    """Cut after the marks that end sentences; the white space between them goes."""
    return [part for part in _SENTENCE_END.split(text) if part.strip()]


def _top_level(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Give the first and last token of each block at the top level."""
    start = 0
    for index, token in enumerate(tokens):
        if token.level != 0:
            continue
        if token.nesting == 1:
            start = index
        elif token.nesting == -1:
            yield start, index
        else:
            yield index, index


def _lines_of(token: Token) -> tuple[int, int]:
    assert token.map is not None, token.type
    return token.map[0], token.map[1]


def _loose(lines: Sequence[str]) -> list[Block]:
    """Keep lines that made no token, such as link reference definitions."""
    kept = [line for line in lines if line.strip()]
    return [Block(tuple(kept))] if kept else []


def _heading_text(inline: Token) -> str:
    return plain_text(inline.content.replace("\n", " "))


def _block(tokens: Sequence[Token], lines: Sequence[str]) -> Block:
    token = tokens[0]
    start = _lines_of(token)[0]
    if token.type in {"bullet_list_open", "ordered_list_open"}:
        return _list(tokens, lines, start)
    if token.type == "table_open":
        # A header line and the line of dashes, repeated over every piece.
        return Block(tuple(lines[2:]) or ("",), prefix="\n".join(lines[:2]) + "\n")
    if token.type == "fence":
        closed = len(lines) > 1 and lines[-1].strip().startswith(token.markup)
        inner = lines[1:-1] if closed else lines[1:]
        return Block(tuple(inner) or ("",), prefix=lines[0] + "\n", suffix="\n" + token.markup)
    return Block(tuple(line for line in lines if line.strip()) or ("",))


def _list(tokens: Sequence[Token], lines: Sequence[str], start: int) -> Block:
    items = [token for token in tokens if token.type == "list_item_open" and token.level == 1]
    starts = [_lines_of(item)[0] - start for item in items]
    ends = [*starts[1:], len(lines)]
    parts = tuple("\n".join(lines[a:b]).rstrip() for a, b in zip(starts, ends, strict=True))
    ordered = tokens[0].type == "ordered_list_open"
    return Block(parts, first_number=int(items[0].info) if ordered else None)


# Each of these runs in linear time: nothing that repeats may match what follows it, whatever an article holds.
_TARGET = r"\((?:[^()\s]|\([^()\s]*\))*(?:[ \t]+\"[^\"\n]*\")?\)"
_LINK = re.compile(rf"!?\[([^\[\]]*)\]{_TARGET}")
_REFERENCE = re.compile(r"^ {0,3}\[([^\[\]\n]+)\]:.*$", re.MULTILINE)
_AUTOLINK = re.compile(r"<(https?://[^<>\s]+)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--(?:(?!<!--|-->).)*-->", re.DOTALL)
_RULE = re.compile(r"^(?:[ \t|:-]+|[ \t]*(?:`{3}|~{3}).*)$", re.MULTILINE)
_BULLET = re.compile(r"^([ \t]*)[*+>-][ \t]+", re.MULTILINE)
_MARKS = re.compile(r"\\([!-/:-@\[-`{-~])|[*`]+|~~")
_UNDERSCORES = re.compile(r"(?<!\w)_+|_+(?!\w)")
_SPACE = re.compile(r"[^\S\n]+")
_NEWLINES = re.compile(r" ?\n\s*")


def plain_text(markdown: str) -> str:
    """Give the words of CommonMark as a reader sees them: no link targets, no markup; lossy and quick.

    It feeds the embedding and the keywords, never what people read.
    """
    text = markdown
    if "[" in text:
        # Twice, for an image inside a link.
        text = _REFERENCE.sub(r"\1", _LINK.sub(r"\1", _LINK.sub(r"\1", text)))
    if "<" in text:
        text = _TAG.sub(" ", _AUTOLINK.sub(r"\1", text))
    text = _BULLET.sub(r"\1", _RULE.sub("", text))
    text = _MARKS.sub(r"\1", text)
    if "_" in text:
        text = _UNDERSCORES.sub("", text)
    return _NEWLINES.sub("\n", _SPACE.sub(" ", text.replace("|", " "))).strip()
