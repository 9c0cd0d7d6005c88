"""Privacy: what is known of a person is forgotten when they ask for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import and_, delete, select, update

from bot.event_json import load_event
from bot.inbox import OPEN, EventKey, InboxState, key_of
from bot.shadow import KIND as DRAFT
from bot.tables import inbox, proposals, questions, ratings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.conversation import Conversation
    from connectors.base import Command
    from knowledge.answer_cache import AnswerCache
    from knowledge.database import Database

_KEPT_OF_A_TRACE = ("citations", "timings_ms")


class Forgets(Protocol):
    """Whatever else keeps something of a person."""

    async def forget_person(self, person_id: str) -> int:
        """Forget it; give how much that was."""
        ...


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten."""

    questions: int
    turns: int
    comments: int
    cached: int
    events: int
    drafts: int
    others: Mapping[str, int]


class Privacy:
    """Forgets people. `others` are further stores, by what they keep, such as "wishes to be told"."""

    def __init__(
        self,
        *,
        database: Database,
        conversation: Conversation,
        cache: AnswerCache,
        clock: Callable[[], datetime],
        others: Mapping[str, Forgets] | None = None,
    ) -> None:
        self._database = database
        self._conversation = conversation
        self._cache = cache
        self._clock = clock
        self._others = others or {}

    async def forget(self, command: Command) -> Forgotten:
        """Forget what the sender asked and said. What is counted stays counted, without whose it was.

        Repeating it does no harm, so a process killed in the middle leaves nothing that the next try misses.
        """
        person = command.sender.id
        cached = await self._forget_cached(person)
        turns = await self._conversation.forget_person(person)
        others = {what: await store.forget_person(person) for what, store in self._others.items()}
        async with self._database.write() as connection:
            asked = await self._forget_questions(connection, person)
            comments = await self._forget_ratings(connection, person)
            said = EventKey(command.address.platform, command.address.channel, command.command_id)
            own = {key_of(command), said}  # a command may be said in a message
            events = await self._forget_events(connection, person, own)
            mine = and_(proposals.c.person == person, proposals.c.kind == DRAFT)
            drafts = (await connection.execute(delete(proposals).where(mine))).rowcount
        return Forgotten(asked, turns, comments, cached, events, drafts, others)

    async def _forget_cached(self, person: str) -> int:
        query = select(questions.c.trace).where(questions.c.person == person)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        keys = {str((json.loads(row.trace).get("trace") or {}).get("cache_key") or "") for row in rows}
        return sum([await self._cache.drop(key) for key in sorted(keys - {""})])

    async def _forget_questions(self, connection: AsyncConnection, person: str) -> int:
        mine = questions.c.person == person
        rows = (await connection.execute(select(questions.c.id, questions.c.trace).where(mine))).all()
        for row in rows:
            told: dict[str, Any] = json.loads(row.trace)
            kept = json.dumps({name: told[name] for name in _KEPT_OF_A_TRACE if name in told})
            values = {"person": "", "text": "", "public": 0, "trace": kept}
            await connection.execute(update(questions).where(questions.c.id == row.id).values(values))
        return len(rows)

    async def _forget_ratings(self, connection: AsyncConnection, person: str) -> int:
        mine = ratings.c.person == person
        rows = (await connection.execute(select(ratings.c.id, ratings.c.comment).where(mine))).all()
        for row in rows:
            values = {"person": f"forgotten/{row.id}", "comment": ""}
            await connection.execute(update(ratings).where(ratings.c.id == row.id).values(values))
        return sum(1 for row in rows if row.comment)

    async def _forget_events(self, connection: AsyncConnection, person: str, own: set[EventKey]) -> int:
        """Withdraw what is still to be answered, and empty what was given up, the command itself aside."""
        kept = and_(inbox.c.state.in_((*OPEN, InboxState.FAILED)), inbox.c.event != "")
        rows = (await connection.execute(select(inbox).where(kept))).all()
        gone = 0
        for row in rows:
            key = EventKey(row.platform, row.channel, row.message_id)
            if key in own or _sender(row.event) != person:
                continue
            values: dict[str, Any] = {"event": "", "finished_at": self._clock().timestamp()}
            if row.state != InboxState.FAILED:
                values["state"] = InboxState.IGNORED
            gone += (
                await connection.execute(update(inbox).where(inbox.c.id == row.id).values(values))
            ).rowcount
        return gone


def _sender(event: str) -> str:
    try:
        return load_event(event).sender.id
    except (ValueError, KeyError, TypeError):
        return ""
