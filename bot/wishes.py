"""Wishes: who asked what had no answer, and wishes to be told, is told once when the articles answer it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog
from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.commands.words import plain
from bot.tables import wishes
from connectors.base import Address, Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Delete, Row, Update

    from bot.outbox import Outbox
    from knowledge.database import Database
    from knowledge.leases import Leases
    from knowledge.models import CorpusVersion

KEPT: Final = timedelta(days=180)
MOST_OF_ONE: Final = 20
A_ROUND: Final = 25
"""Questions that are looked at in one go, beside those that people ask."""
ROUND_SECONDS: Final = 10.0
_LEASE: Final = "wishes"
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """A question whose asker wishes to be told; `audience` are the labels that the person held then."""

    id: int
    key: str
    person: str
    platform: str
    workspace: str | None
    text: str
    audience: frozenset[str] | None

    @property
    def address(self) -> Address:
        """A direct message to the person."""
        name = self.person.rpartition("/")[2].rpartition(":")[2]
        return Address(self.platform, f"@{name}", None, self.workspace)


class Wishes:
    """Keeps wishes, at most 20 of a person and none for longer than 180 days."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, text: str, address: Address, person: str, audience: frozenset[str] | None) -> bool:
        """Keep a wish, if it is not kept already; False when the person has too many."""
        digest = hashlib.sha256(json.dumps([person, text]).encode()).hexdigest()[:40]
        row = {
            "wish": digest,
            "person": person,
            "platform": address.platform,
            "workspace": address.workspace or "",
            "text": text,
            "audience": json.dumps(None if audience is None else sorted(audience)),
            "checked": "",
            "made_at": self._clock().timestamp(),
        }
        mine = select(func.count()).where(wishes.c.person == person, wishes.c.wish != digest)
        try:
            async with self._database.write() as connection:
                if int(await connection.scalar(mine) or 0) >= MOST_OF_ONE:
                    return False
                await connection.execute(insert(wishes).values(row))
        except IntegrityError:
            return True
        return True

    async def unchecked(self, version: str, limit: int = A_ROUND) -> list[Wish]:
        """Give wishes that were not looked at with this version of the articles, the oldest first."""
        query = select(wishes).where(wishes.c.checked != version).order_by(wishes.c.id).limit(limit)
        async with self._database.read() as connection:
            return [_wish(row) for row in (await connection.execute(query)).all()]

    async def checked(self, wish: Wish, version: str) -> None:
        """Note that the articles of this version do not answer it."""
        await self._write(update(wishes).where(_is(wish)).values(checked=version))

    async def end(self, wish: Wish) -> bool:
        """Forget a wish; False when it was withdrawn meanwhile."""
        return await self._write(delete(wishes).where(_is(wish))) > 0

    async def prune(self) -> int:
        """Forget what is too old."""
        return await self._write(delete(wishes).where(wishes.c.made_at < (self._clock() - KEPT).timestamp()))

    async def forget_person(self, person_id: str) -> int:
        """Forget a person's wishes."""
        return await self._write(delete(wishes).where(wishes.c.person == person_id))

    async def _write(self, statement: Delete | Update) -> int:
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount


class Knows(Protocol):
    """What tells whether the articles answer a wish by now."""

    async def __call__(self, wish: Wish) -> bool:
        """Whether its question would be answered for that person today."""
        ...


class WishWatch:
    """Looks at the wishes whenever the articles change, in one process at a time."""

    def __init__(
        self,
        wishes: Wishes,
        outbox: Outbox,
        leases: Leases,
        version: Callable[[], CorpusVersion],
        is_answered: Knows,
    ) -> None:
        self._wishes = wishes
        self._outbox = outbox
        self._leases = leases
        self._version = version
        self._is_answered = is_answered
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Look every ten seconds, for ever."""
        while True:
            try:
                await self.run_once()
            except Exception:  # noqa: BLE001 - a database or a model away for a minute must not end this
                self._log.warning("wishes_not_checked", exc_info=True)
            await asyncio.sleep(ROUND_SECONDS)

    async def run_once(self) -> int:
        """Look at some of what was not looked at since the articles changed; give how many people are told.

        A person is told of their own question, and of no article: whether they may still read it is seen when they
        ask.
        """
        version = "/".join(map(str, self._version()))[:255]
        if not await self._wishes.unchecked(version, 1):
            return 0
        async with self._leases.hold(_LEASE) as lease:
            if lease is None:
                return 0
            await self._wishes.prune()
            return sum([await self._look(wish, version) for wish in await self._wishes.unchecked(version)])

    async def _look(self, wish: Wish, version: str) -> bool:
        if not await self._is_answered(wish):
            await self._wishes.checked(wish, version)
            return False
        text = f"You wished to be told: I can answer “{plain(wish.text, _LONGEST)}” now. Ask me again."
        told = await self._outbox.put(f"wish/{wish.key}", wish.address, Reply(text, id=f"wish/{wish.key}"))
        await self._wishes.end(wish)
        self._log.info("wish_granted", told=told)
        return told


def _is(wish: Wish) -> ColumnElement[bool]:
    # a row's number may be used again, the wish and its moment are its own
    number, digest = wishes.c.id == wish.id, wishes.c.wish == wish.key.partition("/")[0]
    return and_(number, digest)


def _wish(row: Row[Any]) -> Wish:
    labels = json.loads(row.audience)
    audience = None if labels is None else frozenset(labels)
    key = f"{row.wish}/{row.made_at:.3f}"
    return Wish(row.id, key, row.person, row.platform, row.workspace or None, row.text, audience)
