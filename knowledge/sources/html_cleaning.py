"""Takes a page down to its article before it becomes Markdown.

Runs in the child process only; see `convert_worker`.

Helpdesks, wikis and word processors write the same thing in many ways; here their habits become plain HTML:
main content only, no hidden parts, absolute links, lists inside their items, tables without layout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Comment, Tag

from knowledge.sources.html_editors import brush_of, mend_editors
from knowledge.sources.html_mending import INVISIBLE, mend_structure, mend_tables, mend_text, words

_DROPPED: Final = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "iframe",
        "object",
        "embed",
        "svg",
        "canvas",
        "audio",
        "video",
        "nav",
        "select",
        "textarea",
        "dialog",
    ]
)
_DROPPED_ROLES: Final = frozenset({"navigation", "search", "banner", "contentinfo", "dialog"})
_DROPPED_CLASSES: Final = frozenset({"gutter", "linenos", "lineno", "line-numbers-rows"})
_PAGE_ONLY: Final = frozenset({"header", "footer"})
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_BOXES: Final = frozenset(
    {"div", "section", "article", "main", "center", "td", "tr", "table", "tbody", "form"}
)
_NEARLY_ALL: Final = 0.9
_FRAGMENT = re.compile("^#")
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PERMALINKS: Final = frozenset({"", "¶", "#", "§", "🔗", "permalink"})
_LANGUAGE_CLASS = re.compile(r"^(?:language-|lang-|highlight-source-|brush:\s*)([\w+#.-]+)$", re.IGNORECASE)
_DATA_URI = re.compile(r"""(?<=src=)(["'])data:[^"']*["']""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CleanPage:
    """What a page says: the article's HTML without its title, and what stands about it in the page's head."""

    html: str
    title: str | None = None
    language: str | None = None
    url: str | None = None
    updated_at: str | None = None


def clean_html(html: str, base_url: str | None, *, whole_page: bool = True, titled: bool = True) -> CleanPage:
    """Reduce a page, or with `whole_page` false the HTML of a body, to its article.

    With `titled` its first top heading is its title and leaves the text.
    """
    soup = BeautifulSoup(_DATA_URI.sub(r"\1\1", html), "lxml")  # lxml stops at an attribute over 10 MB
    base = soup.find("base", href=True)
    if isinstance(base, Tag):
        base_url = urljoin(base_url or "", str(base["href"]))
    head = _head(soup)
    content = _content(soup) if whole_page else (soup.body or soup)
    title = _take_title(content) if titled else None
    _drop(content, whole_page=whole_page)
    mend_editors(soup, content)
    _resolve_links(content, base_url)
    _resolve_images(content, base_url)
    mend_structure(soup, content)
    mend_tables(content)
    mend_text(content)
    return CleanPage(
        content.decode(), title or head["title"], head["language"], head["url"], head["updated_at"]
    )


def smallest_part(html: str, lines: list[str]) -> str | None:
    """Give the smallest part of a page that has nearly all of these lines; None when none has."""
    soup = BeautifulSoup(_DATA_URI.sub(r"\1\1", html), "lxml")
    part: Tag | None = soup.body
    enough = _NEARLY_ALL * len(lines)
    if part is None or not lines or _lines_in(part, lines) < enough:
        return None
    while True:
        inner = next(
            (child for child in part.find_all(True, recursive=False) if _lines_in(child, lines) >= enough),
            None,
        )
        if inner is None or inner.name not in _BOXES:
            return part.decode()
        part = inner


def _lines_in(element: Tag, lines: list[str]) -> int:
    text = words(element)
    return sum(line in text for line in lines)


def code_language(element: Tag) -> str:
    """Name the language of a `<pre>` as its own, its code's or its box's class has it, else an attribute."""
    boxes = [element, element.find("code"), *list(element.parents)[:2]]
    for box in boxes:
        if not isinstance(box, Tag):
            continue
        for name in box.get_attribute_list("class"):
            if match := _LANGUAGE_CLASS.match(str(name)):
                return match[1].lower()
        if brush := brush_of(box):
            return brush
    return ""


def _head(soup: BeautifulSoup) -> dict[str, str | None]:
    root, title = soup.find("html"), soup.find("title")
    canonical = soup.find("link", rel="canonical", href=True)
    modified = soup.find("meta", property="article:modified_time", content=True)
    return {
        "title": " ".join(title.get_text().split()) or None if isinstance(title, Tag) else None,
        "language": str(root.get("lang") or "") or None if isinstance(root, Tag) else None,
        "url": str(canonical["href"]) if isinstance(canonical, Tag) else None,
        "updated_at": str(modified["content"]) if isinstance(modified, Tag) else None,
    }


def _content(soup: BeautifulSoup) -> Tag:
    for found in (soup.find_all("main"), soup.find_all(role="main"), soup.find_all("article")):
        if len(found) == 1 and found[0].get_text(strip=True):
            return found[0]
    return soup.body or soup


def _take_title(content: Tag) -> str | None:
    heading = content.find("h1")
    if not isinstance(heading, Tag) or _is_hidden(heading):
        return None
    _drop_permalinks(heading)
    text = " ".join(INVISIBLE.sub("", heading.get_text(" ")).split())
    if text:
        heading.decompose()
    return text or None


def _is_hidden(element: Tag) -> bool:
    return any(_is_dropped(one, _DROPPED) for one in (element, *element.parents))


def _is_dropped(element: Tag, names: frozenset[str]) -> bool:
    if element.name in names:
        return True
    attributes: dict[str, Any] = element.__dict__.get("attrs", {})  # a decomposed element has none
    return bool(attributes) and (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") in _DROPPED_ROLES
        or _HIDING.search(str(attributes.get("style", ""))) is not None
        or not _DROPPED_CLASSES.isdisjoint(element.get_attribute_list("class"))
    )


def _drop(content: Tag, *, whole_page: bool) -> None:
    for comment in [node for node in content.descendants if isinstance(node, Comment)]:
        comment.extract()
    names = _DROPPED | _PAGE_ONLY if whole_page else _DROPPED
    for element in list(content.descendants):  # one pass: selectors take ten times as long
        if isinstance(element, Tag) and _is_dropped(element, names):
            element.decompose()  # which empties what is below, so that nothing of it is dropped again
    for contents in content.find_all(["ul", "ol"]):
        if _is_table_of_contents(contents):
            contents.decompose()
    for button in content.find_all(["button", "input"]):
        if button.find_parent([*_HEADINGS, "summary", "dt"]):
            button.unwrap()  # the question of an accordion
        elif button.get("type") != "checkbox":
            button.decompose()
    _drop_empty_headings(content)


def _drop_empty_headings(content: Tag) -> None:
    for heading in content.find_all(_HEADINGS):
        _drop_permalinks(heading)
        if not heading.get_text(strip=True):
            heading.decompose()


def _is_table_of_contents(element: Tag) -> bool:
    links = element.find_all("a", href=_FRAGMENT)
    return bool(links) and words(element) == " ".join(words(link) for link in links)


def _drop_permalinks(heading: Tag) -> None:
    for link in heading.find_all("a", href=_FRAGMENT):
        if link.get_text(strip=True).lower() in _PERMALINKS:
            link.decompose()


def _resolve(address: str, base_url: str | None) -> str | None:
    """Give the absolute http(s) address, None when there is none."""
    if not address.strip():
        return None
    try:
        absolute = urljoin(base_url or "", address.strip())
        parts = urlsplit(absolute)
    except ValueError:
        return None
    return absolute if parts.scheme in {"http", "https"} and parts.netloc else None


def _resolve_links(content: Tag, base_url: str | None) -> None:
    for link in content.find_all("a"):
        href = str(link.get("href") or "")
        scheme, _, address = href.partition(":")
        if scheme.lower() in {"mailto", "tel"}:
            address = address.partition("?")[0]
            if address and address not in link.get_text():
                link.append(f" ({address})")
            link.unwrap()
        elif href.startswith("#") or (absolute := _resolve(href, base_url)) is None:
            link.unwrap()
        else:
            link.attrs = {"href": absolute}


def _resolve_images(content: Tag, base_url: str | None) -> None:
    for image in content.find_all("img"):
        alt = " ".join(str(image.get("alt") or image.get("title") or "").split())
        if not alt:
            image.decompose()
            continue
        sources = [str(image.get(name) or "") for name in ("src", "data-src", "data-original")]
        image.attrs = {"alt": alt.replace("[", "(").replace("]", ")")}
        image["src"] = next((found for source in sources if (found := _resolve(source, base_url))), "")
