"""Articles from the web, from a real server, and the addresses that may not be reached."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from knowledge.errors import ArticleError
from knowledge.sources.convert import DocumentConverter
from knowledge.sources.documents import Facts
from knowledge.sources.fetch import Address, DocumentFetcher, is_public_address, read_article_url
from tests.knowledge.sources import documents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAGE = "<html lang=en><title>T</title><h1>Reset é</h1><p>Press <a href='/x'>the button</a>.</p>".encode(
    "cp1252"
)
INTERNAL = Facts("local", frozenset({"internal"}))


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """Write an HTTP response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Site:
    """A small real web server; `asked` are the request heads that reached it."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[str] = []
        self.silent = asyncio.Event()

    def url(self, path: str) -> str:
        """Give the address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and hang up."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        path = head.split(" ")[1]
        if path == "/silent":
            await self.silent.wait()
        else:
            writer.write(self.responses()[path])
            await writer.drain()
        writer.close()

    def responses(self) -> dict[str, bytes]:
        """Give what stands at each path."""
        html = "text/html; charset=windows-1252"
        return {
            "/page": answer("200 OK", PAGE, Content_Type=html),
            "/guide.pdf": answer(
                "200 OK", documents.pdf("From PDF"), Content_Type="application/octet-stream"
            ),
            "/notes.md": answer("200 OK", b"# Notes\n\nBody.", Content_Type="text/plain"),
            "/moved": answer("302 Found", Location="/page"),
            "/inside": answer("302 Found", Location=f"http://127.0.0.2:{self.port}/page"),
            "/file": answer("302 Found", Location="file:///etc/passwd"),
            "/round": answer("302 Found", Location="/round"),
            "/gone": answer("404 Not Found", b"no", Content_Type=html),
            "/image": answer("200 OK", b"GIF89a", Content_Type="image/gif"),
            "/large": answer("200 OK", b"x" * 5000, Content_Type=html),
            "/endless": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + b"x" * 5000,
            "/gzip": answer("200 OK", gzip.compress(PAGE), Content_Type=html, Content_Encoding="gzip"),
            "/garbage": b"this is no HTTP\r\n\r\n",
        }


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Serve the site on a free port of every local address."""
    async with serve() as site:
        yield site


@asynccontextmanager
async def serve() -> AsyncIterator[Site]:
    """Serve until the block ends."""
    site = Site()
    server = await asyncio.start_server(site.handle, "0.0.0.0", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        site.silent.set()
        server.close()
        await server.wait_closed()


def only_this_host(address: Address) -> bool:
    """Permit 127.0.0.1, so that 127.0.0.2 can play the inside of a network."""
    return address == ipaddress.IPv4Address("127.0.0.1")


async def test_page_becomes_an_article(site: Site) -> None:
    """A page is read in its header's encoding, its links made absolute; its address is its id and url."""
    async with DocumentConverter() as converter:
        article = await read_article_url(
            site.url("/moved#part"), INTERNAL, converter, DocumentFetcher(only_this_host)
        )
    assert (article.id, article.url) == (site.url("/moved"), site.url("/page"))
    assert (article.source, article.title, article.audience) == ("local", "Reset é", {"internal"})
    assert article.body == f"Press [the button]({site.url('/x')}).\n"
    assert article.language == "en"


async def test_kind_follows_type_then_name(site: Site) -> None:
    """A vague content type is made precise by the address's suffix."""
    fetcher = DocumentFetcher(only_this_host)
    async with DocumentConverter() as converter:
        guide = await read_article_url(site.url("/guide.pdf"), INTERNAL, converter, fetcher)
        notes = await read_article_url(site.url("/notes.md"), INTERNAL, converter, fetcher)
    assert (guide.title, guide.body) == ("Guide", "From PDF\n")
    assert (notes.title, notes.body) == ("Notes", "Body.\n")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/inside", "127.0.0.2 is at 127.0.0.2, which is not on the open internet"),
        ("/file", "is no http or https address"),
        ("/round", "redirects more than 5 times"),
        ("/gone", "the server answered 404"),
        ("/image", "is image/gif, which cannot be read"),
        ("/large", "has 0.0 MB, more than the 0.001 MB allowed"),
        ("/endless", "has 0.0 MB, more than the 0.001 MB allowed"),
        ("/gzip", "came compressed although that was refused"),
        ("/garbage", "cannot be fetched (illegal status line"),
    ],
)
async def test_refusals_name_the_address(site: Site, path: str, reason: str) -> None:
    """Whatever a server does, the error names the address that was given and what is wrong."""
    with pytest.raises(ArticleError) as error:
        await DocumentFetcher(only_this_host, max_bytes=1000).fetch(site.url(path))
    assert str(error.value).startswith(f"{site.url(path)}: ")
    assert reason in str(error.value)


async def test_silent_server_is_given_up(site: Site) -> None:
    """A server that never answers costs the time limit and no more."""
    with pytest.raises(ArticleError, match=r"did not answer within 0\.2 s"):
        await DocumentFetcher(only_this_host, seconds=0.2).fetch(site.url("/silent"))


async def test_own_network_is_not_reached(site: Site) -> None:
    """By default neither an address nor a name on this machine or network is asked for anything."""
    fetcher = DocumentFetcher()
    for host in (
        "127.0.0.1",
        "localhost",
        "[::1]",
        "0x7f.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
    ):
        with pytest.raises(ArticleError, match=r"not on the open internet|is not known|cannot be fetched"):
            await fetcher.fetch(f"http://{host}:{site.port}/page")
    assert site.asked == []


async def test_host_header_names_the_host(site: Site) -> None:
    """The server is asked by its name although the connection goes to the checked address."""
    await DocumentFetcher(only_this_host).fetch(f"http://localhost:{site.port}/page")
    assert f"\r\nHost: localhost:{site.port}\r\n" in site.asked[0]


async def test_password_in_an_address_is_not_repeated() -> None:
    """An address with a password is refused without showing it."""
    with pytest.raises(ArticleError) as error:
        await DocumentFetcher().fetch("https://me:hunter2@help.example/")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["", "ftp://help.example/x", "http://", "not an address", "http://[::1", "http://a\x00b/"]
)
async def test_what_is_no_address_is_refused(url: str) -> None:
    """Nonsense gives an ArticleError, never another exception."""
    with pytest.raises(ArticleError):
        await DocumentFetcher().fetch(url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::5db8:d70e", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, *, public: bool) -> None:
    """Private, local, shared and multicast addresses are refused, also inside an IPv6 address."""
    assert is_public_address(ipaddress.ip_address(address)) is public
