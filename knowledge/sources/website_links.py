"""What a sitemap lists and what a page links to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from lxml import etree
from lxml import html as lxml_html

if TYPE_CHECKING:
    from knowledge.sources.fetch import Fetched


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages that a sitemap lists, or the sitemaps that an index of them does."""

    pages: list[str]
    sitemaps: list[str]


def read_sitemap(data: bytes) -> Sitemap | None:
    """Read a sitemap or an index of them; None for anything else."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    kind = etree.QName(root).localname
    if kind not in {"urlset", "sitemapindex"}:
        return None
    places = [str(place.text).strip() for place in root.iter("{*}loc") if place.text]
    return Sitemap(places, []) if kind == "urlset" else Sitemap([], places)


def links_in(fetched: Fetched) -> list[str]:
    """Give the addresses that a page links to."""
    try:
        root: Any = lxml_html.fromstring(fetched.data, base_url=fetched.url)
    except (etree.ParserError, ValueError):
        return []
    addresses = (str(link) for link in root.xpath("//a[not(contains(@rel, 'nofollow'))]/@href"))
    return [plain_address(found) for address in addresses if (found := _joined(fetched.url, address))]


def _joined(base: str, address: str) -> str | None:
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return None


def plain_address(address: str) -> str:
    """Give an address without its fragment."""
    return address.partition("#")[0]
