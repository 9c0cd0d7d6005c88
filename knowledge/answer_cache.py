"""AnswerCache: answers in Redis, each with its evidence and the corpus version it was checked at."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import unicodedata
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from config.durations import parse_duration
from knowledge.answering.serialise import answer_from_cache, answer_to_cache
from knowledge.cache_scripts import DROP, LOOKUP, PEEK, RELEASE, RESTAMP, STORE
from knowledge.cache_survey import clear, survey
from knowledge.models import ArticleRef, CorpusVersion
from knowledge.redis_circuit import RedisCircuit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from redis.asyncio import Redis

    from config.persona import Persona
    from config.settings import CacheSettings
    from knowledge.cache_survey import CacheSurvey
    from knowledge.models import Answer, Question

_FORMAT = 1
_PREFIX = "{helpdesk-bot:answers}"  # the braces keep all keys in one slot of a Redis Cluster
_POLL_SECONDS = 0.05

Holder = tuple[ArticleRef, str, frozenset[str]]
"""An article that an answer stands on, with the revision and the audience it had."""


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """What is kept: `version` was read before the retrieval that `fingerprint` is of."""

    answer: Answer
    fingerprint: str
    version: CorpusVersion
    articles: tuple[Holder, ...]


def cache_key(question: Question, persona: Persona, pipeline_digest: str) -> str:
    """Hash all that decides an answer; white space, case and a closing question mark of the question do not.

    `pipeline_digest` stands for retrieval, gate, prompts, model and answer settings. Readers of different
    audiences never share a key.
    """
    parts = [
        _FORMAT,
        same_words(question.text),
        None if question.audience is None else sorted(question.audience),
        None if question.sources is None else sorted(question.sources),
        sorted(question.exclude),
        question.language,
        persona.digest,
        pipeline_digest,
    ]
    written = json.dumps(parts, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def same_words(question: str) -> str:
    """Give what all questions have in common that share an entry: no case, single spaces, no mark at the end."""
    return " ".join(unicodedata.normalize("NFKC", question).casefold().split()).rstrip("?!. ")


class AnswerCache:
    """Answers by key, at most `max_entries` of them and none older than `max_age`, which hits do not extend.

    The server's policy is `noeviction`, so the cache bounds itself: the least recently used goes first.
    Without a client, or with a Redis that is gone or slow, everything is a miss and nothing is ever raised.
    """

    def __init__(self, redis: Redis | None, settings: CacheSettings, clock: Callable[[], datetime]) -> None:
        self._redis = redis if settings.enabled else None
        self._max_age = parse_duration(settings.max_age)
        self._max_entries = settings.max_entries
        self._clock = clock
        self._circuit = RedisCircuit("answer cache")
        self._local: dict[str, tuple[asyncio.Lock, int]] = {}
        self._log = structlog.get_logger()

    @property
    def is_enabled(self) -> bool:
        """Whether there is a Redis to ask at all."""
        return self._redis is not None

    async def lookup(self, key: str) -> CachedAnswer | None:
        """Give what is kept under `key`, and count it as used; what cannot be read is a miss."""
        now = self._clock()
        return self._readable(key, await self._run(LOOKUP, [_entry(key), _used()], [key, _milliseconds(now)]))

    async def peek(self, key: str) -> CachedAnswer | None:
        """Give what is kept under `key` as `lookup` does, without counting it as used."""
        return self._readable(key, await self._run(PEEK, [_entry(key)], []))

    def _readable(self, key: str, row: Sequence[bytes | str] | None) -> CachedAnswer | None:
        if not row or row[0] is None:
            return None
        try:
            return _read(row, self._clock())
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            self._log.warning(
                "answer_cache.unreadable", key=key, error=f"{type(error).__name__}: {error}"[:200]
            )
            return None

    async def store(
        self,
        key: str,
        answer: Answer,
        fingerprint: str,
        version: CorpusVersion,
        articles: Sequence[Holder] = (),
    ) -> bool:
        """Keep an answer; False when a newer version is kept already, or Redis is not there."""
        now = self._clock()
        expires = _milliseconds(now + self._max_age)
        value = json.dumps(
            {
                "format": _FORMAT,
                "answer": answer_to_cache(answer),
                "articles": [[*ref, revision, sorted(audience)] for ref, revision, audience in articles],
                "expires": expires,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        keys = [_entry(key), _used()]
        arguments = [key, value, fingerprint, version.generation, version.counter, expires]
        limits = [_milliseconds(now), self._max_entries, _entry("")]
        return bool(await self._run(STORE, keys, [*arguments, *limits]))

    async def restamp(self, key: str, fingerprint: str, version: CorpusVersion) -> bool:
        """Mark the entry as checked at `version`, if it is still that of `fingerprint` and not newer."""
        arguments = [fingerprint, version.generation, version.counter]
        return bool(await self._run(RESTAMP, [_entry(key)], arguments))

    async def drop(self, key: str) -> bool:
        """Forget one answer; False when there was none."""
        return bool(await self._run(DROP, [_entry(key), _used()], [key]))

    async def size(self) -> int:
        """Give the number of answers kept; those that expired unused may be counted still."""
        redis = self._redis
        if redis is None:
            return 0
        return int(await self._circuit.call(lambda: redis.zcard(_used()), 0))

    async def survey(self) -> CacheSurvey | None:
        """Count what is kept, by looking at each entry; None when Redis is not there."""
        redis = self._redis
        return None if redis is None else await survey(redis, _used(), _entry, self._max_age, self._clock())

    async def clear(self) -> int | None:
        """Forget all answers and give their number; None when Redis is not there."""
        redis = self._redis
        return None if redis is None else await clear(redis, _used(), _entry)

    @asynccontextmanager
    async def one_at_a_time(self, key: str, seconds: float) -> AsyncIterator[bool]:
        """Let one holder in for each key, across processes; the value says whether others were waited for.

        After `seconds` a waiter goes in beside the holder: an answer twice is better than none. A holder that
        was killed keeps others out no longer than that.
        """
        lock, users = self._local.get(key, (asyncio.Lock(), 0))
        self._local[key] = lock, users + 1
        token, entered = secrets.token_hex(8), False
        waited = lock.locked()
        try:
            try:
                async with asyncio.timeout(seconds):
                    await lock.acquire()
                    entered = True
                    waited |= await self._await_others(key, token, seconds)
            except TimeoutError:
                waited = True
            yield waited
        finally:
            if entered:
                lock.release()
            self._leave_local(key)
            await self._run(RELEASE, [_lock(key)], [token])

    async def _await_others(self, key: str, token: str, seconds: float) -> bool:
        redis = self._redis
        if redis is None:
            return False
        waited = False
        milliseconds = int(seconds * 1000)

        async def take() -> bool:
            return bool(await redis.set(_lock(key), token, nx=True, px=milliseconds))

        # True where Redis is gone: then nobody can be waited for.
        while not await self._circuit.call(take, otherwise=True):
            waited = True
            await asyncio.sleep(_POLL_SECONDS)
        return waited

    def _leave_local(self, key: str) -> None:
        lock, users = self._local[key]
        if users == 1:
            del self._local[key]
        else:
            self._local[key] = lock, users - 1

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        redis = self._redis
        if redis is None:
            return None
        return await self._circuit.call(lambda: redis.eval(script, len(keys), *keys, *arguments), None)


def _entry(key: str) -> str:
    return f"{_PREFIX}:entry:{key}"


def _lock(key: str) -> str:
    return f"{_PREFIX}:lock:{key}"


def _used() -> str:
    return f"{_PREFIX}:used"


def _milliseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _read(row: Sequence[bytes | str], now: datetime) -> CachedAnswer | None:
    data: Mapping[str, Any] = json.loads(row[0])
    if data["format"] != _FORMAT or data["expires"] <= _milliseconds(now):
        return None
    articles = tuple(
        (ArticleRef(source, article_id), revision, frozenset(audience))
        for source, article_id, revision, audience in data["articles"]
    )
    version = CorpusVersion(_text(row[2]), int(row[3]))
    return CachedAnswer(answer_from_cache(data["answer"]), _text(row[1]), version, articles)
