"""What an operator asks of the whole cache, on a real Valkey."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from knowledge.cache_entry import CachedAnswer
from tests.knowledge.test_answer_cache import ANSWER, ARTICLES, VERSION, cache_on, clock, redis, valkey

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from tests.knowledge.conftest import Clock

__all__ = ["clock", "redis", "valkey"]
USED = "{helpdesk-bot:answers}:used"


async def test_a_survey_counts_what_is_kept(redis: Redis, clock: Clock) -> None:
    """Entries, their bytes, and when the oldest was made; what ended is not counted, and a look uses nothing."""
    cache = cache_on(redis, clock)
    empty = await cache.survey()
    assert empty is not None
    assert (empty.entries, empty.size, empty.oldest) == (0, 0, None)
    for key in ("old", "new"):
        assert await cache.store(key, CachedAnswer(ANSWER, "f1", VERSION, ARTICLES))
    used = await redis.zrange(USED, 0, -1, withscores=True)
    held = await cache.peek("old")
    assert held is not None
    assert held.fingerprint == "f1"
    assert await redis.zrange(USED, 0, -1, withscores=True) == used
    await redis.delete("{helpdesk-bot:answers}:e:new")
    survey = await cache.survey()
    assert survey is not None
    assert (survey.entries, survey.size > 200) == (1, True)
    assert survey.oldest is not None
    assert abs(survey.oldest - clock.now) < timedelta(minutes=1)


async def test_cleared_it_is_empty_and_works_on(redis: Redis, clock: Clock) -> None:
    """All entries go, also when they are more than one look takes; a Redis that is not there is told apart."""
    cache = cache_on(redis, clock)
    for number in range(620):
        await cache.store(f"k{number}", CachedAnswer(ANSWER, "f1", VERSION))
    assert await cache.clear() == 620
    assert await cache.size() == 0
    assert await cache.lookup("k1") is None
    assert await cache.store("k1", CachedAnswer(ANSWER, "f1", VERSION))
    assert await cache_on(None, clock).clear() is None
    assert await cache_on(None, clock).survey() is None
