"""The inbox: what was received and not yet answered, in SQL, so that a restart can answer it.

A row is committed before the platform gets its ack; received → sending → sent, or failed, or ignored. Whoever
works on a row holds its lease and renews it; an expired one is taken up by the sweeper of any process.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, bindparam, delete, or_, select, update
from sqlalchemy.dialects import sqlite

from bot.event_json import dump_event, load_event
from bot.tables import inbox
from connectors.base import Command, Event
from knowledge.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Row

    from knowledge.database import Database

MAX_ATTEMPTS = 5
"""An event that was taken up this often and never answered probably kills the process: it is given up."""


_ENOUGH_LEASE = 1 / 3
"""Of a lease: with less left it is renewed before a post."""


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
    """An event that somebody else took up and did not finish; `state` says how far it came.

    `begun` is the platform's id of a post in which the reply was growing, or nothing.
    """

    key: EventKey
    event: Event
    state: InboxState
    metadata_id: str
    attempts: int
    begun: str = ""


_NULLABLE = frozenset({"id", "finished_at"})
_RECEIVE = Prepared(
    sqlite.insert(inbox)
    .values({column.name: bindparam(column.name) for column in inbox.c if column.name not in _NULLABLE})
    .on_conflict_do_nothing(index_elements=["platform", "channel", "message_id"])
)
_WHICH = and_(
    inbox.c.platform == bindparam("of_platform"),
    inbox.c.channel == bindparam("of_channel"),
    inbox.c.message_id == bindparam("of_message"),
)
_MINE = and_(
    _WHICH,
    inbox.c.lease_token == bindparam("mine"),
    or_(inbox.c.state == "received", inbox.c.state == "sending"),
)
_SENDING = Prepared(
    update(inbox)
    .where(_MINE)
    .values(state="sending", metadata_id=bindparam("metadata"), lease_until=bindparam("until"))
)
_HOLDER = Prepared(select(inbox.c.lease_token, inbox.c.state, inbox.c.lease_until).where(_WHICH))
_BEGUN = Prepared(update(inbox).where(_MINE).values(platform_id=bindparam("posted")))
_OVER: dict[str, Any] = {
    name: bindparam(f"new_{name}") for name in ("state", "finished_at", "platform_id", "note")
}
_FAILED = Prepared(update(inbox).where(_WHICH).values(_OVER))
_FINISHED = Prepared(update(inbox).where(_WHICH).values({**_OVER, "event": ""}))
"""A person's words are kept no longer than they are needed."""


class Inbox:
    """Receives each event once and keeps it until it is answered."""

    def __init__(self, database: Database, clock: Callable[[], datetime], lease: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._lease_seconds = lease.total_seconds()
        self._token = secrets.token_hex(8)

    async def accept(self, event: Event) -> bool:
        """Commit the event and take its lease; False when it was received before. Ack only after this.

        What comes while a commit is running goes into the next one together (`Database.commit`): a commit costs the
        same for one event and for a hundred, and a platform waits three seconds for its acks.
        """
        return await self._commit(_RECEIVE, **self._row(event)) > 0

    async def _commit(self, statement: Prepared, **values: object) -> int:
        return await self._database.commit(statement.sql, statement.parameters(**values))

    def _row(self, event: Event) -> dict[str, Any]:
        return {
            **key_of(event)._asdict(),
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

    async def sending(
        self, key: EventKey, metadata_id: str, failed: Callable[[BaseException], object]
    ) -> bool:
        """Note that a reply is about to be posted under `metadata_id`; False when another took the lease.

        While the lease holds for a while nobody waits for the note: it is committed meanwhile, `failed` is told what
        kept it from that, and whoever takes up the event looks for the post first, whatever the state.
        """
        found = await self._database.fetch(_HOLDER.sql, _HOLDER.parameters(**_of(key)))
        if not any(token == self._token and state in OPEN for token, state, _ in found):
            return False
        note: dict[str, object] = {**self._mine(key), "metadata": metadata_id, "until": self._lease_end()}
        if found[0][2] < self._clock().timestamp() + self._lease_seconds * _ENOUGH_LEASE:
            return await self._commit(_SENDING, **note) > 0
        self._database.soon(_SENDING.sql, _SENDING.parameters(**note), failed)
        return True

    async def begun(self, key: EventKey, platform_id: str) -> None:
        """Keep the platform's id of the post in which the reply grows, so that a restart can end it."""
        await self._commit(_BEGUN, **self._mine(key), posted=platform_id)

    async def done(self, key: EventKey, platform_id: str = "") -> None:
        """Note that the reply is out, under the platform's id of it."""
        await self._finish(key, InboxState.SENT, platform_id=platform_id)

    async def ignore(self, key: EventKey) -> None:
        """Note that nothing is to be said to this event."""
        await self._finish(key, InboxState.IGNORED)

    async def fail(self, key: EventKey, note: str) -> None:
        """Give the event up; `note` says why."""
        await self._finish(key, InboxState.FAILED, note=note)

    async def withdraw(self, key: EventKey) -> bool:
        """Take back an open message, and its edits, since its author deleted it; False when none was open."""
        edits = inbox.c.message_id.startswith(f"{key.message_id}/", autoescape=True)
        place = and_(inbox.c.platform == key.platform, inbox.c.channel == key.channel)
        values = {"state": InboxState.IGNORED, "finished_at": self._clock().timestamp(), "event": ""}
        same = and_(place, or_(inbox.c.message_id == key.message_id, edits), inbox.c.state.in_(OPEN))
        async with self._database.write() as connection:
            return bool((await connection.execute(update(inbox).where(same).values(values))).rowcount)

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
        await self._commit(
            _FAILED if state is InboxState.FAILED else _FINISHED,
            **_of(key),
            new_state=state,
            new_finished_at=self._clock().timestamp(),
            new_platform_id=platform_id,
            new_note=note,
        )

    def _mine(self, key: EventKey) -> dict[str, object]:
        return {**_of(key), "mine": self._token}

    def _lease_end(self) -> float:
        return self._clock().timestamp() + self._lease_seconds


def _of(key: EventKey) -> dict[str, object]:
    return {"of_platform": key.platform, "of_channel": key.channel, "of_message": key.message_id}


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
    return Pending(key, event, InboxState(row.state), row.metadata_id, row.attempts + 1, row.platform_id), ""
