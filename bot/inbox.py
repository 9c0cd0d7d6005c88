"""The inbox: what was received and not yet answered, in SQL, so that a restart can answer it.

A row is committed before the platform gets its ack; received → sending → sent, or failed, or ignored. Whoever
works on a row holds its lease and renews it; an expired one is taken up by the sweeper of any process.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.event_json import dump_event, load_event
from bot.tables import inbox
from connectors.base import Command, Event

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Row

    from knowledge.database import Database

MAX_ATTEMPTS = 5
"""An event that was taken up this often and never answered probably kills the process: it is given up."""


class InboxState(StrEnum):
    """Where a received event stands."""

    RECEIVED = "received"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    IGNORED = "ignored"


OPEN = (InboxState.RECEIVED, InboxState.SENDING)


class EventKey(NamedTuple):
    """What makes an event one and the same, however often and from wherever it is delivered."""

    platform: str
    channel: str
    message_id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.channel}:{self.message_id}"


def key_of(event: Event) -> EventKey:
    """Give the event's key; the workspace is left out, since a shared channel delivers from two of them."""
    identity = f"command/{event.command_id}" if isinstance(event, Command) else event.message_id
    return EventKey(event.address.platform, event.address.channel, identity)


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that somebody else took up and did not finish; `state` says how far it came."""

    key: EventKey
    event: Event
    state: InboxState
    metadata_id: str
    attempts: int


class Inbox:
    """Receives each event once and keeps it until it is answered."""

    def __init__(self, database: Database, clock: Callable[[], datetime], lease: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._lease_seconds = lease.total_seconds()
        self._token = secrets.token_hex(8)

    async def accept(self, event: Event) -> bool:
        """Commit the event and take its lease; False when it was received before. Ack only after this."""
        key = key_of(event)
        row = {
            **key._asdict(),
            "event": dump_event(event),
            "state": InboxState.RECEIVED,
            "attempts": 1,
            "received_at": event.received_at.timestamp(),
            "lease_token": self._token,
            "lease_until": self._lease_end(),
            "metadata_id": "",
            "platform_id": "",
            "note": "",
        }
        async with self._database.read() as connection:
            known = await connection.scalar(select(inbox.c.id).where(_is(key)))
        if known is not None:
            return False
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(inbox).values(row))
        except IntegrityError:  # another process received it between the look and the write
            return False
        return True

    async def sending(self, key: EventKey, metadata_id: str) -> bool:
        """Note that a reply is about to be posted under `metadata_id`; False when another took the lease."""
        mine = and_(_is(key), inbox.c.lease_token == self._token, inbox.c.state.in_(OPEN))
        values = {"state": InboxState.SENDING, "metadata_id": metadata_id, "lease_until": self._lease_end()}
        async with self._database.write() as connection:
            result = await connection.execute(update(inbox).where(mine).values(values))
        return bool(result.rowcount)

    async def done(self, key: EventKey, platform_id: str = "") -> None:
        """Note that the reply is out, under the platform's id of it."""
        await self._finish(key, InboxState.SENT, platform_id=platform_id)

    async def ignore(self, key: EventKey) -> None:
        """Note that nothing is to be said to this event."""
        await self._finish(key, InboxState.IGNORED)

    async def fail(self, key: EventKey, note: str) -> None:
        """Give the event up; `note` says why."""
        await self._finish(key, InboxState.FAILED, note=note)

    async def renew(self, keys: Collection[EventKey]) -> None:
        """Keep the leases of what this process works on."""
        if not keys:
            return
        end = self._lease_end()
        async with self._database.write() as connection:
            for key in keys:
                mine = and_(_is(key), inbox.c.lease_token == self._token, inbox.c.state.in_(OPEN))
                await connection.execute(update(inbox).where(mine).values(lease_until=end))

    async def release(self, keys: Collection[EventKey]) -> None:
        """Let go of what this process will not finish, so that the next one need not wait for the lease."""
        if not keys:
            return
        async with self._database.write() as connection:
            for key in keys:
                mine = and_(_is(key), inbox.c.lease_token == self._token, inbox.c.state.in_(OPEN))
                await connection.execute(update(inbox).where(mine).values(lease_until=0.0))

    async def take_expired(self, platforms: Collection[str], limit: int = 20) -> list[Pending]:
        """Take the leases of unfinished events of these platforms whose lease ran out, oldest first.

        Events tried `MAX_ATTEMPTS` times, or which cannot be read any more, become `failed` instead.
        """
        now = self._clock().timestamp()
        due = and_(inbox.c.platform.in_(list(platforms)), inbox.c.state.in_(OPEN), inbox.c.lease_until < now)
        taken: list[Pending] = []
        async with self._database.read() as connection:
            if (await connection.scalar(select(inbox.c.id).where(due).limit(1))) is None:
                return taken
        async with self._database.write() as connection:
            rows = (
                await connection.execute(select(inbox).where(due).order_by(inbox.c.id).limit(limit))
            ).all()
            for row in rows:
                pending, note = _pending(row)
                values = (
                    {"state": InboxState.FAILED, "finished_at": now, "note": note}
                    if pending is None
                    else {
                        "lease_token": self._token,
                        "lease_until": self._lease_end(),
                        "attempts": row.attempts + 1,
                    }
                )
                still = and_(inbox.c.id == row.id, inbox.c.lease_until == row.lease_until)
                result = await connection.execute(update(inbox).where(still).values(values))
                if pending is not None and result.rowcount:
                    taken.append(pending)
        return taken

    async def prune(self, before: datetime) -> int:
        """Forget events received before `before`; platforms redeliver for hours, not for days.

        An open one that old goes too: its platform has not run since, and nobody waits for it any more.
        """
        async with self._database.write() as connection:
            old = delete(inbox).where(inbox.c.received_at < before.timestamp())
            return (await connection.execute(old)).rowcount

    async def _finish(
        self, key: EventKey, state: InboxState, *, platform_id: str = "", note: str = ""
    ) -> None:
        values = {
            "state": state,
            "finished_at": self._clock().timestamp(),
            "platform_id": platform_id,
            "note": note,
        }
        if state is not InboxState.FAILED:
            values["event"] = ""  # a person's words are kept no longer than they are needed
        async with self._database.write() as connection:
            await connection.execute(update(inbox).where(_is(key)).values(values))

    def _lease_end(self) -> float:
        return self._clock().timestamp() + self._lease_seconds


def _is(key: EventKey) -> ColumnElement[bool]:
    return and_(
        inbox.c.platform == key.platform,
        inbox.c.channel == key.channel,
        inbox.c.message_id == key.message_id,
    )


def _pending(row: Row[Any]) -> tuple[Pending | None, str]:
    if row.attempts >= MAX_ATTEMPTS:
        return None, f"given up after {row.attempts} attempts"
    try:
        event = load_event(row.event)
    except (ValueError, KeyError, TypeError) as error:
        return None, f"the stored event cannot be read: {type(error).__name__}"
    key = EventKey(row.platform, row.channel, row.message_id)
    return Pending(key, event, InboxState(row.state), row.metadata_id, row.attempts + 1), ""
