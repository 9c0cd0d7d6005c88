"""A reply as Discord messages within Discord's limits. Pure."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectors.discord.markdown import escape, to_discord
from connectors.text.links import shows_other_host
from connectors.text.splitting import SHORTEST_LIMIT, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connectors.base import Action, Link, Reply

CONTENT_LIMIT = 2_000
"""discord.com/developers/docs/resources/message#create-message"""
EMBED_LIMIT = 4_096
"""Of one embed's description; the embeds of a message hold 6,000 in all, so each message carries one."""
BUTTON_LIMIT = 25
LABEL_LIMIT = 80
CUSTOM_ID_LIMIT = 100
TITLE_LIMIT = 300
NOTE_LIMIT = 200
URL_LIMIT = 1_000

GROWING = "\n-# ✍ …"
"""Ends a message while its reply is being made: whoever finds it after a crash knows that something is missing."""
BUTTON_PREFIX = "helpdesk"
"""Every button's custom id is `helpdesk:NAME:VALUE`, also on answers a year old."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button: its custom id tells its action, so that it works after a restart."""

    custom_id: str
    label: str
    style: str = "secondary"


@dataclass(frozen=True, slots=True)
class Post:
    """One message to post: words, an embed's description, buttons; never all empty."""

    content: str = ""
    embed: str = ""
    buttons: tuple[Button, ...] = ()


def to_posts(reply: Reply, *, embeds: bool = True) -> list[Post]:
    """Give the messages that show a reply, in order; sources and buttons come at the end.

    Without `embeds` (the bot may not use them there) the sources stand in the text.
    """
    sources = [_source(number, link) for number, link in enumerate(reply.links, 1)]
    text = to_discord(reply.text)
    if sources and not embeds:
        text = "\n".join([text, *(f"-# {line}" for line in sources)])
    posts = [Post(content) for content in _pieces(text)]
    if embeds:
        descriptions = list(_filled(sources, EMBED_LIMIT))
        if descriptions and posts:
            posts[-1] = replace(posts[-1], embed=descriptions.pop(0))
        posts += [Post(embed=description) for description in descriptions]
    buttons = tuple(_buttons(reply.actions))
    if buttons:
        posts[-1:] = [replace(posts[-1], buttons=buttons)] if posts else [Post("…", buttons=buttons)]
    return posts


def length(text: str) -> int:
    """Count as Discord's clients do, in UTF-16 units, of which an emoji takes two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def growing(text: str) -> str:
    """Give the beginning of a reply that is still being made, as much as one message holds, marked as such."""
    pieces = _pieces(to_discord(text), CONTENT_LIMIT - len(GROWING))
    return f"{pieces[0] if pieces else ''}{GROWING}"


def is_growing(content: str) -> bool:
    """Whether a message of ours shows a reply that is not all there."""
    return content.endswith(GROWING.strip())


def _pieces(text: str, most: int = CONTENT_LIMIT) -> list[str]:
    limit = most
    while True:
        pieces = [piece.text for piece in split(text, limit)]
        over = max(map(length, pieces), default=0) - most
        if over <= 0:
            return pieces
        limit = max(SHORTEST_LIMIT, limit - over)


def _source(number: int, link: Link) -> str:
    title = escape(link.title[:TITLE_LIMIT]) or "(no title)"
    url = html.unescape(link.url or "").replace(" ", "%20").replace("<", "%3C").replace(">", "%3E")
    if not url or len(url) > URL_LIMIT or len(url.split()) != 1:
        words = title
    elif shows_other_host(link.title, url):
        words = f"{title} (<{url}>)"
    else:
        words = f"[{title}](<{url}>)"
    note = f" · {escape(link.note[:NOTE_LIMIT])}" if link.note else ""
    return f"**{number}** {words}{note}"


def _filled(lines: Iterable[str], limit: int) -> Iterable[str]:
    """Join lines to texts of at most `limit`."""
    text = ""
    for line in lines:
        if text and length(text) + 1 + length(line) > limit:
            yield text
            text = ""
        text = f"{text}\n{line}" if text else line
    if text:
        yield text


def _buttons(actions: Sequence[Action]) -> Iterable[Button]:
    made: dict[str, Button] = {}
    for action in actions:
        custom_id = f"{BUTTON_PREFIX}:{action.name}:{action.value}"
        if length(custom_id) > CUSTOM_ID_LIMIT:
            continue  # shortened it would name another answer
        made.setdefault(custom_id, Button(custom_id, shortened(action.label, LABEL_LIMIT) or "…"))
    return list(made.values())[:BUTTON_LIMIT]


def shortened(words: str, limit: int) -> str:
    """Give the words in one line of at most `limit`, with an ellipsis where some are left out."""
    line = " ".join(words.split())
    while length(line) > limit:
        line = f"{line[: len(line) - 2]}…"
    return line
