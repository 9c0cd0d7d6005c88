"""`GET /metrics`: for Prometheus, on this machine or with a token."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import SecretStr
    from starlette.requests import Request

    from bot.measures import Measure
    from bot.metrics import Metrics

_NOT_HERE = "metrics are for this machine alone until [web] metrics_token is set\n"
_NOT_YOU = "send [web] metrics_token as a bearer token\n"


class MetricsPage:
    """Serves the metrics to whoever sends `token`; without one to this machine alone.

    The web server may be open to the world, for webhooks and web sites, and figures are nobody else's business. Who
    comes through a proxy on this machine that names its client (X-Forwarded-For) does not count as this machine.
    """

    def __init__(self, metrics: Metrics, token: SecretStr) -> None:
        self._metrics = metrics
        self._token = token.get_secret_value()

    def routes(self) -> list[Route]:
        """Give the route."""
        return [Route("/metrics", self._serve)]

    async def _serve(self, request: Request) -> Response:
        """Answer 200, 401 for a wrong token or none, 403 for another machine where no token is set."""
        if self._token and not self._is_told(request):
            return PlainTextResponse(_NOT_YOU, 401, {"WWW-Authenticate": "Bearer"})
        if not self._token and not _is_this_machine(request):
            return PlainTextResponse(_NOT_HERE, 403)
        measures = await self._metrics.gather()
        render = await asyncio.to_thread(_render)
        page, content_type = await asyncio.to_thread(render, measures, request.headers.get("accept", ""))
        return Response(page, headers={"content-type": content_type})

    def _is_told(self, request: Request) -> bool:
        scheme, _, said = request.headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(said.strip().encode(), self._token.strip().encode())
        return same and scheme.lower() == "bearer"


def _is_this_machine(request: Request) -> bool:
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _render() -> Callable[[Sequence[Measure], str], tuple[bytes, str]]:
    """Import the library: a bot that nobody scrapes does without."""
    from bot.web.exposition import render  # noqa: PLC0415

    return render
