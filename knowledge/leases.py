"""Leases: who runs something alone, across processes and machines, fenced in the same database."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from knowledge.errors import LeaseLost, StorageError
from knowledge.processes import ProcessIdentity
from knowledge.tables import leases

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from knowledge.database import Database

DEFAULT_TTL = timedelta(seconds=30)
_POLL_SECONDS = 0.25


class Lease:
    """The right to run `name` alone until it expires, is released, or is taken over."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], name: str, token: str, ttl: timedelta
    ) -> None:
        self.name = name
        self.token = token
        self.ttl = ttl
        self._database = database
        self._clock = clock

    async def renew(self) -> None:
        """Hold it for another `ttl` from now. Raises LeaseLost."""
        async with self._database.write() as connection:
            await self.fence(connection)

    async def fence(self, connection: AsyncConnection) -> None:
        """Begin a transaction that only the holder may do; renews. Raises LeaseLost, which aborts it."""
        statement = (
            update(leases)
            .where(leases.c.name == self.name, leases.c.token == self.token)
            .values(expires_at=self._clock() + self.ttl)
        )
        if (await connection.execute(statement)).rowcount != 1:
            raise LeaseLost(
                f"another process took over “{self.name}”; what this one had not yet done it left"
            )

    async def release(self) -> None:
        """Give it up; nothing happens when it was lost already."""
        statement = delete(leases).where(leases.c.name == self.name, leases.c.token == self.token)
        async with self._database.write() as connection:
            await connection.execute(statement)


class Leases:
    """Gives leases, one holder a name; who died on this machine is replaced at once, others at expiry."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._me = ProcessIdentity.of_this_process()

    async def acquire(self, name: str, ttl: timedelta = DEFAULT_TTL) -> Lease | None:
        """Take the lease, or give None while somebody else holds it. Not reentrant."""
        async with self._database.read() as connection:
            held = (await connection.execute(select(leases).where(leases.c.name == name))).one_or_none()
        if held is not None and not self._is_free(held):
            return None
        token = secrets.token_hex(16)
        taken = {
            "token": token,
            "host": self._me.host,
            "pid": self._me.pid,
            "pid_started": self._me.started,
            "expires_at": self._clock() + ttl,
        }
        try:
            async with self._database.write() as connection:
                if held is None:
                    await connection.execute(insert(leases).values(name=name, **taken))
                else:
                    same = update(leases).where(leases.c.name == name, leases.c.token == held.token)
                    if held.expires_at <= self._clock():  # its holder may have renewed meanwhile
                        same = same.where(leases.c.expires_at <= self._clock())
                    if (await connection.execute(same.values(**taken))).rowcount != 1:
                        return None
        except IntegrityError:
            return None
        return Lease(self._database, self._clock, name, token, ttl)

    @asynccontextmanager
    async def hold(
        self, name: str, ttl: timedelta = DEFAULT_TTL, *, wait: timedelta = timedelta(0)
    ) -> AsyncIterator[Lease | None]:
        """Hold the lease for a block, renewing it in the background every third of `ttl`.

        Gives None when somebody else held it for all of `wait`. When it is lost the block is cancelled, and
        LeaseLost is raised in its place.
        """
        lease = await self._acquire_within(name, ttl, wait)
        if lease is None:
            yield None
            return
        try:
            async with _Renewal(lease, self._clock):
                yield lease
        finally:
            with suppress(StorageError):  # it expires by itself
                await asyncio.shield(lease.release())

    async def _acquire_within(self, name: str, ttl: timedelta, wait: timedelta) -> Lease | None:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait.total_seconds()
        while (lease := await self.acquire(name, ttl)) is None and loop.time() < until:  # noqa: ASYNC110 - SQL
            await asyncio.sleep(_POLL_SECONDS)
        return lease

    def _is_free(self, held: Row[Any]) -> bool:
        if held.expires_at <= self._clock():
            return True
        return ProcessIdentity(held.host, held.pid, held.pid_started).is_dead()


class _Renewal:
    """Renews a lease while a block runs; cancels the block when it is lost, as `asyncio.timeout` does."""

    def __init__(self, lease: Lease, clock: Callable[[], datetime]) -> None:
        self._lease = lease
        self._clock = clock
        self._lost: LeaseLost | None = None
        self._log = structlog.get_logger()

    async def __aenter__(self) -> Self:
        block = asyncio.current_task()
        assert block is not None
        self._block = block
        self._cancelling = block.cancelling()
        self._task = asyncio.create_task(self._renew(), name=f"lease {self._lease.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        self._task.cancel()
        interrupted: asyncio.CancelledError | None = None
        try:
            await asyncio.wait([self._task])
        except asyncio.CancelledError as cancelled:
            interrupted = cancelled
        if self._lost is not None and self._block.uncancel() <= self._cancelling:
            if kind is None or issubclass(kind, asyncio.CancelledError):
                raise self._lost from error
        elif interrupted is not None:
            raise interrupted

    async def _renew(self) -> None:
        held_until = self._clock() + self._lease.ttl
        while True:
            await asyncio.sleep(self._lease.ttl.total_seconds() / 3)
            started = self._clock()
            try:
                await self._lease.renew()
                held_until = started + self._lease.ttl
            except LeaseLost as error:
                self._give_up(error)
                return
            except StorageError as error:
                self._log.warning("lease.not_renewed", lease=self._lease.name, error=str(error))
                if self._clock() >= held_until:
                    self._give_up(LeaseLost(f"“{self._lease.name}” could not be renewed in time: {error}"))
                    return

    def _give_up(self, error: LeaseLost) -> None:
        self._lost = error
        self._block.cancel()
