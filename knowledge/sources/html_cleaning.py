"""Takes a page down to its article before it becomes Markdown.

Runs in the child process only; see `convert_worker`.

Helpdesks, wikis and word processors write the same thing in many ways; here their habits become plain HTML:
main content only, no hidden parts, absolute links, lists inside their items, tables without layout.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Comment, Tag
from bs4.element import NavigableString

if TYPE_CHECKING:
    from collections.abc import Iterable

_DROPPED: Final = (
    "script, style, noscript, template, iframe, object, embed, svg, canvas, audio, video, nav, select,"
    "textarea, dialog,"
    "[hidden], [aria-hidden=true], [role=navigation], [role=search], [role=banner], [role=contentinfo],"
    "[role=dialog],"
    "[style*='display:none'], [style*='display: none'], [style*='visibility:hidden'],"
    "[style*='visibility: hidden'],"
    "td.gutter, .linenos, .lineno, .line-numbers-rows"
)
_PAGE_ONLY: Final = "header, footer"
_CONTENT: Final = ("main", "[role=main]", "article")
_PERMALINKS: Final = frozenset({"", "¶", "#", "§", "🔗", "permalink"})
_LANGUAGE_CLASS = re.compile(r"^(?:language-|lang-|highlight-source-|brush:\s*)([\w+#.-]+)$", re.IGNORECASE)
_DATA_URI = re.compile(r"""(?<=src=)(["'])data:[^"']*["']""", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u2060\ufeff]")
_POWERS: Final = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_TAG_LIKE = re.compile(r"<(?=[A-Za-z/!?])")


@dataclass(frozen=True, slots=True)
class CleanPage:
    """What a page says: the article's HTML without its title, and what stands about it in the page's head."""

    html: str
    title: str | None = None
    language: str | None = None
    url: str | None = None
    updated_at: str | None = None


def clean_html(html: str, base_url: str | None, *, whole_page: bool = True) -> CleanPage:
    """Reduce a page, or with `whole_page` false the HTML of a body, to its article."""
    soup = BeautifulSoup(_DATA_URI.sub(r"\1\1", html), "lxml")  # lxml stops at an attribute over 10 MB
    base = soup.find("base", href=True)
    if isinstance(base, Tag):
        base_url = urljoin(base_url or "", str(base["href"]))
    head = _head(soup)
    content = _content(soup) if whole_page else (soup.body or soup)
    title = _take_title(content)
    _drop(content, whole_page=whole_page)
    _resolve_links(content, base_url)
    _resolve_images(content, base_url)
    _mend_structure(soup, content)
    _mend_tables(content)
    _mend_text(content)
    return CleanPage(
        content.decode(), title or head["title"], head["language"], head["url"], head["updated_at"]
    )


def code_language(element: Tag) -> str:
    """Name the language of a `<pre>` as its own, its code's or its box's class has it; empty if none does."""
    boxes = [element, element.find("code"), *list(element.parents)[:2]]
    for box in boxes:
        if not isinstance(box, Tag):
            continue
        for name in box.get_attribute_list("class"):
            if match := _LANGUAGE_CLASS.match(str(name)):
                return match[1].lower()
    return ""


def _head(soup: BeautifulSoup) -> dict[str, str | None]:
    root, title = soup.find("html"), soup.find("title")
    canonical = soup.select_one("link[rel=canonical][href]")
    modified = soup.select_one("meta[property='article:modified_time'][content]")
    return {
        "title": " ".join(title.get_text().split()) or None if isinstance(title, Tag) else None,
        "language": str(root.get("lang") or "") or None if isinstance(root, Tag) else None,
        "url": str(canonical["href"]) if canonical else None,
        "updated_at": str(modified["content"]) if modified else None,
    }


def _content(soup: BeautifulSoup) -> Tag:
    for selector in _CONTENT:
        found = soup.select(selector)
        if len(found) == 1 and found[0].get_text(strip=True):
            return found[0]
    return soup.body or soup


def _take_title(content: Tag) -> str | None:
    heading = content.find("h1")
    if not isinstance(heading, Tag) or _is_hidden(heading):
        return None
    _drop_permalinks(heading)
    text = " ".join(_INVISIBLE.sub("", heading.get_text(" ")).split())
    if text:
        heading.decompose()
    return text or None


def _is_hidden(element: Tag) -> bool:
    return any(one.css.match(_DROPPED) for one in (element, *element.parents) if one.name != "[document]")


def _drop(content: Tag, *, whole_page: bool) -> None:
    for comment in content.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for element in content.select(f"{_DROPPED}, {_PAGE_ONLY}" if whole_page else _DROPPED):
        element.decompose()
    for contents in content.select("ul, ol"):
        links = contents.select("a[href^='#']")
        if links and _words(contents) == " ".join(_words(link) for link in links):
            contents.decompose()  # a table of contents
    for button in content.select("button, input:not([type=checkbox])"):
        if button.find_parent(["h2", "h3", "h4", "h5", "h6", "summary", "dt"]):
            button.unwrap()  # the question of an accordion
        else:
            button.decompose()
    for heading in content.select("h1, h2, h3, h4, h5, h6"):
        _drop_permalinks(heading)
        if not heading.get_text(strip=True):
            heading.decompose()


def _words(element: Tag) -> str:
    return " ".join(element.get_text(" ").split())


def _drop_permalinks(heading: Tag) -> None:
    for link in heading.select("a[href^='#']"):
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
    for link in content.select("a"):
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
    for image in content.select("img"):
        alt = " ".join(str(image.get("alt") or image.get("title") or "").split())
        if not alt:
            image.decompose()
            continue
        sources = [str(image.get(name) or "") for name in ("src", "data-src", "data-original")]
        image.attrs = {"alt": alt.replace("[", "(").replace("]", ")")}
        image["src"] = next((found for source in sources if (found := _resolve(source, base_url))), "")


def _mend_structure(soup: BeautifulSoup, content: Tag) -> None:
    for element in content.select(
        "u, ins, font, b[style*='font-weight:normal'], b[style*='font-weight: normal']"
    ):
        element.unwrap()
    _mend_lists(content)
    _mend_terms(soup, content)
    for raised in content.find_all("sup"):  # 10<sup>6</sup> must not become 106
        if (power := raised.get_text(strip=True)) and set(power) <= set("0123456789+-n"):
            raised.replace_with(NavigableString(power.translate(_POWERS)))
    for line_break in content.select("pre br"):
        line_break.replace_with("\n")


def _mend_lists(content: Tag) -> None:
    """Put a list that stands beside the items of another, as word processors do, into the item before."""
    for inner in content.select("ol > ol, ol > ul, ul > ol, ul > ul"):
        before = inner.find_previous_sibling("li")
        if not isinstance(before, Tag):
            continue
        last = before.contents[-1] if before.contents else None
        if isinstance(last, Tag) and last.name == inner.name:  # it was nested beside another one
            last.extend(inner.extract().find_all("li", recursive=False))
        else:
            before.append(inner.extract())


def _mend_terms(soup: BeautifulSoup, content: Tag) -> None:
    """Make paragraphs of what Markdown lacks: folded parts and lists of terms."""
    for name in ("summary", "dt"):
        for element in content.find_all(name):
            _wrap_strong(soup, element)
    for element in content.select("dl, dd, details, figure"):
        element.name = "div"


def _wrap_strong(soup: BeautifulSoup, element: Tag) -> None:
    text = _words(element)
    element.clear()
    element.name = "p"
    if text:
        strong = soup.new_tag("strong")
        strong.string = text
        element.append(strong)


def _mend_tables(content: Tag) -> None:
    for table in reversed(content.find_all("table")):  # inner ones first
        cells = table.find_all(["td", "th"])
        if len(cells) <= 1:  # a box drawn as a table
            _unwrap_all([*table.find_all(["colgroup", "thead", "tbody", "tr"]), *cells], table)
            continue
        for cell in cells:
            for line_break in cell.find_all("br"):
                line_break.replace_with(" ")
            for item in cell.find_all("li"):  # a list cannot stand in a Markdown table
                item.insert(0, "• ")
                item.append(" ")
                item.unwrap()
            _unwrap_all(cell.find_all(["ul", "ol"]), None)
            for text in cell.find_all(string=lambda text: "|" in text):
                text.replace_with(NavigableString(text.replace("|", "\\|")))
        for caption in table.find_all("caption"):
            caption.name = "p"
            table.insert_before(caption.extract())


def _unwrap_all(elements: Iterable[Tag], table: Tag | None) -> None:
    for element in elements:
        if table is not None and element.name in {"td", "th"}:
            element.name = "div"
        else:
            element.unwrap()
    if table is not None:
        table.name = "div"


def _mend_text(content: Tag) -> None:
    for text in content.find_all(string=True):
        in_code = text.find_parent(["pre", "code", "kbd", "samp"]) is not None
        plain = _INVISIBLE.sub("", text).replace("\u00a0", " ")
        if not in_code:
            plain = _TAG_LIKE.sub(r"\\<", plain)
        if plain != text:
            text.replace_with(NavigableString(plain))
