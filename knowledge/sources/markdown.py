"""Front matter and titles of Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import frontmatter
import yaml
from markdown_it import MarkdownIt

from knowledge.errors import ArticleError
from knowledge.sources.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown_it.token import Token

_OPENING = re.compile(r"\A-{3,}[ \t]*\n")
_BLANK_START = re.compile(r"\A(?:[ \t]*\n)+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_MAYBE_HEADING = re.compile(r"^ {0,3}(?:#[ \t]|=+[ \t]*$)", re.MULTILINE)
_MOST_FRONT_MATTER: Final = 65_536
_MOST_NESTING: Final = 100
_LOADER: Final = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Every scalar stays text: `id: 007` keeps its zeros and `language: no` is Norwegian, not False."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text with what stands before it: `fields` has lower-case keys."""

    body: str
    fields: Mapping[str, Any]


def split_front_matter(name: str, text: str) -> Document:
    """Part YAML front matter from the text; raises ArticleError with the line if it is no YAML.

    A text that only begins with a rule (`---`) has none.
    """
    if not _OPENING.match(text):
        return Document(text, {})
    handler = frontmatter.YAMLHandler()
    try:
        matter, body = handler.split(text)
    except ValueError:  # a single rule
        return Document(text, {})
    if len(matter) > _MOST_FRONT_MATTER:
        raise ArticleError(
            f"{name}: its front matter is over {_MOST_FRONT_MATTER // 1024} kB; close it with a line ---"
        )
    if max(_nesting(matter)) > _MOST_NESTING:
        raise ArticleError(f"{name}: its front matter is nested over {_MOST_NESTING} levels deep")
    try:
        fields = handler.load(matter, Loader=_LOADER)
    except (yaml.YAMLError, RecursionError) as error:
        raise ArticleError(f"{name}: {_yaml_fault(error)}") from None
    if fields is None or fields == "":
        return Document(body.lstrip("\n"), {})
    if not isinstance(fields, dict):
        return Document(text, {})  # prose between two rules
    return Document(body.lstrip("\n"), {str(key).strip().lower(): value for key, value in fields.items()})


def _nesting(matter: str) -> list[int]:
    """Give the depths that the parser would recurse to: open brackets at each bracket, the deepest indent."""
    depths = [0, max((len(line) - len(line.lstrip(" -")) for line in matter.split("\n")), default=0) // 2]
    for character in matter:
        if character in "[{":
            depths.append(depths[-1] + 1)
        elif character in "]}":
            depths.append(depths[-1] - 1)
    return depths


def _yaml_fault(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" (line {mark.line + 1})" if mark is not None else ""
    problem = one_line(str(getattr(error, "problem", None) or type(error).__name__))
    return f"its front matter is no YAML{where}: {problem}; put values with special characters in quotes"


def take_title(body: str, title: str | None) -> tuple[str | None, str]:
    """Give the title and the body that does not repeat it.

    Without a `title` the first top heading is the title. It leaves the body if it opens it; a heading
    further down still parts what is above it from what is below. With a `title`, an opening heading that
    says the same leaves.
    """
    text = _without_leading_comments(body)
    end = _BLANK_LINE.search(text)
    opening = _first_heading(text[: end.start()] if end else text, only_at_top=True)
    if opening is not None:
        words, length = opening
        if title is None or words.casefold() == title.casefold():
            return title or words, "\n".join(text.split("\n")[length:]).lstrip("\n")
    elif title is None and _MAYBE_HEADING.search(body) and (heading := _first_heading(body)):
        return heading[0], body
    return title, body


def _without_leading_comments(body: str) -> str:
    text = _BLANK_START.sub("", body)
    while text.startswith("<!--") and (end := text.find("-->")) >= 0:
        text = _BLANK_START.sub("", text[end + 3 :])
    return text


def _first_heading(text: str, *, only_at_top: bool = False) -> tuple[str, int] | None:
    """Give the words of the first top heading and the line after it."""
    tokens = MarkdownIt("commonmark").parse(text)
    for index, token in enumerate(tokens[:1] if only_at_top else tokens):
        if token.type == "heading_open" and token.tag == "h1" and token.map is not None:
            words = _plain(tokens[index + 1])
            return (words, token.map[1]) if words else None
    return None


def _plain(inline: Token) -> str:
    parts = (
        child.content if child.type in {"text", "code_inline", "image"} else " "
        for child in inline.children or ()
        if child.type in {"text", "code_inline", "image", "softbreak", "hardbreak"}
    )
    return one_line("".join(parts))
