"""Links that say where they lead: a text that shows another host than its link gets the address beside it."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

_INLINE = re.compile(
    r"(?P<bang>!?)\[(?P<text>(?:[^\[\]\\\n]|\\.|\[[^\[\]\n]*\])*)\]\(\s*<?(?P<url>[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?"
    r"(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?\s*\)"
)
_REFERENCE = re.compile(
    r"(?P<bang>!?)\[(?P<text>(?:[^\[\]\\\n]|\\.)+)\](?:\[(?P<label>[^\[\]\n]*)\])?(?![(:\[])"
)
_DEFINITION = re.compile(r"^ {0,3}\[(?P<label>[^\[\]\n]+)\]:\s*<?(?P<url>[^\s<>]+)>?", re.MULTILINE)
_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
_NOT_SHOWN = re.compile(r"[\\*_`~\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_DOTS = str.maketrans("\u3002\uff0e\uff61\u2024", "....")


def with_honest_links(text: str) -> str:
    """Give CommonMark whose links show no other host than their own; the rest of it is untouched.

    Code is not looked at: give this what stands outside of it.
    """
    definitions = {_label(found["label"]): found["url"] for found in _DEFINITION.finditer(text)}

    def inline(found: re.Match[str]) -> str:
        return _honest(found, found["url"])

    def reference(found: re.Match[str]) -> str:
        url = definitions.get(_label(found["label"] or found["text"]))
        return found[0] if url is None else _honest(found, url)

    text = _INLINE.sub(inline, text)
    return _REFERENCE.sub(reference, text) if definitions else text


def shows_other_host(text: str, url: str) -> bool:
    """Whether a text that a link to `url` stands under looks like the address of another host."""
    actual = _host(url)
    shown = html.unescape(_NOT_SHOWN.sub("", html.unescape(text))).translate(_DOTS)
    return any(not _covers(found.casefold(), actual) for found in _HOST.findall(shown))


def _honest(found: re.Match[str], url: str) -> str:
    if not shows_other_host(found["text"], url):
        return found[0]
    return f"{found['text']} (<{url}>)" if _host(url) else f"{found['text']} ({url})"


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
