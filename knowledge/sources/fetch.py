"""One page or document from the web, without letting an address reach into the operator's own network."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import httpx

from knowledge.errors import ArticleError
from knowledge.sources.documents import MAX_BYTES, SUFFIXES, Facts, read_article_bytes, too_large
from knowledge.sources.tls import authorities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from knowledge.models import Article
    from knowledge.sources.convert import DocumentConverter

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_MOST_REDIRECTS: Final = 5
_SUFFIX_OF_TYPE: Final = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_VAGUE_TYPES: Final = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream"})
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back: `url` is where the redirects ended, `suffix` says how to read `data`.

    `etag` and `modified` are what the server calls this version, for asking later whether it changed.
    """

    url: str
    suffix: str
    data: bytes
    charset: str | None
    etag: str = ""
    modified: str = ""


class FetchError(ArticleError):
    """The server did not give the document; `status` is what it answered, None when it did not answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for, for all redirects on the way to it."""

    client: httpx.AsyncClient
    url: str
    headers: Mapping[str, str]
    any_type: bool


def is_public_address(address: Address) -> bool:
    """Whether an address is one of the open internet, also one that stands inside an IPv6 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public_address(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class DocumentFetcher:
    """Fetches documents over HTTP(S), each redirect checked like the first address.

    A host's name is resolved once and the connection goes to an address that was checked, so a name that
    changes its address in between gains nothing. `permitted` decides on an address. Proxies in the
    environment are not used.
    """

    def __init__(
        self,
        permitted: Callable[[Address], bool] = is_public_address,
        *,
        seconds: float = 30.0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._permitted = permitted
        self._seconds = seconds
        self._max_bytes = max_bytes

    async def fetch(
        self, url: str, headers: Mapping[str, str] | None = None, *, any_type: bool = False
    ) -> Fetched:
        """Fetch a document; raises ArticleError that names the address and says what to do.

        `headers` go with the request; with `any_type` the suffix of a type that is not known is empty.
        """
        try:
            async with asyncio.timeout(self._seconds), self._client() as client:
                target = url
                for _ in range(_MOST_REDIRECTS + 1):
                    outcome = await self._request(_Wish(client, url, headers or {}, any_type), target)
                    if isinstance(outcome, Fetched):
                        return outcome
                    target = outcome
        except TimeoutError:
            raise FetchError(f"{url}: did not answer within {self._seconds:g} s; try again later") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise FetchError(f"{url}: cannot be fetched ({reason}); is the address right?") from error
        raise ArticleError(f"{url}: redirects more than {_MOST_REDIRECTS} times; give the address it ends at")

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=authorities(), trust_env=False, follow_redirects=False, timeout=self._seconds
        )

    async def _request(self, wish: _Wish, target: str) -> Fetched | str:
        """Make one request; give the document, or the address of a redirect."""
        asked = httpx.URL(target)
        *others, last = await self._checked_addresses(wish.url, asked)
        for address in others:
            try:
                return await self._request_from(wish, asked, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # an IPv6 address where there is no IPv6, for one
        return await self._request_from(wish, asked, last)

    async def _request_from(self, wish: _Wish, asked: httpx.URL, address: Address) -> Fetched | str:
        url, client = wish.url, wish.client
        request = client.build_request(
            "GET",
            asked.copy_with(host=str(address), fragment=None),
            headers={
                "Host": asked.netloc.decode("ascii"),
                "User-Agent": "helpdesk-bot",
                "Accept": "text/markdown, text/html, application/pdf, */*;q=0.5",
                "Accept-Encoding": "identity",  # what is compressed can grow without end
                **wish.headers,
            },
            extensions={"sni_hostname": asked.raw_host.decode("ascii")},
        )
        response = await client.send(request, stream=True)
        try:
            if response.has_redirect_location:
                return str(asked.join(response.headers["Location"]))
            if not response.is_success:
                raise FetchError(
                    f"{url}: the server answered {response.status_code}; may anybody read it?",
                    response.status_code,
                )
            suffix = _suffix(url, str(asked), response.headers, any_type=wish.any_type)
            charset = _CHARSET.search(response.headers.get("Content-Type", ""))
            return Fetched(
                str(asked),
                suffix,
                await self._read(url, response),
                charset[1] if charset else None,
                response.headers.get("ETag", ""),
                response.headers.get("Last-Modified", ""),
            )
        finally:
            await response.aclose()

    async def _checked_addresses(self, url: str, asked: httpx.URL) -> list[Address]:
        if asked.scheme not in {"http", "https"} or not asked.host:
            raise ArticleError(f"{url}: is no http or https address")
        if asked.userinfo:
            raise ArticleError(
                f"{url.partition('://')[0]}://…@{asked.host}: has a password in it; leave it out"
            )
        port = asked.port or (443 if asked.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(asked.host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ArticleError(f"{url}: the host {asked.host} is not known ({error.strerror})") from None
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        refused = [address for address in addresses if not self._permitted(address)]
        if refused or not addresses:
            raise ArticleError(
                f"{url}: {asked.host} is at {refused[0] if refused else 'no address'}, which is not on the "
                "open internet; save the page and add the file"
            )
        return addresses

    async def _read(self, url: str, response: httpx.Response) -> bytes:
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > self._max_bytes:
            raise too_large(url, int(announced), self._max_bytes)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ArticleError(f"{url}: came compressed although that was refused; save it and add the file")
        data = bytearray()
        async for chunk in response.aiter_raw():
            data += chunk
            if len(data) > self._max_bytes:
                raise too_large(url, len(data), self._max_bytes)
        return bytes(data)


def _suffix(url: str, target: str, headers: httpx.Headers, *, any_type: bool) -> str:
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    named = PurePosixPath(unquote(urlsplit(target).path)).suffix.lower()
    if media_type in _VAGUE_TYPES and named in SUFFIXES:
        return named
    if (suffix := _SUFFIX_OF_TYPE.get(media_type)) is None:
        if any_type:
            return ""
        raise ArticleError(
            f"{url}: is {media_type or 'of no type'}, which cannot be read; known are HTML, text, PDF, DOCX"
        )
    return suffix


async def read_article_url(
    url: str, facts: Facts, converter: DocumentConverter, fetcher: DocumentFetcher
) -> Article:
    """Make an article of a web page; its id is `facts.article_id`, else its address. Raises ArticleError."""
    fetched = await fetcher.fetch(url)
    known = replace(
        facts,
        article_id=facts.article_id or url.partition("#")[0],
        url=facts.url or fetched.url,
        charset=fetched.charset,
    )
    path = PurePosixPath(unquote(urlsplit(fetched.url).path))
    name = (path.stem or urlsplit(fetched.url).netloc) + fetched.suffix
    return await read_article_bytes(name, fetched.data, known, converter)
