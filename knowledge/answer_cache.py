"""AnswerCache: answers in Redis, each with its evidence and the corpus version it was checked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from config.durations import parse_duration
from knowledge.cache_entry import LARGEST, Reader, UnreadableError, plain, written
from knowledge.cache_scripts import DROP, LOOKUP, PEEK, RESTAMP, STORE
from knowledge.cache_survey import clear, survey
from knowledge.cache_turns import Turns
from knowledge.redis_circuit import RedisCircuit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from redis.asyncio import Redis

    from config.settings import CacheSettings
    from knowledge.cache_entry import CachedAnswer
    from knowledge.cache_survey import CacheSurvey
    from knowledge.models import CorpusVersion

_PREFIX: Final = "{helpdesk-bot:answers}"  # the braces keep all keys in one slot of a Redis Cluster
_MOST_UNDROPPED: Final = 10_000
_LATE_AT_ONCE: Final = 20


class AnswerCache:
    """Answers by key, at most `max_entries` of them and none older than `max_age`, which hits do not extend.

    Negative answers end after `negative_max_age`. Age is counted by the server's clock and by ours, whichever ends
    first. The server's policy is `noeviction`, so the cache bounds itself: the least recently used goes first.
    Without a client, or with a Redis that is gone, slow or full, all is a miss and nothing is ever raised.
    """

    def __init__(self, redis: Redis | None, settings: CacheSettings, clock: Callable[[], datetime]) -> None:
        self._redis = redis if settings.enabled else None
        self._max_age = parse_duration(settings.max_age)
        self._negative_max_age = min(parse_duration(settings.negative_max_age), self._max_age)
        self._max_entries = settings.max_entries
        self._clock = clock
        self._circuit = RedisCircuit("answer cache")
        self._turns = Turns(self._redis, self._circuit, _PREFIX)
        self._reader = Reader()
        self._undropped: set[str] = set()
        self._log = structlog.get_logger()

    @property
    def is_enabled(self) -> bool:
        """Whether there is a Redis to ask at all."""
        return self._redis is not None

    @property
    def circuit(self) -> RedisCircuit:
        """What keeps a Redis that is gone from costing more than one wait, for whoever uses the same one."""
        return self._circuit

    async def lookup(self, key: str) -> CachedAnswer | None:
        """Give what is kept under `key`, and count it as used; what cannot be read is a miss."""
        if self._undropped and await self._still_undropped(key):
            return None
        return self._readable(key, await self._run(LOOKUP, [_entry(key), _used()], [key]))

    async def peek(self, key: str) -> CachedAnswer | None:
        """Give what is kept under `key` as `lookup` does, without counting it as used."""
        if key in self._undropped:
            return None
        return self._readable(key, await self._run(PEEK, [_entry(key)], []))

    def _readable(self, key: str, value: bytes | None) -> CachedAnswer | None:
        if not isinstance(value, bytes):
            return None
        try:
            return self._reader.read(value, self._clock())
        except UnreadableError as error:
            self._log.warning("answer_cache.unreadable", key=key, error=str(error))
            return None

    async def store(self, key: str, entry: CachedAnswer) -> bool:
        """Keep an answer; False when a newer version is kept already, it is far too long, or Redis is not there."""
        if self._undropped and await self._still_undropped(key):
            return False
        now = self._clock()
        life = self._negative_max_age if entry.is_negative else self._max_age
        value = written(entry, now, now + life)
        if len(value) > LARGEST:
            return False
        version = (plain(entry.version.generation), entry.version.counter)
        limits = (int(life.total_seconds() * 1000), self._max_entries, _entry(""), int(entry.is_negative))
        keys = [_entry(key), _used(), _brief()]
        return bool(await self._run(STORE, keys, [key, value, *version, *limits]))

    async def restamp(self, key: str, fingerprint: str, version: CorpusVersion, confidence: float) -> bool:
        """Mark the entry as checked at `version`, if it is still that of `fingerprint` and not newer.

        `confidence` is that of the evidence at that version, in place of what it was made with.
        """
        arguments = [fingerprint, plain(version.generation), version.counter, confidence]
        return bool(await self._run(RESTAMP, [_entry(key)], arguments))

    async def drop(self, key: str) -> bool:
        """Forget one answer; False when there was none, or Redis is not there.

        Where Redis does not answer, this process serves the entry no more, and forgets it for all when Redis is back:
        with the next question, whatever that is.
        """
        gone = await self._run(DROP, [_entry(key), _used(), _brief()], [key])
        if gone is None and self.is_enabled and len(self._undropped) < _MOST_UNDROPPED:
            self._undropped.add(key)
        elif gone is not None:
            self._undropped.discard(key)
        return bool(gone)

    async def _still_undropped(self, key: str) -> bool:
        """Forget now what Redis could not be told to forget, `key` first; whether `key` is served by nobody yet."""
        late = [*({key} & self._undropped), *(self._undropped - {key})]
        for each in late[:_LATE_AT_ONCE]:
            await self.drop(each)
            if self._circuit.is_open:
                break
        return key in self._undropped

    async def size(self) -> int:
        """Give the number of answers kept; those that expired unused may be counted still."""
        redis = self._redis
        if redis is None:
            return 0
        return int(await self._circuit.call(lambda: redis.zcard(_used()), 0))

    async def survey(self) -> CacheSurvey | None:
        """Count what is kept, by looking at each entry; None when Redis is not there."""
        redis = self._redis
        return None if redis is None else await survey(redis, _used(), _entry)

    async def clear(self) -> int | None:
        """Forget all answers and give their number; None when Redis is not there."""
        redis = self._redis
        return None if redis is None else await clear(redis, [_used(), _brief()], _entry)

    def one_at_a_time(self, key: str, seconds: float) -> AbstractAsyncContextManager[bool]:
        """Let one maker in for each key, across processes; the value says whether others were waited for.

        After `seconds` a waiter goes in beside the holder. A holder that was killed keeps others out for two.
        """
        return self._turns.hold(key, seconds)

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        redis = self._redis
        if redis is None:
            return None
        return await self._circuit.call(lambda: redis.eval(script, len(keys), *keys, *arguments), None)


def _entry(key: str) -> str:
    return f"{_PREFIX}:e:{key}"


def _used() -> str:
    return f"{_PREFIX}:used"


def _brief() -> str:
    return f"{_PREFIX}:brief"
