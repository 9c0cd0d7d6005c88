"""HTML as the helpdesks' editors write it becomes the CommonMark that stands beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from knowledge.sources.helpdesk.entries import Body, Entry, finished

if TYPE_CHECKING:
    from knowledge.sources.convert import DocumentConverter

GOLDEN = Path(__file__).parents[1] / "golden"
ADDRESSES = {
    "confluence": "https://acme.atlassian.net/wiki/spaces/DOCS/pages/98304/VPN",
    "discourse": "https://forum.acme.example/t/move-to-a-new-server/101",
    "freshdesk": "https://acme.freshdesk.com/support/solutions/articles/430001",
    "helpscout": "https://docs.acme.example/article/7-move",
    "intercom": "https://help.acme.example/en/articles/1-refunds",
    "zammad": "https://zammad.acme.example/help/en-us/4-visitors/11-badges",
    "zendesk": "https://acme.zendesk.com/hc/en-us/articles/360000",
}


@pytest.mark.parametrize("helpdesk", sorted(ADDRESSES))
async def test_markup_of(helpdesk: str, converter: DocumentConverter) -> None:
    """Steps, tables, code with its language, alt texts, notes and links survive; what is no text is gone."""
    html = (GOLDEN / f"{helpdesk}.html").read_text("utf-8")
    written = datetime(2026, 1, 1, tzinfo=UTC)
    entry = Entry("1", "Title", frozenset({"public"}), html, ADDRESSES[helpdesk], written)
    article = await finished("desk", entry, Body(html), converter)
    assert article.body == (GOLDEN / f"{helpdesk}.md").read_text("utf-8")
