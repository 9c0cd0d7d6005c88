"""How the bot and its embedding child talk: a length, a JSON header, as many raw bytes as the header says."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

NICENESS = 10
"""Of the bulk, which yields to whoever answers questions; an export is not niced: somebody waits for it."""

_LENGTH = struct.Struct("<I")


def pack(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """Make a frame; `bytes` in the header is set to the payload's length."""
    head = json.dumps({**header, "bytes": len(payload)}).encode()
    return b"".join((_LENGTH.pack(len(head)), head, payload))


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read one frame, or None at the end of the stream, in the middle of a frame too."""
    length = stream.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    head = stream.read(_LENGTH.unpack(length)[0])
    try:
        header: dict[str, Any] = json.loads(head)
    except ValueError:
        return None
    payload = stream.read(header["bytes"])
    return None if len(payload) < header["bytes"] else (header, payload)


async def read_async(stream: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """Read one frame; raises asyncio.IncompleteReadError where the stream ends."""
    length = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))[0]
    header: dict[str, Any] = json.loads(await stream.readexactly(length))
    return header, await stream.readexactly(header["bytes"])
