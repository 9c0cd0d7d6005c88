"""Conversation: the last questions of each thread, in Redis."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import structlog

from bot.access import CONSOLE
from connectors.base import IncomingMessage
from knowledge.redis_circuit import RedisCircuit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from connectors.base import Address, Event

TURNS = 6
AGE = timedelta(hours=24)
"""How long a thread is remembered after its last question."""
LONGEST = 4_000
"""Characters of a question that are kept: as many as are searched for."""
TOKENS = 1_200
"""Of all the questions of a thread together, estimated; the oldest go first, the newest is kept whole however long."""
_BYTES_A_TOKEN = 4
EDIT = "/edit/"
"""Stands in the id of an event that is an edit, after the id of the message."""
_PREFIX = "{helpdesk-bot:thread}"  # the braces keep all keys in one slot of a Redis Cluster

_ADD = """
-- KEYS message, thread, person; ARGV row, most, seconds, bytes
if not redis.call('SET', KEYS[1], KEYS[2], 'NX', 'EX', ARGV[3]) then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[1])
local rows, kept, size = redis.call('LRANGE', KEYS[2], -tonumber(ARGV[2]), -1), 0, 0
for place = #rows, 1, -1 do
  local read, turn = pcall(cjson.decode, rows[place])
  size = size + (read and #tostring(turn.asked or '') + #tostring(turn.searched or '') or #rows[place])
  if kept > 0 and size > tonumber(ARGV[4]) then break end
  kept = kept + 1
end
redis.call('LTRIM', KEYS[2], -kept, -1)
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('SADD', KEYS[3], KEYS[2])
redis.call('EXPIRE', KEYS[3], ARGV[3])
return 1
"""
"""A message enters the memory once, and not at all when it was deleted meanwhile; the newest rows that fit stay."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question as it was asked and as it was searched, and whose message it was.

    Answers are not kept: nothing private can leak from them.
    """

    asked: str
    searched: str
    message_id: str = field(default="", compare=False)
    person: str = field(default="", compare=False)


class Conversation:
    """The last questions of a thread, by audience: what was asked in private is not seen in public.

    They are six at most, and `TOKENS` together; a day after the last one they are forgotten.
    Without Redis, or with one that is gone, nothing is remembered; that is warned of once and never raises.
    """

    def __init__(self, redis: Redis | None) -> None:
        self._redis = redis
        self._circuit = RedisCircuit("thread memory")
        self._log = structlog.get_logger()

    async def turns(self, event: Event, audience: frozenset[str] | None) -> list[Turn]:
        """Give the thread's questions, oldest first; none outside of a thread, where many talk of many things."""
        redis, key = self._redis, thread_key(event, audience)
        if redis is None or key is None:
            return []

        async def read() -> list[bytes | str]:
            work: Awaitable[list[Any]] = redis.lrange(key, -TURNS, -1)
            return await work

        rows: list[bytes | str] = await self._circuit.call(read, [])
        try:
            return [Turn(**json.loads(row)) for row in rows]
        except (ValueError, TypeError):
            self._log.warning("thread_memory.unreadable", key=key)
            return []

    async def add(self, event: Event, audience: frozenset[str] | None, turn: Turn) -> None:
        """Remember the question of a message, whole; the oldest go where there is no more room."""
        redis, key = self._redis, thread_key(event, audience)
        if redis is None or key is None:
            return
        message_id = event.message_id if isinstance(event, IncomingMessage) else event.command_id
        kept = Turn(turn.asked[:LONGEST], turn.searched[:LONGEST], message_id, event.sender.id)
        keys = [_message_key(event.address, message_id), key, _person_key(event.sender.id)]
        row, seconds = json.dumps(asdict(kept)), int(AGE.total_seconds())
        arguments: list[str | int] = [row, TURNS, seconds, TOKENS * _BYTES_A_TOKEN]

        async def write() -> None:
            if message_id != _original(message_id) and await redis.get(keys[0]):
                await _drop(redis, key, lambda turn: _original(turn.message_id) == _original(message_id))
                await redis.delete(keys[0])
            await redis.eval(_ADD, len(keys), *keys, *arguments)

        await self._circuit.call(write, None)

    async def forget_message(self, address: Address, message_id: str) -> int:
        """Forget what was asked in a message, and in its edits; give how many turns that were.

        One that is being answered just now does not enter the memory either.
        """
        redis = self._redis
        if redis is None:
            return 0
        pointer = _message_key(address, message_id)

        async def forget() -> int:
            key = await redis.set(pointer, "", ex=AGE, get=True)
            return await _drop(redis, _text(key), lambda turn: _original(turn.message_id) == message_id)

        return await self._circuit.call(forget, 0)

    async def forget_person(self, person_id: str) -> int:
        """Forget what a person asked, in every thread; give how many turns that were."""
        redis = self._redis
        if redis is None:
            return 0
        mine = _person_key(person_id)

        async def forget() -> int:
            keys = await cast("Awaitable[set[Any]]", redis.smembers(mine))
            gone = [
                await _drop(redis, _text(key), lambda turn: turn.person == person_id) for key in sorted(keys)
            ]
            await redis.delete(mine)
            return sum(gone)

        return await self._circuit.call(forget, 0)


async def _drop(redis: Redis, key: str, is_one: Callable[[Turn], bool]) -> int:
    """Take the turns that are meant out of a thread."""
    if not key:
        return 0
    gone = 0
    for row in await cast("Awaitable[list[Any]]", redis.lrange(key, 0, -1)):
        try:
            turn = Turn(**json.loads(row))
        except (ValueError, TypeError):
            continue  # another version's row: it names nobody
        if is_one(turn):
            gone += await redis.lrem(key, 0, row)
    return gone


def _original(message_id: str) -> str:
    """Give the id of the message of which this is an edit, or the id itself."""
    return message_id.partition(EDIT)[0]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")


def _message_key(address: Address, message_id: str) -> str:
    """Give the key under which a message's thread is found, its edits' too; as in the inbox, without the workspace."""
    return _hashed("message", address.platform, address.channel, _original(message_id))


def _person_key(person_id: str) -> str:
    return _hashed("person", person_id)


def thread_key(event: Event, audience: frozenset[str] | None) -> str | None:
    """Give the key of the event's thread for an audience; None where there is no thread.

    The terminal is one, and what a person asks in private in a place is that person's own.
    """
    place = event.address
    direct = isinstance(event, IncomingMessage) and event.direct
    if place.thread is None and not direct and place.platform != CONSOLE:
        return None
    labels = None if audience is None else sorted(audience)
    own = event.sender.id if direct else None
    return _hashed("turns", place.platform, place.workspace, place.channel, place.thread, labels, own)


def _hashed(kind: str, *parts: Any) -> str:
    return f"{_PREFIX}:{kind}:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]}"
