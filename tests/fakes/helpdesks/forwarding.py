"""Passes requests on to a real helpdesk, so that faults can be put in between."""

from __future__ import annotations

from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response


class Forwarding:
    """An ASGI app in front of `url`."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Ask the other one, and answer what it answers."""
        request = Request(scope, receive)
        path = f"{scope['path']}?{scope['query_string'].decode()}".rstrip("?")
        kept = {
            key: value for key, value in request.headers.items() if key not in {"host", "accept-encoding"}
        }
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            got = await client.request(
                request.method, f"{self._url}{path}", headers=kept, content=await request.body()
            )
        response = Response(got.content, got.status_code, media_type=got.headers.get("content-type"))
        await response(scope, receive, send)
