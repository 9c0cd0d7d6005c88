"""The answer cache, on a real Valkey."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import structlog
from redis.asyncio import Redis

from config.persona import Persona
from config.settings import CacheSettings
from knowledge.answer_cache import AnswerCache
from knowledge.answering.serialise import answer_to_cache
from knowledge.cache_entry import FORMAT, CachedAnswer, cache_key, written, zstd
from knowledge.models import Answer, ArticleRef, Citation, CorpusVersion, Question, Verdict
from tests.knowledge.conftest import Clock
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PERSONA = Persona("plain", "", "Hello!", "I could not find that.", "Something failed.")
PUBLIC = frozenset({"public"})
CITATION = Citation(
    "reset", "desk", "Reset", "https://help.example/reset", "r1", datetime(2025, 2, 3, tzinfo=UTC), "Open it."
)
ANSWER = Answer(
    "first",
    "How do I reset?",
    "Open **Settings**. 😀",
    Verdict.ANSWERED,
    0.87654321,
    citations=(CITATION,),
    closest=(replace(CITATION, updated_at=None, url=None),),
    persona="plain",
    language="en",
    trace={"passages": [{"id": "desk/reset#0", "score": 0.5}]},
)
VERSION = CorpusVersion("g1", 7)
ARTICLES = ((ArticleRef("desk", "reset"), "r1", PUBLIC),)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at the present: the server ends entries by its own."""
    clock = Clock()
    clock.now = datetime.now(UTC)
    return clock


@pytest.fixture
def valkey() -> Iterator[RealValkey]:
    """A Valkey of this test alone."""
    with RealValkey() as server:
        yield server


@pytest.fixture
async def redis(valkey: RealValkey) -> AsyncIterator[Redis]:
    """A client of it."""
    async with valkey.client() as client:
        yield client


def cache_on(client: Redis | None, clock: Clock, **settings: object) -> AnswerCache:
    """Give a cache as another process would make it."""
    return AnswerCache(client, CacheSettings(**settings), clock)  # type: ignore[arg-type]


async def test_what_was_stored_is_found_whole(redis: Redis, clock: Clock) -> None:
    """An answer comes back with its citations, dates, trace, fingerprint, version and articles."""
    cache = cache_on(redis, clock)
    assert await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION, ARTICLES))
    held = await cache.lookup("k")
    assert held is not None
    assert answer_to_cache(held.answer) | {"cache": "off"} == answer_to_cache(ANSWER)
    assert held.answer.citations == ANSWER.citations
    assert (held.fingerprint, held.version, held.articles) == ("f1", VERSION, ARTICLES)


async def test_an_older_version_never_overwrites_a_newer_one(redis: Redis, clock: Clock) -> None:
    """A slow process that read an older corpus cannot put its answer over a newer one, nor stamp it."""
    cache = cache_on(redis, clock)
    await cache.store("k", CachedAnswer(ANSWER, "new", CorpusVersion("g1", 9)))
    assert not await cache.store(
        "k", CachedAnswer(replace(ANSWER, text="old"), "old", CorpusVersion("g1", 8))
    )
    assert not await cache.restamp("k", "new", CorpusVersion("g1", 8), 0.5)
    held = await cache.lookup("k")
    assert held is not None
    assert (held.fingerprint, held.version.counter, held.answer.text) == ("new", 9, ANSWER.text)


async def test_a_new_stamp_needs_the_same_fingerprint(redis: Redis, clock: Clock) -> None:
    """Re-stamping moves the version of the evidence that was checked, never that of other evidence."""
    cache = cache_on(redis, clock)
    await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
    assert not await cache.restamp("k", "f2", CorpusVersion("g1", 8), 0.5)
    assert await cache.restamp("k", "f1", CorpusVersion("g 2", 1), 0.5)
    held = await cache.lookup("k")
    assert held is not None
    assert (held.version, held.answer.confidence) == (CorpusVersion("g 2", 1), 0.5)
    assert replace(held.answer, confidence=ANSWER.confidence, cache=ANSWER.cache) == ANSWER
    assert not await cache.restamp("missing", "f1", VERSION, 0.5)


async def test_hits_and_stamps_do_not_extend_the_age(redis: Redis, clock: Clock) -> None:
    """An entry ends max_age after it was stored, however often it was used meanwhile."""
    cache = cache_on(redis, clock, max_age="1h")
    await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
    left = await redis.pttl("{helpdesk-bot:answers}:e:k")
    assert 3_590_000 < left <= 3_600_000
    await redis.pexpire("{helpdesk-bot:answers}:e:k", 1_000_000)
    assert await cache.lookup("k") is not None
    assert await cache.restamp("k", "f1", CorpusVersion("g1", 8), 0.5)
    assert await redis.pttl("{helpdesk-bot:answers}:e:k") <= 1_000_000


