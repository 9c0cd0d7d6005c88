"""Words for Slack: mentions made harmless, and CommonMark as Slack's own mrkdwn where blocks do not reach. Pure."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from connectors.text.fences import code_ranges
from connectors.text.links import shows_other_host
from connectors.text.splitting import SHORTEST_LIMIT, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markdown_it.token import Token

ZERO_WIDTH = "\u200b"
_MENTION = re.compile(
    r"(?:<|&lt;?|&#0*60;?|&#[xX]0*3[cC];?)(?=\\*(?:[!@]|&))|@(?=(?:channel|here|everyone|group)\b)",
    re.IGNORECASE,
)
"""What begins `<!channel>`, `<@U…>`, `<!subteam^…>` however it is written, and the plain names of all of them."""

_MARKS = {
    "strong_open": "*",
    "strong_close": "*",
    "em_open": "_",
    "em_close": "_",
    "s_open": "~",
    "s_close": "~",
    "softbreak": "\n",
    "hardbreak": "\n",
    "heading_open": "*",
    "heading_close": "*\n\n",
    "paragraph_close": "\n\n",
    "th_close": " | ",
    "td_close": " | ",
    "tr_close": "\n",
    "table_close": "\n",
    "hr": "———\n\n",
}


def without_mentions(text: str) -> str:
    """Give the text with a character of no width in every mention outside of code, so that nobody is called."""
    code = code_ranges(text)

    def harmless(found: re.Match[str]) -> str:
        inside = any(first <= found.start() < last for first, last in code)
        return found[0] if inside else f"{found[0]}{ZERO_WIDTH}"

    return _MENTION.sub(harmless, text)


def escape(text: str) -> str:
    """Escape what Slack would read as markup: docs.slack.dev/messaging/formatting-message-text#escaping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Read what Slack escaped, which is these three characters and no others."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def link(title: str, url: str | None) -> str:
    """Give a link in mrkdwn; a title that shows another host has the address beside it."""
    words = " ".join(escape(title).split()) or "(no title)"
    if not url:
        return words
    address = escape(html.unescape(url)).replace("|", "%7C").replace(" ", "%20")
    if shows_other_host(title, url):
        return f"{words} (<{address}>)"
    return f"<{address}|{words.replace('|', '¦')}>"


def fallback(text: str, limit: int = 3_000) -> str:
    """Give the beginning of a CommonMark text as mrkdwn, for notifications and where blocks are not shown."""
    source = limit
    while True:
        pieces = split(text, source)
        words = to_mrkdwn(pieces[0].text) if pieces else ""
        if len(words) < limit or source == SHORTEST_LIMIT:
            return (f"{words} …" if len(pieces) > 1 else words)[:limit]
        source = max(SHORTEST_LIMIT, source // 2)


def to_mrkdwn(text: str) -> str:  # noqa: C901 - one case a kind of token
    """Give CommonMark as mrkdwn: docs.slack.dev/messaging/formatting-message-text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    parts: list[str] = []
    numbers: list[int] = []
    quoted: list[int] = []
    for token in parser.parse(text):
        match token.type:
            case "inline":
                bold = bool(parts) and parts[-1] == _MARKS["heading_open"]
                words = _inline(token.children or [])
                parts.append(words.replace("*", "") if bold else words)
            case "fence" | "code_block":
                parts.append(f"```\n{escape(token.content)}```\n\n")
            case "bullet_list_open":
                numbers.append(-1)
            case "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
                parts.append("" if numbers else "\n")
            case "list_item_open":
                indent = "    " * (len(numbers) - 1)
                parts.append(f"{indent}{'•' if numbers[-1] < 0 else f'{numbers[-1]}.'} ")
                numbers[-1] += 1 if numbers[-1] >= 0 else 0
            case "blockquote_open":
                quoted.append(len(parts))
            case "blockquote_close":
                start = quoted.pop()
                parts[start:] = [f"{_quote(''.join(parts[start:]))}\n\n"]
            case "paragraph_close" if numbers:
                parts.append("\n")
            case kind:
                parts.append(_MARKS.get(kind, ""))
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip()


def _quote(text: str) -> str:
    """Give the text with the mark of a quotation before each line: it holds for one line only."""
    return "\n".join(f"> {line}" for line in text.strip().splitlines())


def _inline(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    address = ""
    start = 0
    for token in tokens:
        match token.type:
            case "link_open":
                address, start = str(token.attrGet("href") or ""), len(parts)
            case "link_close":
                parts[start:] = [link(unescape("".join(parts[start:])), address)]
            case "text":
                parts.append(escape(without_mentions(token.content)))
            case "code_inline":
                parts.append(f"`{escape(token.content)}`")
            case "image":
                parts.append(link(_words(token.children or []), str(token.attrGet("src") or "")))
            case kind:
                parts.append(_MARKS.get(kind, ""))
    return "".join(parts)


def _words(tokens: Iterable[Token]) -> str:
    return "".join(token.content for token in tokens)
