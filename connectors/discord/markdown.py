"""CommonMark as Discord's own Markdown: support.discord.com/hc/en-us/articles/210298617. Pure.

Discord knows no tables, no images, no `~~~` fences and no headings below the third; it reads `||` as a spoiler,
and unfolds a preview under every bare link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from connectors.text.fences import code_ranges, lines_of
from connectors.text.links import with_honest_links

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markdown_it.token import Token

ZERO_WIDTH = "\u200b"
COLUMN_LIMIT = 40
"""A wider cell is not padded: its neighbours would leave the screen."""

_MENTION = re.compile(r"<(?=[@#/:]|a:|t:|id:)|@(?=everyone\b|here\b)", re.IGNORECASE)
_DEEP_HEADING = re.compile(r"^(?P<indent> {0,3})#{4,6} +(?P<words>.*?)(?: +#+)? *$", re.MULTILINE)
_IMAGE = re.compile(r"!(?=\[[^\]\n]*\]\([^)\n]+\))")
_BARE_TARGET = re.compile(r"(?<=\]\()(https?://[^\s<>()]+)(?=[)\s])")
_BARE_URL = re.compile(r"(?<![\w(<\[/\"'=])https?://[^\s<>]*[^\s<>.,;:!?()\[\]{}'\"*_~`|]")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_TABLES = MarkdownIt("commonmark", {"html": False}).enable("table")


def to_discord(text: str) -> str:
    """Give CommonMark as Discord Markdown: nothing is lost, links say where they lead, nobody is called."""
    text = _NOT_TEXT.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _fences(_tables(text))
    return _outside_code(with_honest_links(text), _line_markup)


def harmless(text: str) -> str:
    """Give the text with a character of no width in every mention, and no spoilers."""
    return _MENTION.sub(lambda found: f"{found[0]}{ZERO_WIDTH}", text).replace("||", r"\|\|")


def escape(text: str) -> str:
    """Give words that stand for themselves, in one line: no markup in them is read."""
    line = _NOT_TEXT.sub("", " ".join(text.split()))
    return harmless(re.sub(r"([\\*_`~\[\]#>])", r"\\\1", line))


def _line_markup(text: str) -> str:
    text = _DEEP_HEADING.sub(lambda found: f"{found['indent']}**{found['words'].replace('**', '')}**", text)
    text = _BARE_TARGET.sub(r"<\1>", _IMAGE.sub("", text))
    text = _BARE_URL.sub(r"<\g<0>>", text)
    return harmless(text)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts = []
    place = 0
    for start, end in code_ranges(text):
        parts += [change(text[place:start]), text[start:end]]
        place = end
    return "".join([*parts, change(text[place:])])


def _fences(text: str) -> str:
    """Write every fence with three backticks, the only ones that Discord knows."""
    parts = []
    for line in lines_of(text):
        content = line.text
        if line.before is None and line.after is not None:
            content = _three(content, line.after.character)
        elif line.before is not None and line.after is None:
            content = _three(content, line.before.character)
        elif line.is_code:
            content = content.replace("```", f"`{ZERO_WIDTH}``")
        parts.append(content)
    return "".join(parts)


def _three(line: str, character: str) -> str:
    return re.sub(rf"{re.escape(character)}{{3,}}", "```", line, count=1)


def _tables(text: str) -> str:
    """Show tables as code, which keeps their columns, and their links below, where they can be followed."""
    if "|" not in text:
        return text
    tokens = _TABLES.parse(text)
    lines = re.split(r"(?<=\n)", text)
    for place in reversed([number for number, token in enumerate(tokens) if token.type == "table_open"]):
        span = tokens[place].map
        if span is not None:
            lines[span[0] : span[1]] = [_table(tokens[place:])]
    return "".join(lines)


def _table(tokens: Sequence[Token]) -> str:
    rows: list[list[str]] = []
    links: list[str] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_words(token.children or ()))
            links += _links(token.children or ())
    code = "\n".join(_aligned(rows))
    below = "".join(f"{link}\n" for link in dict.fromkeys(links))
    return f"```\n{code}\n```\n{below}\n"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    columns = max(len(row) for row in rows)
    widths = [
        max((len(row[column]) for row in rows if len(row[column]) <= COLUMN_LIMIT), default=0)
        for column in range(columns)
    ]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [lines[0], "-+-".join("-" * max(width, 1) for width in widths), *lines[1:]]


def _words(tokens: Sequence[Token]) -> str:
    """Give the words of a cell without their markup."""
    parts = []
    for token in tokens:
        if token.type == "image":
            parts.append(_words(token.children or ()))
        elif token.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
        else:
            parts.append(token.content)
    return "".join(parts)


def _links(tokens: Sequence[Token]) -> list[str]:
    found = []
    address, start = "", 0
    for place, token in enumerate(tokens):
        if token.type == "image":
            found.append(f"[{_words(token.children or ()) or 'image'}]({token.attrGet('src')})")
        elif token.type == "link_open":
            address, start = str(token.attrGet("href") or ""), place
        elif token.type == "link_close":
            found.append(f"[{_words(tokens[start + 1 : place])}]({address})")
    return found
