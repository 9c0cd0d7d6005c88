"""Files that people share, fetched from Discord's own hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from connectors.errors import DeliveryError

if TYPE_CHECKING:
    from connectors.base import SharedFile

HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
SECONDS = 30.0
_CHUNK = 65_536


class Files:
    """Fetches files. `own_url` is the address of a compatible server, whose host is trusted as Discord's are."""

    def __init__(self, own_url: str = "") -> None:
        own = urlsplit(own_url)
        self._own = (own.scheme, own.netloc) if own.netloc else None

    async def fetch(self, file: SharedFile, most_bytes: int) -> bytes:
        """Give the file's bytes. Raises DeliveryError when it is larger or cannot be had, and says why."""
        if not self._is_trusted(file.key):
            raise DeliveryError(
                f"{file.name} is not a file on Discord; attach it to the message or the command"
            )
        if file.size > most_bytes:
            raise _too_large(file, most_bytes)
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS)) as session,
                session.get(file.key, allow_redirects=False) as response,
            ):
                if response.status != 200:  # noqa: PLR2004 - HTTP's OK
                    raise DeliveryError(
                        f"discord does not give {file.name} any more (HTTP {response.status}); attach it again"
                    )
                return await _read(response, file, most_bytes)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DeliveryError(
                f"{file.name} could not be fetched from Discord ({type(error).__name__}); try again"
            ) from error

    def _is_trusted(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if self._own is not None and (parts.scheme, parts.netloc) == self._own:
            return True
        return parts.scheme == "https" and parts.netloc in HOSTS


async def _read(response: aiohttp.ClientResponse, file: SharedFile, most_bytes: int) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_chunked(_CHUNK):
        size += len(part)
        if size > most_bytes:
            raise _too_large(file, most_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(file: SharedFile, most_bytes: int) -> DeliveryError:
    return DeliveryError(f"{file.name} is larger than {most_bytes:,} bytes; give it in parts")
