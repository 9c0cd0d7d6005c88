"""Leases: one holder at a time, fenced, and not kept by the dead."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from knowledge.database import Database
from knowledge.errors import LeaseLost
from knowledge.leases import Lease, Leases
from knowledge.processes import ProcessIdentity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.knowledge.conftest import Clock

TTL = timedelta(seconds=30)

HOLDER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from knowledge.database import Database
from knowledge.leases import Leases

async def main():
    async with Database(sys.argv[1]) as database:
        lease = await Leases(database, lambda: datetime.now(UTC)).acquire("sync", timedelta(hours=1))
        print("held" if lease else "refused", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def other(database_url: str, database: Database, clock: Clock) -> AsyncIterator[Leases]:
    """Leases of somebody else over the same database."""
    async with Database(database_url) as same:
        yield Leases(same, clock)


async def _expiry(database: Database) -> object:
    return (await database.fetch("SELECT expires_at FROM leases", []))[0][0]


async def _until_renewed(database: Database) -> None:
    first = await _expiry(database)
    while await _expiry(database) == first:
        await asyncio.sleep(0.005)


async def test_one_holder(leases: Leases, other: Leases) -> None:
    """A held lease is refused to others until it is released; other names are free."""
    lease = await leases.acquire("sync", TTL)
    assert lease is not None
    assert await other.acquire("sync", TTL) is None
    assert await other.acquire("index", TTL) is not None
    await lease.release()
    assert await other.acquire("sync", TTL) is not None


async def test_of_many_at_once_one_gets_it(leases: Leases, other: Leases, clock: Clock) -> None:
    """Ten that ask at the same moment: exactly one gets the lease, also when an expired one stands there."""
    for _ in range(2):
        got = await asyncio.gather(*(some.acquire("sync", TTL) for some in [leases, other] * 5))
        assert len([lease for lease in got if lease is not None]) == 1
        clock.move(TTL)


async def test_expiry(leases: Leases, other: Leases, clock: Clock) -> None:
    """A lease that was not renewed is given to the next one, and its holder learns it."""
    lease = await leases.acquire("sync", TTL)
    assert lease is not None
    clock.move(TTL - timedelta(seconds=1))
    assert await other.acquire("sync", TTL) is None
    await lease.renew()
    clock.move(timedelta(seconds=2))
    assert await other.acquire("sync", TTL) is None
    clock.move(TTL)
    assert await other.acquire("sync", TTL) is not None
    with pytest.raises(LeaseLost, match="sync"):
        await lease.renew()
    await lease.release()
    assert await leases.acquire("sync", TTL) is None  # the late release took nothing from the new holder


async def test_fence(database: Database, leases: Leases, other: Leases, clock: Clock) -> None:
    """A transaction fenced by a lost lease is aborted and leaves nothing."""
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE done (what TEXT)"))
    lease = await leases.acquire("sync", TTL)
    assert lease is not None
    async with database.write() as connection:
        await lease.fence(connection)
        await connection.execute(text("INSERT INTO done VALUES ('mine')"))
    clock.move(TTL)
    assert await other.acquire("sync", TTL) is not None

    async def too_late() -> None:
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO done VALUES ('too late')"))
            await lease.fence(connection)

    with pytest.raises(LeaseLost):
        await too_late()
    assert await database.fetch("SELECT what FROM done", []) == [("mine",)]


async def test_killed_holder_is_replaced_at_once(database_url: str, database: Database) -> None:
    """After `kill -9` of the holder the next one on this machine does not wait for the hour to pass."""
    leases = Leases(database, lambda: datetime.now(UTC))
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, database_url, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        assert await leases.acquire("sync", TTL) is None
    finally:
        holder.kill()
        await holder.communicate()
    assert await leases.acquire("sync", TTL) is not None


async def test_holder_on_another_machine_keeps_it(database: Database, leases: Leases) -> None:
    """A process id of another host says nothing here: its lease lasts until it expires."""
    assert await leases.acquire("sync", TTL) is not None
    async with database.write() as connection:
        await connection.execute(
            text("UPDATE leases SET host = 'elsewhere', pid = 4194304, pid_started = '1'")
        )
    assert await leases.acquire("sync", TTL) is None


async def test_reused_process_id(database: Database, leases: Leases) -> None:
    """A living process that merely has the dead holder's id does not keep its lease alive."""
    assert await leases.acquire("sync", TTL) is not None
    async with database.write() as connection:
        await connection.execute(text("UPDATE leases SET pid_started = 'long ago'"))
    assert await leases.acquire("sync", TTL) is not None


def test_this_process_lives() -> None:
    """A process never thinks itself dead; one that ended is dead."""
    assert not ProcessIdentity.of_this_process().is_dead()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        identity = ProcessIdentity(ProcessIdentity.of_this_process().host, ended.pid, "1")
    assert identity.is_dead()


async def test_hold_renews_in_the_background(
    database: Database, leases: Leases, other: Leases, clock: Clock
) -> None:
    """A block that runs longer than the time to live keeps its lease, and gives it up at its end."""
    ttl = timedelta(seconds=0.06)
    async with leases.hold("sync", ttl) as lease:
        assert lease is not None
        for _ in range(3):
            clock.move(ttl / 2)
            await _until_renewed(database)
            assert await other.acquire("sync", ttl) is None
    assert await other.acquire("sync", ttl) is not None


async def test_hold_gives_none_when_taken(leases: Leases, other: Leases) -> None:
    """Who does not get the lease learns it at once and may go on without."""
    async with leases.hold("sync") as lease, other.hold("sync") as second:
        assert isinstance(lease, Lease)
        assert second is None


async def test_hold_waits(leases: Leases, other: Leases) -> None:
    """With `wait` the second gets the lease when the first is done."""
    order = []
    started = asyncio.Event()

    async def second() -> None:
        started.set()
        async with other.hold("index", wait=timedelta(seconds=30)) as lease:
            assert lease is not None
            order.append("second")

    async with leases.hold("index"):
        task = asyncio.create_task(second())
        await started.wait()
        assert await other.acquire("index", TTL) is None
        order.append("first")
    await task
    assert order == ["first", "second"]


async def test_losing_the_lease_stops_the_block(database: Database, leases: Leases) -> None:
    """When somebody else has taken the lease, the block is cancelled and LeaseLost comes out of it."""

    async def run() -> None:
        async with leases.hold("sync", timedelta(seconds=0.03)):
            async with database.write() as connection:
                await connection.execute(text("UPDATE leases SET token = 'theirs'"))
            await asyncio.Event().wait()

    with pytest.raises(LeaseLost):
        await run()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_cancelling_the_block_releases(leases: Leases, other: Leases) -> None:
    """A cancelled block is cancelled as ever, and the lease is free after it."""
    inside = asyncio.Event()

    async def run() -> None:
        async with leases.hold("sync"):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await other.acquire("sync", TTL) is not None


async def test_errors_of_the_block_come_through(leases: Leases, other: Leases) -> None:
    """An error inside the block comes out as it is, and the lease is free after it."""
    with pytest.raises(ZeroDivisionError):
        async with leases.hold("sync"):
            raise ZeroDivisionError
    assert await other.acquire("sync", TTL) is not None
