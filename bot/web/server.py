"""The web server: uvicorn as one task among the bot's others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import structlog
import uvicorn

from bot.errors import WebServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

STOP_SECONDS = 3
LARGEST_FRAME = 256_000
"""Bytes of a WebSocket's message: the longest question, and room for a form."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the bot, which stops everything in order."""
        yield


class WebServer:
    """Serves an application; port 0 takes a free one, which `port` tells after `bind`."""

    def __init__(self, application: Starlette, host: str, port: int) -> None:
        self._application = application
        self._host = host
        self.port = port
        self._socket: socket.socket | None = None
        self._log = structlog.get_logger()

    def bind(self) -> None:
        """Take the port. Raises WebServerError when somebody else has it."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        taken = socket.socket(family)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((self._host, self.port))
            taken.listen()  # from now on a client waits instead of being refused
        except OSError as error:
            taken.close()
            reason = error.strerror or error
            raise WebServerError(
                f"the web server cannot listen on {self._host}:{self.port}: {reason}"
            ) from error
        self._socket = taken
        self.port = taken.getsockname()[1]

    async def run(self) -> None:
        """Serve until cancelled."""
        if self._socket is None:
            self.bind()
        assert self._socket is not None
        config = uvicorn.Config(
            self._application,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=LARGEST_FRAME,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        server = _Server(config)
        self._log.info("web_server_listening", host=self._host, port=self.port)
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        finally:
            server.should_exit = True
            await serving
            self.close()

    def close(self) -> None:
        """Give the port up; a second close does nothing."""
        taken, self._socket = self._socket, None
        if taken is not None:
            taken.close()