async def test_an_expired_entry_is_a_miss_by_our_clock(valkey: RealValkey, clock: Clock) -> None:
    """Age is counted by the bot's clock too, so that a server whose clock is late serves nothing old."""
    async with valkey.client() as client:
        cache = cache_on(client, clock, max_age="1h")
        await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
        clock.move(timedelta(minutes=59))
        assert await cache.lookup("k") is not None
        await cache.restamp("k", "f1", CorpusVersion("g1", 8), 0.5)
        clock.move(timedelta(minutes=2))
        assert await cache.lookup("k") is None
        clock.move(timedelta(hours=-2))
        assert await cache.lookup("k") is None, "what was made in the future is as old as nobody knows"


async def test_the_least_recently_used_goes_first(valkey: RealValkey, clock: Clock) -> None:
    """The cache never holds more than max_entries, and a hit keeps an entry in."""
    async with valkey.client() as client:
        cache = cache_on(client, clock, max_entries=100)
        for number in range(100):
            clock.move(timedelta(seconds=1))
            await cache.store(f"k{number}", CachedAnswer(ANSWER, "f", VERSION))
        clock.move(timedelta(seconds=1))
        assert await cache.lookup("k0") is not None
        clock.move(timedelta(seconds=1))
        await cache.store("one more", CachedAnswer(ANSWER, "f", VERSION))
        assert await cache.size() == 100
        assert await cache.lookup("k0") is not None
        assert await cache.lookup("k1") is None
        assert len(await client.keys("*:e:*")) == 100


SOUND = written(
    CachedAnswer(ANSWER, "f1", VERSION, ARTICLES), datetime.now(UTC), datetime(2100, 1, 1, tzinfo=UTC)
)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"\xff\xfe",
        SOUND.replace(FORMAT.encode(), b"99", 1),
        SOUND[: SOUND.index(b"\n")],
        SOUND[:-1],
        SOUND[:-40],
        SOUND + b"x",
        SOUND[:-30] + b"\x00" + SOUND[-29:],
        SOUND[: SOUND.index(b"\n") + 1] + zstd.compress(b"{}"),
        SOUND[: SOUND.index(b"\n") + 1] + zstd.compress(b"[" * 100_000_000),
    ],
    ids=str.split("empty json bytes version head end half more flipped other huge"),
)
async def test_what_cannot_be_read_is_a_miss(redis: Redis, clock: Clock, value: bytes) -> None:
    """A value cut short, damaged, or written by another version is a miss with a warning, and is written over."""
    cache = cache_on(redis, clock)
    await redis.set("{helpdesk-bot:answers}:e:k", SOUND)
    assert await cache.lookup("k") is not None
    await redis.set("{helpdesk-bot:answers}:e:k", value)
    with structlog.testing.capture_logs() as logs:
        assert await cache.lookup("k") is None
    assert [log["event"] for log in logs] == ["answer_cache.unreadable"]
    assert not await cache.restamp("k", "f2", VERSION, 0.5)
    assert await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
    assert await cache.lookup("k") is not None


async def test_a_key_of_another_type_is_a_miss(redis: Redis, clock: Clock) -> None:
    """What somebody else put in an entry's place costs nothing but the entry."""
    cache = cache_on(redis, clock)
    await redis.hset("{helpdesk-bot:answers}:e:k", "v", "x")  # type: ignore[misc]
    assert await cache.lookup("k") is None
    assert not await cache.restamp("k", "f1", VERSION, 0.5)
    assert await cache.survey() is not None
    assert await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
    assert await cache.lookup("k") is not None


async def test_an_answer_that_is_far_too_long_is_not_kept(redis: Redis, clock: Clock) -> None:
    """One entry cannot fill the server."""
    cache = cache_on(redis, clock)
    noise = replace(ANSWER, text=random.Random(1).randbytes(400_000).hex())
    assert not await cache.store("k", CachedAnswer(noise, "f1", VERSION))
    assert await cache.size() == 0


async def test_no_answer_is_kept_briefly_and_takes_nobodys_place(redis: Redis, clock: Clock) -> None:
    """It ends after negative_max_age, and then does not count among the entries any more."""
    cache = cache_on(redis, clock, negative_max_age="1s")
    unanswered = replace(ANSWER, verdict=Verdict.UNANSWERED)
    for number in range(20):
        await cache.store(f"n{number}", CachedAnswer(unanswered, "f1", VERSION))
    assert await cache.lookup("n0") is not None
    survey = await cache.survey()
    assert survey is not None
    assert (survey.entries, survey.negative) == (20, 20)
    assert 0 < await redis.pttl("{helpdesk-bot:answers}:e:n0") <= 1000
    clock.move(timedelta(seconds=2))
    assert await cache.lookup("n0") is None
    async with asyncio.timeout(10):
        while await redis.exists("{helpdesk-bot:answers}:e:n19"):
            await asyncio.sleep(0.05)
    await cache.store("n1", CachedAnswer(ANSWER, "f1", VERSION))
    assert await cache.size() == 1
    assert await redis.zcard("{helpdesk-bot:answers}:brief") == 0


async def test_dropped_is_gone(redis: Redis, clock: Clock) -> None:
    """After drop there is neither the entry nor its place in the order of use."""
    cache = cache_on(redis, clock)
    await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
    assert await cache.drop("k")
    assert not await cache.drop("k")
    assert await cache.lookup("k") is None
    assert await cache.size() == 0


