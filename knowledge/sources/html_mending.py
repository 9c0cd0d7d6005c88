"""Makes the structures that Markdown lacks, or that editors write wrongly, into those it has.

Runs in the child process only; see `convert_worker`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

if TYPE_CHECKING:
    from collections.abc import Iterable

INVISIBLE = re.compile("[\u00ad\u200b\u200c\u2060\ufeff]")
"""Soft hyphens and blanks of no width, which part words in two."""

_CODE: Final = ("pre", "code", "kbd", "samp")
_NORMAL_WEIGHT = re.compile(r"font-weight\s*:\s*normal")
_POWERS: Final = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_TAG_LIKE = re.compile(r"<(?=[A-Za-z/!?])")


def words(element: Tag) -> str:
    """Give an element's text on one line."""
    return " ".join(element.get_text(" ").split())


def mend_structure(soup: BeautifulSoup, content: Tag) -> None:
    """Mend inline habits, lists, terms and line breaks in code."""
    for element in content.find_all(["u", "ins", "font", "b"]):
        if element.name != "b" or _NORMAL_WEIGHT.search(str(element.get("style", ""))):
            element.unwrap()
    _mend_lists(content)
    _mend_terms(soup, content)
    for raised in content.find_all("sup"):  # 10<sup>6</sup> must not become 106
        if (power := raised.get_text(strip=True)) and set(power) <= set("0123456789+-n"):
            raised.replace_with(NavigableString(power.translate(_POWERS)))
    for pre in content.find_all("pre"):
        for line_break in pre.find_all("br"):
            line_break.replace_with("\n")


def _mend_lists(content: Tag) -> None:
    """Put a list that stands beside the items of another, as word processors do, into the item before."""
    for inner in content.find_all(["ol", "ul"]):
        before = inner.find_previous_sibling("li")
        if inner.parent is None or inner.parent.name not in {"ol", "ul"} or before is None:
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
    for element in content.find_all(["dl", "dd", "details", "figure"]):
        element.name = "div"


def _wrap_strong(soup: BeautifulSoup, element: Tag) -> None:
    text = words(element)
    element.clear()
    element.name = "p"
    if text:
        strong = soup.new_tag("strong")
        strong.string = text
        element.append(strong)


def mend_tables(content: Tag) -> None:
    """Make each cell one line, take captions out, and boxes drawn as tables apart."""
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


def mend_text(content: Tag) -> None:
    """Make blanks plain, and escape what would become HTML again."""
    code = {id(text) for part in content.find_all(_CODE) for text in part.descendants}
    for text in list(content.descendants):
        if not isinstance(text, NavigableString):
            continue
        plain = INVISIBLE.sub("", text).replace("\u00a0", " ")
        if id(text) not in code:
            plain = _TAG_LIKE.sub(r"\\<", plain)
        if plain != text:
            text.replace_with(NavigableString(plain))
