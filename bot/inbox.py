"""The inbox: what was received and not yet answered, in SQL, so that a restart can answer it.

A row is committed before the platform gets its ack; received → sending → sent, or failed, or ignored. Whoever
works on a row holds its lease and renews it; an expired one is taken up by the sweeper of any process.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, delete, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from bot.errors import ShuttingDown
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
    """An event that somebody else took up and did not finish; `state` says how far it came.

    `begun` is the platform's id of a post in which the reply was growing, or nothing.
    """

    key: EventKey
    event: Event
    state: InboxState
    metadata_id: str
    attempts: int
    begun: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Arrival:
    """An event that waits for its commit, and the news whether it is a new one."""

    key: EventKey
    row: dict[str, Any]
    is_new: asyncio.Future[bool]


class Inbox:
    """Receives each event once and keeps it until it is answered."""

    def __init__(self, database: Database, clock: Callable[[], datetime], lease: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._lease_seconds = lease.total_seconds()
        self._token = secrets.token_hex(8)
        self._arrivals: list[_Arrival] = []
        self._turn = asyncio.Lock()

    async def accept(self, event: Event) -> bool:
        """Commit the event and take its lease; False when it was received before. Ack only after this.

        What comes while a commit is running goes into the next one together: a commit costs the same for one
        event and for a hundred, and a platform waits three seconds for its acks.
        """
        arrival = _Arrival(key_of(event), self._row(event), asyncio.get_running_loop().create_future())
        self._arrivals.append(arrival)
        async with self._turn:
            if not arrival.is_new.done():
                await self._commit_arrivals()
        return await arrival.is_new

    async def _commit_arrivals(self) -> None:
        arrivals, self._arrivals = self._arrivals, []
        try:
            try:
                new = await self._insert(arrivals)
            except IntegrityError:  # another process received one of them between the look and the write
                new = [arrival for arrival in arrivals if await self._insert_alone(arrival)]
        except BaseException as error:
            for arrival in arrivals:
                failure = (
                    error if isinstance(error, Exception) else ShuttingDown("the commit was interrupted")
                )
                arrival.is_new.set_exception(failure)
                arrival.is_new.exception()  # whoever waits still gets it; for nobody it is no news
            raise
        for arrival in arrivals:
            arrival.is_new.set_result(arrival in new)

    async def _insert(self, arrivals: list[_Arrival]) -> list[_Arrival]:
        """Commit those that are not known yet, the first of a kind, and give them."""
        first = {arrival.key: arrival for arrival in reversed(arrivals)}
        identity = tuple_(inbox.c.platform, inbox.c.channel, inbox.c.message_id)
        look = select(inbox.c.platform, inbox.c.channel, inbox.c.message_id).where(identity.in_(list(first)))
        async with self._database.read() as connection:
            known = {EventKey(*row) for row in (await connection.execute(look)).all()}
        new = [arrival for key, arrival in first.items() if key not in known]
        if new:
            async with self._database.write() as connection:
                await connection.execute(insert(inbox), [arrival.row for arrival in new])
        return new

    async def _insert_alone(self, arrival: _Arrival) -> bool:
        try:
            return bool(await self._insert([arrival]))
        except IntegrityError:
            return False

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

    async def sending(self, key: EventKey, metadata_id: str) -> bool:
        """Note that a reply is about to be posted under `metadata_id`; False when another took the lease."""
        mine = and_(_is(key), inbox.c.lease_token == self._token, inbox.c.state.in_(OPEN))
        values = {"state": InboxState.SENDING, "metadata_id": metadata_id, "lease_until": self._lease_end()}
        async with self._database.write() as connection:
            result = await connection.execute(update(inbox).where(mine).values(values))
        return bool(result.rowcount)

    async def begun(self, key: EventKey, platform_id: str) -> None:
        """Keep the platform's id of the post in which the reply grows, so that a restart can end it."""
        mine = and_(_is(key), inbox.c.lease_token == self._token, inbox.c.state.in_(OPEN))
        async with self._database.write() as connection:
            await connection.execute(update(inbox).where(mine).values(platform_id=platform_id))

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
    return Pending(key, event, InboxState(row.state), row.metadata_id, row.attempts + 1, row.platform_id), ""
