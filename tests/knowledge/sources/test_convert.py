"""The converter's child process: what it makes of real documents, and that none can harm the bot."""

from __future__ import annotations

import asyncio
import os
import signal
import zlib
from typing import TYPE_CHECKING

import psutil
import pytest

from knowledge.errors import ArticleError
from knowledge.sources.convert import ConverterLimits, DocumentConverter, DocumentKind
from tests.knowledge.sources import documents

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def converter() -> AsyncIterator[DocumentConverter]:
    """Give a converter and close it."""
    async with DocumentConverter() as converter:
        yield converter


def child_of(converter: DocumentConverter) -> psutil.Process:
    """Give the converter's child process."""
    assert converter._process is not None
    return psutil.Process(converter._process.pid)


async def test_word_document_keeps_structure(converter: DocumentConverter) -> None:
    """Headings, numbered steps, tables with their first row as header, and images' alt text survive."""
    data = documents.docx(
        documents.paragraph("Reset a password", "Title"),
        documents.paragraph("Steps", "Heading1"),
        documents.paragraph("Open Settings.", numbered=True),
        documents.paragraph("Choose reset_link.", numbered=True),
        documents.IMAGE,
        documents.table(("Plan", "Price"), ("Team", "9 | month")),
    )
    converted = await converter.convert(DocumentKind.DOCX, "reset.docx", data)
    assert converted.title == "Reset a password"
    assert converted.markdown == (
        "# Steps\n\n1. Open Settings.\n2. Choose reset_link.\n\n![The red button]()\n\n"
        "| Plan | Price |\n| --- | --- |\n| Team | 9 \\| month |\n"
    )


async def test_pdf_keeps_its_lines(converter: DocumentConverter) -> None:
    """The text of a PDF comes out in reading order."""
    data = documents.pdf("Export your data", "1. Open Settings", "2. Press Export")
    converted = await converter.convert(DocumentKind.PDF, "export.pdf", data)
    assert converted.markdown.split("\n") == ["Export your data", "1. Open Settings", "2. Press Export", ""]


async def test_one_child_serves_many_documents(converter: DocumentConverter) -> None:
    """The child is started once, and close ends it."""
    await converter.convert(DocumentKind.HTML, "a.html", b"<p>a</p>")
    first = child_of(converter)
    await asyncio.gather(*(converter.convert(DocumentKind.HTML, f"{n}.html", b"<p>a</p>") for n in range(5)))
    assert child_of(converter).pid == first.pid
    await converter.close()
    assert not first.is_running()


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        (DocumentKind.PDF, b"not a pdf at all", "x: is no PDF"),
        (DocumentKind.PDF, b"%PDF-1.4\ngarbage", "x: is a broken PDF"),
        (DocumentKind.PDF, documents.pdf("Words")[:200], "x: is a broken PDF"),
        (DocumentKind.PDF, documents.pdf(), "x: has no text: it is perhaps a scan"),
        (DocumentKind.DOCX, b"PK\x03\x04 nothing more", "x: is a broken Word document"),
        (DocumentKind.DOCX, documents.docx(documents.paragraph("a"))[:-30], "x: is a broken Word document"),
    ],
)
async def test_broken_document_names_itself(
    converter: DocumentConverter, kind: DocumentKind, data: bytes, reason: str
) -> None:
    """A document that is broken gives an error with its name and a remedy, and the child goes on."""
    with pytest.raises(ArticleError) as error:
        await converter.convert(kind, "x", data)
    assert str(error.value).startswith(reason)
    assert (await converter.convert(DocumentKind.HTML, "y", b"<p>fine</p>")).markdown == "fine\n"


async def test_zip_bomb_is_refused_before_it_unpacks(converter: DocumentConverter) -> None:
    """A Word document that unpacks past the limit is refused by its own figures, not by trying."""
    await converter.convert(DocumentKind.HTML, "a.html", b"<p>a</p>")
    bomb = documents.docx(documents.paragraph("boom"), filler=250_000_000)
    assert len(bomb) < 400_000
    with pytest.raises(ArticleError, match=r"bomb.docx: unpacks to 250 MB in 8 parts, more than the 200 MB"):
        await converter.convert(DocumentKind.DOCX, "bomb.docx", bomb)
    assert child_of(converter).memory_info().rss < 150_000_000


