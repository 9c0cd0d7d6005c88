"""Makes of what single helpdesks' editors write what any page would have.

Runs in the child process only; see `convert_worker`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bs4.element import NavigableString

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_BOXES: Final = ("div", "section", "aside", "p")
_NOTE = re.compile(
    r"^(?:callouts?(?:-.+)?|fd-callout|intercom-interblocks-callout|confluence-information-macro|admonition)$"
)
"""Classes of Zendesk's and Help Scout's, Freshdesk's, Intercom's and Confluence's notes, and of doc generators'."""
_BRUSH = re.compile(r"(?:^|\bbrush:\s*)([\w+#.-]+)\s*(?:;|$)")


def mend_editors(soup: BeautifulSoup, content: Tag) -> None:
    """Make notes quotes, so that they stay apart, emojis text, and drop what stands below Discourse's pictures."""
    for box in content.find_all(_BOXES, class_=_NOTE):
        if box.find_parent("blockquote") is None and box.get_text(strip=True):
            _quote(soup, box)
    for emoji in content.find_all("img", class_="emoji"):
        emoji.replace_with(NavigableString(str(emoji.get("alt") or "")))
    for picture in content.find_all(class_="lightbox-wrapper"):
        for size in picture.find_all("div", class_="meta"):
            size.decompose()


def _quote(soup: BeautifulSoup, box: Tag) -> None:
    for heading in box.find_all(["h1", "h2", "h3", "h4", "h5", "h6"]):  # it heads the note, not what follows
        heading.name = "strong"
        heading.wrap(soup.new_tag("p"))
    if box.name == "p":
        box.wrap(soup.new_tag("blockquote"))
    else:
        box.name = "blockquote"


def brush_of(box: Tag) -> str:
    """Name the language of code as Confluence (`brush: bash; …`) and Freshdesk write it; empty if they do not."""
    said = str(box.get("data-syntaxhighlighter-params") or box.get("code-brush") or "")
    match = _BRUSH.search(said)
    return match[1].lower() if match else ""
