"""Passages as rows of a file and as entries of the search in memory."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from knowledge.models import ArticleRef, Passage
from knowledge.stores.blocks import plain_text
from knowledge.stores.entries import Entry
from knowledge.stores.passage_rows import PassageRow


def text_hash(text: str) -> bytes:
    """Name an embedding text, so that equal ones share a vector."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def payload_of(passage: Passage) -> str:
    """Give everything of a passage but its text, as JSON."""
    return json.dumps(
        {
            "source": passage.article.source,
            "article_id": passage.article.id,
            "revision": passage.revision,
            "position": passage.position,
            "title": passage.title,
            "heading_path": passage.heading_path,
            "audience": sorted(passage.audience),
            "url": passage.url,
            "updated_at": passage.updated_at.isoformat() if passage.updated_at else None,
            "language": passage.language,
        },
        ensure_ascii=False,
    )


@lru_cache(maxsize=2048)  # a search gives sixteen, of which half are read once more
def passage_of(passage_id: str, text: str, payload: str) -> Passage:
    """Read a passage back from its row."""
    meta: dict[str, Any] = json.loads(payload)
    return Passage(
        id=passage_id,
        article=ArticleRef(meta["source"], meta["article_id"]),
        revision=meta["revision"],
        position=meta["position"],
        title=meta["title"],
        heading_path=tuple(meta["heading_path"]),
        text=text,
        audience=frozenset(meta["audience"]),
        url=meta["url"],
        updated_at=datetime.fromisoformat(meta["updated_at"]) if meta["updated_at"] else None,
        language=meta["language"],
    )


def row_of(passage: Passage, key: bytes, vector: bytes) -> PassageRow:
    """Give a passage's row; `key` is the hash of its embedding text."""
    source, article_id = passage.article
    return PassageRow(passage.id, source, article_id, passage.text, payload_of(passage), key, vector)


def entry_of(row: PassageRow, *, read: bool = True) -> Entry:
    """Give what the search in memory holds of a row; a document of another kind may lack any of the fields.

    Unless it is to be `read`, its words are left out.
    """
    meta: dict[str, Any] = json.loads(row.payload)
    path = meta.get("heading_path")
    audience = meta.get("audience")
    return Entry(
        id=row.id,
        text=row.text,
        words=plain_text(row.text) if read else "",
        title=_text(meta.get("title")),
        headings=" ".join(map(str, path)) if isinstance(path, list) else "",
        language=_text(meta.get("language")) or None,
        source=row.source,
        article_id=row.article_id,
        audience=frozenset(map(str, audience)) if isinstance(audience, list) else frozenset(),
        payload=row.payload,
        vector=None if row.vector is None else np.frombuffer(row.vector, np.float32),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
