"""Articles of the bot's own source, made of what admins write. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.errors import CommandError
from knowledge.models import Article, revision_of
from knowledge.sources.text import web_address
from knowledge.sync import LOCAL_SOURCE

if TYPE_CHECKING:
    from datetime import datetime

INTERNAL = frozenset({"internal"})
"""Who reads what an admin adds, unless the admin says otherwise."""
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")
_LONGEST_ID = 80


def local_article(
    title: str,
    body: str,
    *,
    audience: frozenset[str],
    now: datetime,
    url: str | None = None,
) -> Article:
    """Make an article of the bot's own source; the same title is the same article. Raises CommandError."""
    title, body = " ".join(title.split()), body.strip()
    if not title or not body:
        raise CommandError("an article needs a title and a text")
    return Article(
        source=LOCAL_SOURCE,
        id=id_of(title),
        title=title,
        body=body,
        revision=revision_of(title, body, audience, url, now),
        audience=audience,
        url=url,
        updated_at=now,
    )


def edited(
    article: Article, *, title: str, body: str, url: str, audience: frozenset[str], now: datetime
) -> Article:
    """Give the article as an admin wants it, updated now; the same one when nothing changed. Raises CommandError."""
    title, body = " ".join(title.split()), body.strip()
    if not title or not body:
        raise CommandError("an article needs a title and a text")
    address = web_address(url.strip()) if url.strip() else None
    if url.strip() and address is None:
        raise CommandError(f"{url.strip()} is no http or https address")
    if (title, body, address, audience) == (
        article.title,
        article.body.strip(),
        article.url,
        article.audience,
    ):
        return article
    return replace(
        article,
        title=title,
        body=body,
        url=address,
        audience=audience,
        updated_at=now,
        revision=revision_of(title, body, audience, address, now),
    )


def id_of(title: str) -> str:
    """Make an id of a title: `Reset a password` is `reset-a-password`.

    Where the slug leaves something out, as of `C++`, a digest follows: two titles are two articles.
    """
    folded = " ".join(title.casefold().split())
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    slug = _NOT_IN_IDS.sub("-", plain).strip("-")[:_LONGEST_ID].rstrip("-")
    return slug if slug == folded.replace(" ", "-") else f"{slug}-{revision_of(folded)[:8]}".strip("-")
