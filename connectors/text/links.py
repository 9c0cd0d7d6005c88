"""Links that say where they lead: a text that shows another host than its link gets the address beside it."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

from connectors.text.fences import code_ranges

_INLINE = re.compile(
    r"(?P<bang>!?)\[(?P<text>(?:[^\[\]\\\n]|\\.|\[[^\[\]\n]*\])*)\]\(\s*<?(?P<url>[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?"
    r"(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?\s*\)"
)
_REFERENCE = re.compile(
    r"(?P<bang>!?)\[(?P<text>(?:[^\[\]\\\n]|\\.)+)\](?:\[(?P<label>[^\[\]\n]*)\])?(?![(\[])"
)
_DEFINITION = re.compile(r"^ {0,3}\[(?P<label>[^\[\]\n]+)\]:\s*<?(?P<url>[^\s<>]+)>?", re.MULTILINE)
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
_NOT_SHOWN = re.compile(r"[\\*_`~\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_DOTS = str.maketrans("\u3002\uff0e\uff61\u2024", "....")


def with_honest_links(text: str) -> str:
    """Give CommonMark whose links show no other host than their own; code and the rest of it are untouched.

    A link whose address stands elsewhere in the text gets it to itself, so that the text can be split.
    """
    definitions = {_label(found["label"]): found["url"] for found in _DEFINITION.finditer(text)}
    code = code_ranges(text)
    changes = [(*found.span(), _honest(found, found["url"]) or found[0]) for found in _INLINE.finditer(text)]
    for found in _REFERENCE.finditer(text) if definitions else ():
        url = definitions.get(_label(found["label"] or found["text"]))
        if url is not None and text[found.end() : found.end() + 1] != ":":
            inline = f"{found['bang']}[{found['text']}]({url})"
            changes.append((*found.span(), _honest(found, url) or inline))
    return _changed(text, [change for change in changes if not _within(change, code)])


def shows_other_host(text: str, url: str) -> bool:
    """Whether a text that a link to `url` stands under looks like the address of another host."""
    actual = _host(url)
    shown = html.unescape(_NOT_SHOWN.sub("", html.unescape(text))).translate(_DOTS)
    return any(not _covers(found.casefold(), actual) for found in _HOST.findall(shown))


def _honest(found: re.Match[str], url: str) -> str | None:
    """Give the link's text with its address beside it, or None for a link that hides nothing."""
    if not shows_other_host(found["text"], url):
        return None
    return f"{found['text']} (<{url}>)" if _host(url) else f"{found['text']} ({url})"


def _changed(text: str, changes: list[tuple[int, int, str]]) -> str:
    parts = []
    place = 0
    for start, end, words in sorted(changes):
        if start >= place:
            parts += [text[place:start], words]
            place = end
    return "".join([*parts, text[place:]])


def _within(change: tuple[int, int, str], ranges: list[tuple[int, int]]) -> bool:
    return any(first <= change[0] and change[1] <= last for first, last in ranges)


def _covers(shown: str, actual: str) -> bool:
    """Whether the shown host is the link's own, or a domain that it belongs to."""
    shown, actual = shown.removeprefix("www."), actual.removeprefix("www.")
    return shown == actual or actual.endswith(f".{shown}")


def _host(url: str) -> str:
    try:
        return (urlsplit(html.unescape(url)).hostname or "").casefold()
    except ValueError:
        return ""


def _label(text: str) -> str:
    return " ".join(text.casefold().split())
