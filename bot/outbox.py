"""The outbox: what is to be said unasked, in SQL, and the runner that says it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.event_json import dump_address, dump_reply, load_address, load_reply
from bot.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Row

    from connectors.base import Address, ChatConnector, Reply
    from knowledge.database import Database

MAX_ATTEMPTS = 8
SEND_SECONDS = 30.0
CLAIM = timedelta(seconds=2 * SEND_SECONDS)


class OutboxState(StrEnum):
    """Where a message to be said stands."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


def backoff(attempts: int) -> timedelta:
    """Give the pause after `attempts` failures: 5 s, doubled each time, at most ten minutes."""
    return timedelta(seconds=min(600.0, 5.0 * 2 ** max(0, attempts - 1)))


class Outbox:
    """Keeps what is to be said until it is said; each idempotency key is said once."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._news = asyncio.Event()

    async def put(
        self, idempotency_key: str, address: Address, reply: Reply, not_before: datetime | None = None
    ) -> bool:
        """Commit a message to be said, not before `not_before`; False when its key was put before."""
        now = self._clock()
        row = {
            "idempotency_key": idempotency_key,
            "platform": address.platform,
            "address": dump_address(address),
            "reply": dump_reply(reply),
            "state": OutboxState.WAITING,
            "attempts": 0,
            "not_before": (not_before or now).timestamp(),
            "created_at": now.timestamp(),
            "note": "",
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(outbox).values(row))
        except IntegrityError:
            return False
        self._news.set()
        return True

    async def knows(self, idempotency_key: str) -> bool:
        """Whether something was put with this key, said by now or not."""
        query = select(outbox.c.id).where(outbox.c.idempotency_key == idempotency_key)
        async with self._database.read() as connection:
            return (await connection.scalar(query)) is not None

    async def waiting(self) -> int:
        """Count what is still to be said, now or later."""
        query = select(outbox.c.id).where(outbox.c.state == OutboxState.WAITING)
        async with self._database.read() as connection:
            return len((await connection.execute(query)).all())

    async def wait_for_news(self, seconds: float) -> None:
        """Return when something was put in this process, or after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def claim(self, platforms: list[str], limit: int = 20) -> list[Row[Any]]:
        """Take what is due; what is claimed and not finished is due again after a while."""
        now = self._clock()
        due = and_(
            outbox.c.state == OutboxState.WAITING,
            outbox.c.platform.in_(platforms),
            outbox.c.not_before <= now.timestamp(),
        )
        async with self._database.read() as connection:
            if (await connection.scalar(select(outbox.c.id).where(due).limit(1))) is None:
                return []
        claimed = []
        async with self._database.write() as connection:
            rows = (
                await connection.execute(select(outbox).where(due).order_by(outbox.c.id).limit(limit))
            ).all()
            for row in rows:
                unclaimed = and_(outbox.c.id == row.id, outbox.c.not_before == row.not_before)
                values = {"not_before": (now + CLAIM).timestamp(), "attempts": row.attempts + 1}
                if (await connection.execute(update(outbox).where(unclaimed).values(values))).rowcount:
                    claimed.append(row)
        return claimed

    async def sent(self, row_id: int) -> None:
        """Note that it was said."""
        await self._set(
            row_id, state=OutboxState.SENT, finished_at=self._clock().timestamp(), reply="", note=""
        )

    async def again(self, row_id: int, attempts: int, note: str) -> bool:
        """Note a failure; False when that was the last attempt."""
        if attempts >= MAX_ATTEMPTS:
            await self._set(
                row_id, state=OutboxState.FAILED, finished_at=self._clock().timestamp(), note=note
            )
            return False
        await self._set(row_id, not_before=(self._clock() + backoff(attempts)).timestamp(), note=note)
        return True

    async def _set(self, row_id: int, **values: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(outbox).where(outbox.c.id == row_id).values(values))


class OutboxRunner:
    """Says what is due, through the connectors that run in this process."""

    def __init__(
        self, box: Outbox, connectors: Mapping[str, ChatConnector], poll_seconds: float = 5.0
    ) -> None:
        self._box = box
        self._connectors = connectors
        self._poll_seconds = poll_seconds
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Say what is due, for ever; a database that is away for a while only delays it."""
        while True:
            try:
                await self.run_once()
            except Exception:  # noqa: BLE001 - one bad minute must not end the loop
                self._log.warning("outbox_unreachable", exc_info=True)
            await self._box.wait_for_news(self._poll_seconds)

    async def run_once(self) -> int:
        """Say what is due now; give how many were said."""
        rows = await self._box.claim(list(self._connectors))
        return sum(await asyncio.gather(*(self._send(row) for row in rows)))

    async def _send(self, row: Row[Any]) -> bool:
        attempts = row.attempts + 1
        try:
            async with asyncio.timeout(SEND_SECONDS):
                reply = replace(load_reply(row.reply), id=f"outbox/{row.idempotency_key}")
                await self._connectors[row.platform].send(load_address(row.address), reply)
        except Exception as error:  # noqa: BLE001 - whatever a platform's client raises, it is tried again
            more = await self._box.again(row.id, attempts, f"{type(error).__name__}: {error}")
            self._log.warning(
                "outbox_send_failed", key=row.idempotency_key, attempts=attempts, gave_up=not more
            )
            return False
        await self._box.sent(row.id)
        return True