async def test_without_redis_everything_is_a_miss(clock: Clock) -> None:
    """No client, or a cache that is switched off, is a cache that never hits and never fails."""
    cache = cache_on(None, clock)
    assert not cache.is_enabled
    assert not await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
    assert await cache.lookup("k") is None
    async with cache.one_at_a_time("k", 1) as waited:
        assert not waited


async def test_killed_while_running_is_a_miss_and_one_warning(valkey: RealValkey, clock: Clock) -> None:
    """When Valkey dies answers go on at full speed, one warning is logged, and its return is noticed."""
    with structlog.testing.capture_logs() as logs:
        async with valkey.client() as client:
            cache = cache_on(client, clock)
            cache._circuit._pause = 0.3
            assert await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
            valkey.kill()
            loop = asyncio.get_running_loop()
            started = loop.time()
            for _ in range(50):
                assert await cache.lookup("k") is None
                assert not await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
                async with cache.one_at_a_time("k", 5):
                    pass
            assert loop.time() - started < 2.0
            assert [log["event"] for log in logs] == ["redis.gone"]
            valkey.restart()
            async with asyncio.timeout(10):
                while not await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION)):
                    await asyncio.sleep(0.05)
            assert await cache.lookup("k") is not None
            assert [log["event"] for log in logs] == ["redis.gone", "redis.back"]


async def test_a_server_that_hangs_costs_one_timeout(clock: Clock) -> None:
    """A Redis that accepts and never answers delays one call, not each."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Redis(host="127.0.0.1", port=port) as client:
        cache = cache_on(client, clock)
        loop = asyncio.get_running_loop()
        started = loop.time()
        for _ in range(20):
            assert await cache.lookup("k") is None
        assert loop.time() - started < 2.5


async def test_one_maker_at_a_time_across_clients(valkey: RealValkey, clock: Clock) -> None:
    """Of many that want one key at once, in two processes, one makes the answer and the others find it."""
    made = 0

    async def ask(cache: AnswerCache) -> CachedAnswer | None:
        nonlocal made
        async with cache.one_at_a_time("k", 10) as waited:
            held = await cache.lookup("k") if waited else None
            if held is None:
                made += 1
                await asyncio.sleep(0.2)  # the work that is not to be done twice
                await cache.store("k", CachedAnswer(ANSWER, "f1", VERSION))
                held = await cache.lookup("k")
            return held

    async with valkey.client() as one, valkey.client() as two:
        caches = [cache_on(one, clock), cache_on(two, clock)]
        found = await asyncio.gather(*(ask(caches[number % 2]) for number in range(12)))
        assert made == 1
        assert all(held is not None for held in found)
        assert not await one.keys("*:lock:*")


async def test_a_maker_that_hangs_is_not_waited_for_for_ever(valkey: RealValkey, clock: Clock) -> None:
    """A waiter goes ahead after its time is over, and a lock left by a killed process ends by itself."""
    async with valkey.client() as one, valkey.client() as two:
        async with cache_on(one, clock).one_at_a_time("k", 30):
            loop = asyncio.get_running_loop()
            started = loop.time()
            async with cache_on(two, clock).one_at_a_time("k", 0.3) as waited:
                assert waited
            assert 0.25 < loop.time() - started < 5
        lock = "{helpdesk-bot:answers}:lock:dead"
        await one.set(lock, "killed", px=300)
        async with cache_on(two, clock).one_at_a_time("dead", 10) as waited:
            assert waited


def test_the_key_splits_by_all_that_decides_the_answer() -> None:
    """Audience, sources, persona, pipeline, language and words each give another key."""
    question = Question("How do I reset it?", PUBLIC)
    keys = {
        cache_key(question, PERSONA, "d"),
        cache_key(replace(question, text="How do I reset C++?"), PERSONA, "d"),
        cache_key(replace(question, audience=frozenset({"public", "internal"})), PERSONA, "d"),
        cache_key(replace(question, audience=None), PERSONA, "d"),
        cache_key(replace(question, audience=frozenset()), PERSONA, "d"),
        cache_key(replace(question, sources=frozenset({"desk"})), PERSONA, "d"),
        cache_key(replace(question, exclude=frozenset({"reset"})), PERSONA, "d"),
        cache_key(replace(question, language="de"), PERSONA, "d"),
        cache_key(question, replace(PERSONA, tone=("short",)), "d"),
        cache_key(question, PERSONA, "other"),
    }
    assert len(keys) == 10


@pytest.mark.parametrize("text", ["how do i reset it", "  How do I\nreset it?? ", "HOW DO I RESET IT."])
def test_the_key_forgives_spelling_that_means_nothing(text: str) -> None:
    """White space, case and closing marks do not make another question."""
    plain = cache_key(Question("How do I reset it?", PUBLIC), PERSONA, "d")
    assert cache_key(Question(text, PUBLIC), PERSONA, "d") == plain


def test_an_entry_is_json_that_any_process_can_read() -> None:
    """What is stored is plain JSON, never a pickle."""
    assert json.loads(json.dumps(answer_to_cache(ANSWER)))["citations"][0]["updated_at"].startswith(
        "2025-02-03"
    )
