"""What each format needs to become Markdown. Runs in the child process only; see `convert_worker`."""

from __future__ import annotations

import io
import logging
import re
import warnings
import zipfile
from typing import Any, Final

from markitdown.converters._docx_converter import DocxConverter
from markitdown.converters._html_converter import HtmlConverter
from markitdown.converters._pdf_converter import PdfConverter
from pdfminer.high_level import extract_text
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfminer.pdfpage import PDFPage

from knowledge.sources.html_cleaning import clean_html, code_language, smallest_part

logging.disable(logging.CRITICAL)  # pdfminer and mammoth comment every oddity of a file
warnings.simplefilter("ignore")

_MOST_PAGES_WITH_TABLES: Final = 60
_MAX_ZIP_ENTRIES: Final = 10_000
_TELLING: Final = 15
"""Characters of a line that tell where it stands."""
_WORD_STYLES: Final = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"
_OPTIONS: Final[dict[str, Any]] = {
    "bullets": "-",
    "code_language_callback": code_language,
    "table_infer_header": True,
    "autolinks": False,
}
_BLANK_LINES = re.compile(r"\n{3,}")
_TRAILING_SPACE = re.compile(r"[ \t]+(?=\n\n|\Z)|(?<![ \t])[ \t](?=\n)|(?<=  )[ \t]+(?=\n)")
"""All but the two spaces of a hard line break."""
_ESCAPED_UNDERSCORE = re.compile(r"(?<=[^\W_])\\_(?=[^\W_])")
_FENCE = re.compile(r"^ *(?:> *)*(`{3,}|~{3,})")


class UnfitDocument(ValueError):  # noqa: N818 - the name says the fact
    """The document is understood and refused; the message completes "FILE …"."""


def convert(request: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Convert one document; `{"error": …}` completes a sentence that starts with the file's name."""
    try:
        return _CONVERTERS[request["kind"]](request, data)
    except UnfitDocument as error:
        return {"error": str(error)}


def _html(request: dict[str, Any], data: bytes) -> dict[str, Any]:
    fragment = bool(request.get("fragment"))
    page = clean_html(
        data.decode("utf-8"), request.get("base_url"), whole_page=not fragment, titled=not fragment
    )
    return {
        "markdown": _tidy(HtmlConverter().convert_string(page.html, **_OPTIONS).markdown),
        "title": page.title,
        "language": page.language,
        "url": page.url,
        "updated_at": page.updated_at,
    }


def _page(request: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Convert the part of a page that trafilatura takes for its article.

    Its own output loses the numbers of steps, so it only says which part that is.
    """
    from trafilatura import extract  # noqa: PLC0415 - it takes a second, and only web sites need it

    page = data.decode("utf-8")
    about = _html(request, data)
    lines = (extract(page, include_comments=False, include_tables=True) or "").split("\n")
    wanted = [words for line in lines if len(words := " ".join(line.split(" ")).strip("-| ")) >= _TELLING]
    part = smallest_part(page, wanted)
    if part is None:
        return about
    return about | {"markdown": _html(request, part.encode())["markdown"]}


def _pdf(_request: dict[str, Any], data: bytes) -> dict[str, Any]:
    if b"%PDF-" not in data[:1024]:
        raise UnfitDocument("is no PDF: it does not begin with %PDF")
    try:
        markdown = _pdf_text(data)
    except PDFPasswordIncorrect:
        raise UnfitDocument("is encrypted with a password; save it without one") from None
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        raise UnfitDocument(
            f"is a broken PDF ({str(error) or type(error).__name__}); export it again"
        ) from error
    if not markdown.strip():
        raise UnfitDocument("has no text: it is perhaps a scan; run it through OCR first")
    return {"markdown": _tidy(markdown.replace("\f", "\n\n"))}


def _pdf_text(data: bytes) -> str:
    """Convert with tables, which takes about 0.3 s a page, or a long document without, in a third of that."""
    pages = sum(1 for _ in PDFPage.get_pages(io.BytesIO(data)))
    if pages > _MOST_PAGES_WITH_TABLES:
        return str(extract_text(io.BytesIO(data)))
    return str(PdfConverter().convert(io.BytesIO(data), None).markdown)


class _CleanedHtml:
    """Takes mammoth's HTML through the same cleaning as any other."""

    def convert_string(self, html: str, **options: Any) -> Any:
        page = clean_html(html, None, whole_page=False)
        self.title = page.title
        return HtmlConverter().convert_string(page.html, **options)


def _docx(request: dict[str, Any], data: bytes) -> dict[str, Any]:
    _check_zip(data, request["unzipped_bytes"])
    html, word = _CleanedHtml(), DocxConverter()
    word._html_converter = html  # noqa: SLF001 - its only way to another HTML converter
    try:
        result = word.convert(io.BytesIO(data), None, style_map=_WORD_STYLES, **_OPTIONS)
    except KeyError as error:
        raise UnfitDocument(f"is no Word document ({error})") from error
    return {"markdown": _tidy(result.markdown), "title": html.title}


def _check_zip(data: bytes, most: int) -> None:
    """Refuse a zip that grows past `most` bytes; its own figures bind, as zipfile reads no further."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise UnfitDocument(f"is a broken Word document ({error}); save it again as .docx") from error
    size = sum(entry.file_size for entry in entries)
    if size > most or len(entries) > _MAX_ZIP_ENTRIES:
        raise UnfitDocument(
            f"unpacks to {size / 1e6:.0f} MB in {len(entries)} parts, more than the {most / 1e6:.0f} MB "
            "allowed; make its images smaller or split it"
        )


def _tidy(markdown: str) -> str:
    """Take out surplus blank lines, spaces at line ends and needless escapes, outside of code fences."""
    parts: list[str] = []
    prose: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        opening = _FENCE.match(line)
        if not fence and opening is None:
            prose.append(line)
            continue
        if not fence and opening is not None:
            parts.append(_tidy_prose("\n".join(prose)))
            prose = []
            fence = opening[1]
        elif line.strip(" >").startswith(fence) and not line.strip(" >").strip(fence[0]):
            fence = ""
        parts.append(line)
    parts.append(_tidy_prose("\n".join(prose)))
    return "\n".join(parts).strip() + "\n"


def _tidy_prose(text: str) -> str:
    text = _BLANK_LINES.sub("\n\n", _TRAILING_SPACE.sub("", text))
    return _ESCAPED_UNDERSCORE.sub("_", text)


_CONVERTERS: Final = {"html": _html, "page": _page, "pdf": _pdf, "docx": _docx}
