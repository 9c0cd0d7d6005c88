"""Bytes to text, and text to what a database and a reader can bear."""

from __future__ import annotations

import codecs
import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from knowledge.errors import ArticleError

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CHARSET = re.compile(
    rb"""<(?:meta[^>]+charset|\?xml[^>]+encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_MOST_ID: Final = 512


def decode_text(name: str, data: bytes) -> str:
    """Decode UTF-8, or UTF-16/32 with a byte order mark; newlines become LF.

    Raises ArticleError for what is no text or in another encoding, with the offset of the first wrong byte.
    """
    encoding = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), "utf-8")
    if encoding.startswith("utf-8") and (position := data.find(0)) >= 0:
        raise ArticleError(
            f"{name}: is binary, not text (a NUL byte at offset {position}); name it by what it is"
        )
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ArticleError(
            f"{name}: is not valid {encoding.upper().removesuffix('-SIG')} at byte offset {error.start} "
            f"(line {line}); save it as UTF-8"
        ) from None
    return clean_text(text)


def decode_html(name: str, data: bytes, charset: str | None = None) -> str:
    """Decode a page by `charset` (its HTTP header's), else as its first 4 kB say, else like `decode_text`."""
    declared = _CHARSET.search(data[:4096])
    charset = charset or (declared[1].decode("ascii", "replace") if declared else None)
    if charset is None or any(data.startswith(bom) for bom, _ in _BOMS):
        return decode_text(name, data)
    try:
        codec = codecs.lookup(charset)
        if codec.name == "utf-8":
            return decode_text(name, data)
        # browsers read Latin-1 as Windows-1252, and so do those who write it
        return clean_text(
            str(data, "cp1252" if codec.name in {"iso8859-1", "ascii"} else codec.name, "replace")
        )
    except (LookupError, UnicodeError, ValueError):
        raise ArticleError(f"{name}: declares the unknown encoding {charset!r}; save it as UTF-8") from None


def clean_text(text: str) -> str:
    """Take out control characters and broken surrogates, which no database takes; newlines become LF."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").removeprefix("\ufeff")
    return _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """Make a title of text: cleaned, and every run of white space one blank."""
    return " ".join(clean_text(text).split())


def checked_id(name: str, value: object) -> str:
    """Make an id of what a file says: text or a whole number, not empty, at most 512 characters."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ArticleError(f"{name}: its id must be text or a whole number")
    if not (cleaned := one_line(value)) or len(cleaned) > _MOST_ID:
        raise ArticleError(
            f"{name}: its id is {'empty' if not cleaned else f'longer than {_MOST_ID} characters'}"
        )
    return cleaned


def parse_date(value: object) -> datetime | None:
    """Read an ISO 8601 date or time as an aware one; without a zone it is UTC. None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_language(value: object) -> str | None:
    """Read a BCP 47 tag, also written with an underscore; None for anything else."""
    if not isinstance(value, str):
        return None
    tag = value.strip().replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else None


def web_address(value: object) -> str | None:
    """Read an http or https address that names a host; None for anything else, such as `javascript:…`."""
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value.strip())
        has_host = bool(parts.hostname)
    except ValueError:
        return None
    return value.strip() if parts.scheme in {"http", "https"} and has_host else None


def parse_labels(value: object) -> tuple[str, ...] | None:
    """Read a label, labels with commas between, or a list of them; None when it is none of these."""
    if value is None:
        return ()
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str | int) for item in items):
        return None
    return tuple(dict.fromkeys(label for item in items if (label := one_line(str(item)))))
