"""Slack over HTTP: one endpoint on the bot's web server, for those who want no Socket Mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from starlette.responses import Response

if TYPE_CHECKING:
    from slack_bolt.app.async_app import AsyncApp
    from starlette.requests import Request

PATH = "/slack/events"
LONGEST_BODY = 1_000_000
"""Far more than Slack sends; without a bound anybody could fill the memory."""


class Endpoint:
    """Takes Slack's signed requests; bolt refuses what is not signed, or older than five minutes, with 401."""

    def __init__(self) -> None:
        self._handler: AsyncSlackRequestHandler | None = None

    def open(self, app: AsyncApp) -> None:
        """Take requests from now on."""
        self._handler = AsyncSlackRequestHandler(app)

    def close(self) -> None:
        """Take no more."""
        self._handler = None

    async def receive(self, request: Request) -> Response:
        """Answer one request; Slack sends it again after anything but 200."""
        if self._handler is None:
            return Response("not connected yet", status_code=503)
        if int(request.headers.get("content-length") or LONGEST_BODY + 1) > LONGEST_BODY:
            return Response("too long, or of no told length", status_code=413)
        return await self._handler.handle(request)
