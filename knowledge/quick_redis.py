"""A Redis client whose scripts and reads share one connection, several under way at the same time.

redis-py gives each call a connection of its own while it lasts: some 200 µs of this process's time a call, of which
nothing is shared by simultaneous callers. Over one connection, parsed in C, a call takes a quarter of that, and what
is asked in the same turn of the event loop goes out in one write.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import hiredis
from redis import exceptions
from redis.asyncio import Connection, Redis, UnixDomainSocketConnection

if TYPE_CHECKING:
    from collections.abc import Mapping

_QUICK: Final = frozenset({"EVAL", "GET", "LRANGE"})
"""Commands whose replies are used as they come."""
_SILENT_SECONDS: Final = 1.0
"""A connection on which a reply is late by that is given up by the next call."""
_ERRORS: Final[Mapping[str, type[exceptions.RedisError]]] = {
    "OOM": exceptions.OutOfMemoryError,
    "NOAUTH": exceptions.AuthenticationError,
    "WRONGPASS": exceptions.AuthenticationError,
    "LOADING": exceptions.BusyLoadingError,
    "READONLY": exceptions.ReadOnlyError,
}


class QuickRedis(Redis):
    """`redis.asyncio.Redis`, quicker where it can be: over a socket or TCP, and for bytes.

    Over TLS, or with replies decoded, everything goes the usual way. Commands other than scripts, GET and LRANGE do so
    always. Raises what redis-py raises; a call whose connection was lost is made once more, as redis-py does.
    """

    _wire: _Wire | None = None
    _connecting: asyncio.Lock | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Do a command and give its reply."""
        if args[0] not in _QUICK or not self._is_plain():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        packed = hiredis.pack_command(args)
        try:
            return await (await self._connected()).ask(packed)
        except _LostError:
            return await (await self._connected()).ask(packed)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: FBT001 - redis-py's signature
        """Close every connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        await super().aclose(close_connection_pool)

    def _is_plain(self) -> bool:
        pool = self.connection_pool
        return (
            pool.connection_class in {Connection, UnixDomainSocketConnection}
            and not pool.connection_kwargs.get("decode_responses")
            and not pool.connection_kwargs.get("credential_provider")
        )

    async def _connected(self) -> _Wire:
        if self._wire is not None and self._wire.is_well():
            return self._wire
        if self._connecting is None:
            self._connecting = asyncio.Lock()
        async with self._connecting:
            if self._wire is None or not self._wire.is_well():
                if self._wire is not None:
                    self._wire.close()
                self._wire = await self._connect(self.connection_pool.connection_kwargs)
            return self._wire

    async def _connect(self, options: Mapping[str, Any]) -> _Wire:
        loop, seconds = asyncio.get_running_loop(), options.get("socket_timeout")
        place = (options.get("host", "localhost"), int(options.get("port", 6379)))
        try:
            async with asyncio.timeout(options.get("socket_connect_timeout") or seconds):
                if "path" in options:
                    _, wire = await loop.create_unix_connection(lambda: _Wire(seconds), options["path"])
                else:
                    _, wire = await loop.create_connection(lambda: _Wire(seconds), *place)
        except TimeoutError as error:
            raise exceptions.TimeoutError("Redis lets nobody in") from error
        except OSError as error:
            raise exceptions.ConnectionError(f"Redis cannot be reached: {error}") from error
        try:
            if options.get("password"):
                names = [options["username"]] if options.get("username") else []
                await wire.ask(hiredis.pack_command(("AUTH", *names, options["password"])))
            if options.get("db"):
                select: Any = ("SELECT", int(options["db"]))  # its stub knows tuples of one alone
                await wire.ask(hiredis.pack_command(select))
        except BaseException:
            wire.close()
            raise
        return wire


class _LostError(exceptions.ConnectionError):
    """The connection ended with a call under way."""


class _Wire(asyncio.Protocol):
    """One connection. Replies come in the order of the calls, also to those who have left meanwhile."""

    def __init__(self, seconds: float | None) -> None:
        """A reply that is late by `seconds` ends it; None waits for ever."""
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._watch: asyncio.TimerHandle | None = None
        self._reader = hiredis.Reader()
        self._asked: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._written: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    def ask(self, packed: bytes) -> asyncio.Future[Any]:
        """Send a command, and give its reply when it comes."""
        reply: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None:
            reply.set_exception(_LostError("the connection to Redis was lost"))
            return reply
        self._asked.append((self._loop.time(), reply))
        self._written.append(packed)
        if self._watch is None and self._seconds is not None:
            self._watch = self._loop.call_later(self._seconds, self._look)
        if len(self._written) == 1:
            self._loop.call_soon(self._write)
        return reply

    def is_well(self) -> bool:
        """Whether it is open, and no reply is late."""
        if self._transport is None:
            return False
        return not self._asked or self._loop.time() - self._asked[0][0] < _SILENT_SECONDS

    def close(self, why: exceptions.RedisError | None = None) -> None:
        """End it; who waits for a reply gets none."""
        if self._transport is not None:
            self._transport.abort()
        self._end(why or _LostError("the connection to Redis was closed"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand out replies."""
        try:
            self._reader.feed(data)
            while (said := self._reader.gets()) is not False:
                self._hand_out(said)
        except (hiredis.ProtocolError, IndexError):  # this is no Redis, or it says what nobody asked
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell all who wait."""
        self._end(_LostError(f"the connection to Redis was lost: {exc}"))

    def _end(self, why: exceptions.RedisError) -> None:
        self._transport = None
        self._written.clear()
        if self._watch is not None:
            self._watch.cancel()
        asked, self._asked = self._asked, deque()
        for _, reply in asked:
            if not reply.done():
                reply.set_exception(why)

    def _look(self) -> None:
        """End it where a reply is too late, else look again when the oldest one would be."""
        self._watch = None
        if self._transport is None or not self._asked or self._seconds is None:
            return
        left = self._asked[0][0] + self._seconds - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look)
        else:
            self.close(exceptions.TimeoutError("Redis does not answer"))

    def _write(self) -> None:
        written, self._written = self._written, []
        if self._transport is not None and written:
            self._transport.write(b"".join(written))

    def _hand_out(self, said: object) -> None:
        _, reply = self._asked.popleft()
        if reply.done():
            return
        if isinstance(said, hiredis.ReplyError):
            reply.set_exception(_error(str(said)))
        else:
            reply.set_result(said)


def _error(text: str) -> exceptions.RedisError:
    return _ERRORS.get(text.partition(" ")[0], exceptions.ResponseError)(text)
