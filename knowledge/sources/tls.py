"""Whom HTTPS connections trust."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import ssl


@lru_cache
def authorities() -> ssl.SSLContext:
    """Give the trusted authorities: those of SSL_CERT_FILE or SSL_CERT_DIR, else certifi's.

    They are read once a process: that takes 20 to 60 ms of CPU, and a website of 2,000 pages needs it 2,000 times.
    """
    return httpx.create_ssl_context()
