"""What waits for a person's click: an article that is to be confirmed, a draft that is to be sent."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from bot.tables import proposals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from knowledge.database import Database


class Proposals:
    """Keeps proposals in SQL until somebody takes them or their time is over; what is kept survives a kill."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, kind: str, payload: Mapping[str, Any], by: str, ttl: timedelta) -> str:
        """Keep `payload` (JSON-serialisable) for `ttl`, and give its id; what is over its time is forgotten.

        The id is not to be guessed: it may stand on a button.
        """
        now = self._clock()
        row = {
            "id": secrets.token_hex(8),
            "kind": kind,
            "payload": json.dumps(payload),
            "person": by,
            "created_at": now.timestamp(),
            "expires_at": (now + ttl).timestamp(),
        }
        async with self._database.write() as connection:
            await connection.execute(delete(proposals).where(proposals.c.expires_at <= now.timestamp()))
            await connection.execute(insert(proposals).values(row))
        return str(row["id"])

    async def take(self, proposal_id: str, kind: str) -> dict[str, Any] | None:
        """Give the payload to exactly one taker; None when it was taken, is over its time or is of another kind."""
        query = (
            delete(proposals)
            .where(proposals.c.id == proposal_id, proposals.c.kind == kind)
            .returning(proposals.c.payload, proposals.c.expires_at)
        )
        async with self._database.write() as connection:
            row = (await connection.execute(query)).one_or_none()
        return self._payload_of(row)

    async def peek(self, proposal_id: str, kind: str) -> dict[str, Any] | None:
        """Give the payload and leave it there; None as for `take`."""
        query = select(proposals.c.payload, proposals.c.expires_at).where(
            proposals.c.id == proposal_id, proposals.c.kind == kind
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return self._payload_of(row)

    def _payload_of(self, row: Any) -> dict[str, Any] | None:
        if row is None or row.expires_at <= self._clock().timestamp():
            return None
        payload: dict[str, Any] = json.loads(row.payload)
        return payload
