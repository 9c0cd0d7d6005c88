"""How a reply looks in a terminal, and as plain text; pure."""

import re
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement
from rich.padding import Padding
from rich.rule import Rule
from rich.style import Style
from rich.text import Text

from connectors.base import Link, Reply

MAX_WIDTH = 100  # longer lines are hard to read
_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LINKED_SCHEMES = frozenset({"http", "https", "mailto"})


def without_controls(text: str) -> str:
    """Take out what a terminal would obey: escape sequences, other controls and bidi overrides."""
    return _CONTROL.sub("", _ESCAPE.sub("", text.replace("\r\n", "\n")))


class _LeftHeading(Heading):
    """A heading at the left margin; rich centres them and puts the first level into a box."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        self.text.stylize("bold cyan not underline" if self.tag in {"h1", "h2"} else "bold")
        yield self.text


class _ReplyMarkdown(Markdown):
    """Markdown in which `<words like these>` are words; rich drops them as HTML."""

    def __init__(self, markup: str, *, hyperlinks: bool) -> None:
        super().__init__(markup, code_theme="ansi_dark", inline_code_theme="ansi_dark", hyperlinks=hyperlinks)
        parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
        self.parsed = parser.parse(markup)

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _LeftHeading,
    }


def to_renderable(reply: Reply, *, shows_links: bool) -> RenderableType:
    """Lay a reply out for a terminal; where links cannot be clicked their addresses are written out."""
    text = without_controls(reply.text)
    parts: list[RenderableType] = [_ReplyMarkdown(text, hyperlinks=shows_links)]
    if reply.links:
        parts += [Text(), Rule(style="dim", characters="─")]
        parts.extend(
            _link_line(number, link, shows_links=shows_links) for number, link in enumerate(reply.links, 1)
        )
    return Padding(Group(*parts), (0, 0, 0, 2))


def _link_line(number: int, link: Link, *, shows_links: bool) -> Text:
    title = without_controls(link.title) or "(no title)"
    url = without_controls(link.url or "")
    line = Text(f"{number} ", style="dim", overflow="fold")
    if url and shows_links and _scheme(url) in _LINKED_SCHEMES:
        line.append(title, style=Style(link=url, underline=True, dim=False))
    else:
        line.append(title, style=Style(dim=False))
        if url:
            line.append(f"  {url}")
    if link.note:
        line.append(f" · {without_controls(link.note)}")
    return line


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""


def to_plain(reply: Reply) -> str:
    """Write a reply as plain text: the CommonMark as it is, then the sources with their addresses."""
    lines = [without_controls(reply.text).strip()]
    if reply.links:
        heading = [f"{reply.heading}:"] if reply.heading else []
        lines += ["", *heading, *_plain_links(reply.links)]
    return "\n".join(lines)


def _plain_links(links: Sequence[Link]) -> list[str]:
    lines = []
    for number, link in enumerate(links, 1):
        parts = [f"  {number}. {without_controls(link.title) or '(no title)'}"]
        if link.url:
            parts.append(without_controls(link.url))
        if link.note:
            parts.append(f"({without_controls(link.note)})")
        lines.append(" ".join(parts))
    return lines
