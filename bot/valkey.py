"""The embedded Valkey: answer cache, thread memory and rate limits where nothing is installed."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import redis.asyncio
import structlog

from bot.errors import ValkeyError
from bot.valkey_process import FileLock, ValkeyProcess
from knowledge.quick_redis import QuickRedis

RETRY_SECONDS = 5.0


class EmbeddedValkey:
    """A Valkey in `data_dir/valkey` that all processes on this folder share.

    Entering starts it or joins the running one. The last user to leave shuts it down; a user that was killed
    leaves nothing behind but a running server, which the next one joins. If the server dies while it is used,
    it is started again. Raises ValkeyError when it cannot be started.
    """

    def __init__(self, data_dir: Path, environ: Mapping[str, str] | None = None) -> None:
        self._folder = data_dir.resolve() / "valkey"
        self._process = ValkeyProcess(self._folder, os.environ if environ is None else environ)
        self._users: FileLock | None = None
        self._socket: Path | None = None
        self._clients: list[redis.asyncio.Redis] = []
        self._keeper: asyncio.Task[None] | None = None
        self._log = structlog.get_logger()

    @property
    def socket(self) -> Path:
        """The server's socket, from the start on."""
        if self._socket is None:
            raise ValkeyError("the embedded Valkey was not started")
        return self._socket

    @property
    def url(self) -> str:
        """The address as redis clients take it."""
        return f"unix://{self.socket}"

    async def start(self) -> None:
        """Join the running server or start it."""
        work = asyncio.create_task(asyncio.to_thread(self._join))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await work
            await asyncio.to_thread(self._leave)
            raise
        self._keeper = asyncio.create_task(self._keep_alive(), name="valkey-keeper")

    async def ensure(self) -> None:
        """Start the server again if it is gone."""
        self._socket = await asyncio.to_thread(self._process.ensure)

    def client(
        self, *, decode_responses: bool = False, socket_timeout: float | None = 5.0
    ) -> redis.asyncio.Redis:
        """Give a client that is closed with this object."""
        client = QuickRedis(
            unix_socket_path=str(self.socket),
            decode_responses=decode_responses,
            socket_timeout=socket_timeout,
        )
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """Leave; the last one shuts the server down, with its data on the disk."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        while self._clients:
            await self._clients.pop().aclose()
        await asyncio.to_thread(self._leave)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _join(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._users = FileLock(self._folder / "users.lock")
        except OSError as error:
            raise ValkeyError(
                f"cannot keep the embedded Valkey in {self._folder}: {error.strerror}"
            ) from error
        try:
            self._users.lock(fcntl.LOCK_SH, 30.0)
            self._socket = self._process.ensure()
        except BaseException:
            self._leave()
            raise

    def _leave(self) -> None:
        if self._users is None:
            return
        try:
            if self._users.try_lock(fcntl.LOCK_EX):
                self._process.stop()
        finally:
            self._users.close()
            self._users = None

    async def _keep_alive(self) -> None:
        """Wait on an idle connection, which ends when the server does, and start it again."""
        while True:
            try:
                await self._until_gone()
                self._log.warning("valkey.gone", folder=str(self._folder))
                await self.ensure()
                self._log.info("valkey.restarted", folder=str(self._folder))
            except (OSError, ValkeyError) as error:
                self._log.error("valkey.not_restarted", reason=str(error), again_in_s=RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)

    async def _until_gone(self) -> None:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return
        try:
            with contextlib.suppress(OSError):
                await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
