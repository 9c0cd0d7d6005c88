"""Handoffs in SQL: one open at a time for a place and person, kept until a person has taken it up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.event_json import dump_address, load_address
from bot.handoff.tickets import HandoffRequest, Line, Ticket
from bot.outbox import backoff
from bot.tables import handoffs

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Row

    from connectors.base import Address
    from knowledge.database import Database

CLAIM = timedelta(seconds=60)


class HandoffState(StrEnum):
    """Where a handoff stands: its ticket is still to be opened, is open, is closed, or was refused."""

    WAITING = "waiting"
    OPEN = "open"
    CLOSED = "closed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Handoff:
    """A question that was passed on. What comes of it is said in `answered_in`."""

    id: int
    person: str
    asked_in: Address
    answered_in: Address
    request: HandoffRequest
    state: HandoffState
    ticket: Ticket
    attempts: int
    created_at: datetime


def place_of(address: Address) -> str:
    """Name the thread, or the direct conversation, in which the bot gives way to a person."""
    return "/".join((address.platform, address.workspace or "", address.channel, address.thread or ""))


class Handoffs:
    """Keeps handoffs. A place has at most one that is not closed."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self, asked_in: Address, answered_in: Address, person: str, request: HandoffRequest
    ) -> tuple[Handoff, bool]:
        """Keep a request; gives the place's open handoff and whether it is this new one."""
        place = place_of(asked_in)
        now = self._clock().timestamp()
        row = {
            "key": request.key,
            "place": place,
            "open_place": place,
            "person": person,
            "asked_in": dump_address(asked_in),
            "answered_in": dump_address(answered_in),
            "request": json.dumps(asdict(request)),
            "question": _folded(request.question),
            "answer": "",
            "state": HandoffState.WAITING,
            "ticket": "",
            "url": "",
            "attempts": 1,
            "not_before": now + CLAIM.total_seconds(),
            "created_at": now,
            "note": "",
        }
        is_new = True
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(handoffs).values(row))
        except IntegrityError:
            is_new = False
        found = await self.open_in(asked_in)
        if found is None:  # the other one was closed meanwhile
            return await self.add(asked_in, answered_in, person, request)
        return found, is_new

    async def open_in(self, address: Address) -> Handoff | None:
        """Give the place's handoff that is not closed."""
        return await self._one(handoffs.c.open_place == place_of(address))

    async def by_key(self, key: str) -> Handoff | None:
        """Give a handoff by its request's key."""
        return await self._one(handoffs.c.key == key)

    async def opened(self, handoff_id: int, ticket: Ticket) -> bool:
        """Note that the ticket is open; False when somebody noted it before."""
        waiting = and_(handoffs.c.id == handoff_id, handoffs.c.state == HandoffState.WAITING)
        values = {"state": HandoffState.OPEN, "ticket": ticket.id, "url": ticket.url, "not_before": 0.0}
        return await self._change(waiting, {**values, "attempts": 0})

    async def failed(self, handoff: Handoff, note: str) -> None:
        """Note that the helpdesk did not take it; it is tried again after a pause, or at once by a later claim."""
        later = (self._clock() + backoff(handoff.attempts)).timestamp()
        await self._change(handoffs.c.id == handoff.id, {"not_before": later, "note": note})

    async def answered(self, handoff_id: int, answer: str) -> None:
        """Keep what agents said to the person: an article may begin with it."""
        await self._change(and_(handoffs.c.id == handoff_id, handoffs.c.answer != answer), {"answer": answer})

    async def answer_to(self, question: str) -> str:
        """Give what agents last answered to this very question; empty when none did."""
        same = and_(handoffs.c.question == _folded(question), handoffs.c.answer != "")
        query = select(handoffs.c.answer).where(same).order_by(handoffs.c.id.desc()).limit(1)
        async with self._database.read() as connection:
            return str(await connection.scalar(query) or "")

    async def forget_person(self, person: str) -> int:
        """Forget the words of a person's handoffs that are closed; open ones end with their tickets."""
        mine = and_(handoffs.c.person == person, handoffs.c.open_place.is_(None))
        async with self._database.write() as connection:
            return (await connection.execute(delete(handoffs).where(mine))).rowcount

    async def refused(self, handoff_id: int, note: str) -> bool:
        """Give it up: the helpdesk will not take it later either."""
        return await self._end(handoff_id, HandoffState.REFUSED, note)

    async def closed(self, handoff_id: int, note: str = "") -> bool:
        """Note that a person is done with it: the bot speaks in the place again. False when that was noted before."""
        return await self._end(handoff_id, HandoffState.CLOSED, note)

    async def claim(self, state: HandoffState, pause: timedelta, limit: int = 20) -> list[Handoff]:
        """Take what is due in this state, so that no other process does for `pause`."""
        now = self._clock()
        due = and_(handoffs.c.state == state, handoffs.c.not_before <= now.timestamp())
        async with self._database.read() as connection:
            if (await connection.scalar(select(handoffs.c.id).where(due).limit(1))) is None:
                return []
        taken = []
        async with self._database.write() as connection:
            rows = (
                await connection.execute(select(handoffs).where(due).order_by(handoffs.c.id).limit(limit))
            ).all()
            for row in rows:
                still = and_(handoffs.c.id == row.id, handoffs.c.not_before == row.not_before)
                values = {"not_before": (now + pause).timestamp(), "attempts": row.attempts + 1}
                if (await connection.execute(update(handoffs).where(still).values(values))).rowcount:
                    taken.append(_handoff(row, row.attempts + 1))
        return taken

    async def number_open(self) -> int:
        """Count what is not closed."""
        query = select(handoffs.c.id).where(handoffs.c.open_place.is_not(None))
        async with self._database.read() as connection:
            return len((await connection.execute(query)).all())

    async def prune(self, before: datetime) -> int:
        """Forget handoffs that were closed before `before`."""
        async with self._database.write() as connection:
            old = delete(handoffs).where(handoffs.c.closed_at < before.timestamp())
            return (await connection.execute(old)).rowcount

    async def _end(self, handoff_id: int, state: HandoffState, note: str) -> bool:
        still = and_(handoffs.c.id == handoff_id, handoffs.c.open_place.is_not(None))
        now = self._clock().timestamp()
        return await self._change(still, {"state": state, "open_place": None, "closed_at": now, "note": note})

    async def _change(self, which: ColumnElement[bool], values: dict[str, Any]) -> bool:
        async with self._database.write() as connection:
            return bool((await connection.execute(update(handoffs).where(which).values(values))).rowcount)

    async def _one(self, which: ColumnElement[bool]) -> Handoff | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(handoffs).where(which))).one_or_none()
        return None if row is None else _handoff(row, row.attempts)


def _folded(question: str) -> str:
    return " ".join(question.casefold().split())


def _handoff(row: Row[Any], attempts: int) -> Handoff:
    kept = json.loads(row.request)
    kept["conversation"] = tuple(Line(**line) for line in kept["conversation"])
    kept["articles"] = tuple((title, url) for title, url in kept["articles"])
    return Handoff(
        id=row.id,
        person=row.person,
        asked_in=load_address(row.asked_in),
        answered_in=load_address(row.answered_in),
        request=HandoffRequest(**kept),
        state=HandoffState(row.state),
        ticket=Ticket(row.ticket, row.url),
        attempts=attempts,
        created_at=datetime.fromtimestamp(row.created_at, UTC),
    )