async def test_memory_has_a_limit() -> None:
    """A PDF whose stream inflates past the limit ends as an error, and the next document is converted."""
    deflate = zlib.compressobj(1)
    chunk = bytes(10_000_000)
    stream = b"".join(deflate.compress(chunk) for _ in range(20)) + deflate.flush()
    bomb = documents.pdf_with_stream(stream, b"/Filter /FlateDecode")
    assert len(bomb) < 2_000_000
    async with DocumentConverter(ConverterLimits(memory_bytes=220_000_000)) as converter:
        with pytest.raises(ArticleError, match=r"bomb.pdf: needs more memory"):
            await converter.convert(DocumentKind.PDF, "bomb.pdf", bomb)
        assert (await converter.convert(DocumentKind.HTML, "y", b"<p>fine</p>")).markdown == "fine\n"


async def test_time_has_a_limit() -> None:
    """A document that takes too long is given up, its process killed, and the next one is converted."""
    async with DocumentConverter(ConverterLimits(seconds=2)) as converter:
        slow = b"<p>word <b>bold</b></p>" * 200_000
        with pytest.raises(ArticleError, match=r"slow.html: converting it took over 2 s; make it smaller"):
            await converter.convert(DocumentKind.HTML, "slow.html", slow)
        assert (await converter.convert(DocumentKind.HTML, "y", b"<p>fine</p>")).markdown == "fine\n"


async def test_cpu_limit_ends_an_orphan() -> None:
    """A child that computes while its bot is gone is ended by the kernel: its CPU time is limited too."""
    async with DocumentConverter(ConverterLimits(seconds=1)) as converter:
        await converter.convert(DocumentKind.HTML, "a.html", b"<p>a</p>")
        limit, _hard = child_of(converter).rlimit(psutil.RLIMIT_CPU)
        times = child_of(converter).cpu_times()
        assert limit <= times.user + times.system + 3


async def test_killed_child_is_replaced(converter: DocumentConverter) -> None:
    """A child that something killed while idle costs no document."""
    await converter.convert(DocumentKind.HTML, "a.html", b"<p>a</p>")
    child = child_of(converter)
    os.kill(child.pid, signal.SIGKILL)
    assert converter._process is not None
    await converter._process.wait()
    assert (await converter.convert(DocumentKind.HTML, "b.html", b"<p>b</p>")).markdown == "b\n"


async def test_cancelled_conversion_leaves_no_half_exchange(converter: DocumentConverter) -> None:
    """After a cancelled conversion the next document gets its own reply."""
    await converter.convert(DocumentKind.HTML, "a.html", b"<p>a</p>")
    slow = asyncio.create_task(converter.convert(DocumentKind.HTML, "s", b"<p>slow</p>" * 200_000))
    await asyncio.wait([slow], timeout=0.1)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert (await converter.convert(DocumentKind.HTML, "b.html", b"<p>b</p>")).markdown == "b\n"


async def test_deep_nesting_is_survived(converter: DocumentConverter) -> None:
    """A page nested thousands of levels deep gives its text, and the child goes on."""
    deep = b"<div>" * 5000 + b"words" + b"</div>" * 5000
    assert (await converter.convert(DocumentKind.HTML, "deep.html", deep)).markdown == "words\n"
    assert (await converter.convert(DocumentKind.HTML, "y", b"<p>fine</p>")).markdown == "fine\n"


async def test_child_sees_no_secrets(converter: DocumentConverter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables such as tokens are not handed to the process that reads strangers' documents."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    await converter.convert(DocumentKind.HTML, "a.html", b"<p>a</p>")
    assert "SLACK_BOT_TOKEN" not in child_of(converter).environ()
