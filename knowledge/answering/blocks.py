"""A passage's Markdown as the units that an answer may quote: sentences, and whole lists, tables and code."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from knowledge.answering.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Kind = Literal["sentence", "steps", "list", "table", "code"]

_KINDS: dict[str, Kind | Literal["paragraph", "skip"]] = {
    "paragraph_open": "paragraph",
    "heading_open": "skip",
    "ordered_list_open": "steps",
    "bullet_list_open": "list",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
    "blockquote_open": "paragraph",
    "html_block": "paragraph",
    "hr": "skip",
}
_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\](?:\([^)\s]*(?:\s+\"[^\"]*\")?\)|\[[^\]]*\])")
_PLACEHOLDER = re.compile(r"\[image:[^\]]*\]", re.IGNORECASE)
_LINK = re.compile(
    r"(?<!!)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])+)\]"
    r"\((?P<url><[^>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+\"[^\"]*\")?\)"
)
_REFERENCE = re.compile(r"(?<!!)\[(?P<text>[^\[\]]+)\]\[[^\]]*\]")
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|code|div|em|font|i|img|kbd|mark|p|s|small|span|strong|sub|sup|u|video|iframe|section|center)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_FENCE = re.compile(r"(^[ \t]*(?:```|~~~).*?^[ \t]*(?:```|~~~)[^\n]*$)", re.DOTALL | re.MULTILINE)
_FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|gif|svg|webp|bmp)", re.IGNORECASE)
_ABSOLUTE = re.compile(r"(?:https?://|mailto:)\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest thing that an answer quotes.

    `raw` stands in the passage word for word; `text` is the same, fit for a chat: no images, HTML tags or
    links that lead nowhere outside the article. `block` numbers the blocks of the text that was split.
    """

    kind: Kind
    raw: str
    text: str
    block: int

    @property
    def is_whole(self) -> bool:
        """Whether it is a list, a table or code, and not a sentence."""
        return self.kind != "sentence"


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 - a cached answer needs no parser

    return MarkdownIt("commonmark").enable("table")


@lru_cache(maxsize=512)  # parsing takes longer than all else, and the same passages answer many questions
def units_of(markdown: str) -> tuple[Unit, ...]:
    """Split CommonMark into units in reading order, without what says nothing (images, comments, rules)."""
    lines = markdown.splitlines(keepends=True)
    units: list[Unit] = []
    for number, token in enumerate(_top_level(_parser().parse(markdown))):
        kind = _KINDS.get(token.type, "paragraph")
        if kind == "skip" or token.map is None:
            continue
        raw = "".join(lines[token.map[0] : token.map[1]]).rstrip()
        units.extend(_paragraph(raw, number) if kind == "paragraph" else _whole(kind, raw, number))
    return tuple(units)


def _top_level(tokens: list[Token]) -> Iterator[Token]:
    return (token for token in tokens if token.level == 0 and token.nesting >= 0 and token.type != "inline")


def _whole(kind: Kind, raw: str, number: int) -> Iterator[Unit]:
    text = textwrap.dedent(raw) if kind == "code" else clean(raw)
    text = text.strip("\n")
    if text.strip() and not (kind == "list" and _is_contents(raw)):
        yield Unit(kind, raw, text, number)


def _paragraph(raw: str, number: int) -> Iterator[Unit]:
    for start, end in sentence_spans(raw):
        text = " ".join(clean(re.sub(r"(?m)^\s*>+ ?", "", raw[start:end])).split())
        if any(character.isalnum() for character in text):
            yield Unit("sentence", raw[start:end], text, number)


def _is_contents(raw: str) -> bool:
    """Whether a list is a table of contents: every item is a link within the article and nothing else."""
    items = [line.strip() for line in raw.splitlines() if line.strip()]
    return all(re.fullmatch(r"[-*+]\s+\[[^\]]*\]\(#[^)]*\)", item) for item in items)


def clean(markdown: str) -> str:
    """Drop what a chat cannot show: images, HTML tags, comments, links that lead nowhere outside the article.

    Code blocks are left as they are.
    """
    pieces = _FENCE.split(markdown)
    cleaned = "".join(piece if index % 2 else _clean_prose(piece) for index, piece in enumerate(pieces))
    return re.sub(r"\n[ \t]*\n(?:[ \t]*\n)+", "\n\n", cleaned).strip("\n")


def _clean_prose(text: str) -> str:
    text = _COMMENT.sub("", text)
    pieces = re.split(r"(`+[^`\n]*`+)", text)
    return _drop_emptied("".join(p if i % 2 else _clean_inline(p) for i, p in enumerate(pieces)), text)


def _clean_inline(text: str) -> str:
    text = _IMAGE.sub(_alternative, _PLACEHOLDER.sub("", text))
    text = _LINK.sub(_outward, text)
    text = _REFERENCE.sub(lambda match: match["text"], text)
    return _TAG.sub("", _BREAK.sub(" ", text))


def _drop_emptied(cleaned: str, original: str) -> str:
    """Drop the lines that held only what was cleaned away, and keep those that were empty before."""
    before, after = original.split("\n"), cleaned.split("\n")
    if len(before) != len(after):
        return cleaned
    kept: list[str] = []
    for old, new in zip(before, after, strict=True):
        if new.strip(" \t-*+>") or not old.strip() or old.strip() == new.strip():
            kept.append(new if new.endswith("  ") else new.rstrip())
        elif kept and not kept[-1].strip():
            kept.pop()
    return "\n".join(kept)


def _alternative(match: re.Match[str]) -> str:
    """Keep an image's words where it stands inside a line ("click the [gear]"), not where it stands alone."""
    line_start = match.string.rfind("\n", 0, match.start()) + 1
    line_end = (match.string + "\n").find("\n", match.end())
    rest = match.string[line_start : match.start()] + match.string[match.end() : line_end]
    words = re.sub(r"[\s\d.)>*+-]+", "", _IMAGE.sub("", rest))
    alt = match["alt"].strip()
    return alt if words and not _FILE_NAME.fullmatch(alt) else ""


def _outward(match: re.Match[str]) -> str:
    url = match["url"].strip("<>")
    return match[0] if _ABSOLUTE.fullmatch(url) else match["text"]
