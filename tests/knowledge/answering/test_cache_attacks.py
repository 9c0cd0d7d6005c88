"""What people, machines and Redis may do to the cache: it neither lies nor loses somebody's question."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from config.settings import CacheSettings
from knowledge.answer_cache import AnswerCache
from knowledge.answering.flights import Flights, LeftWaitingError
from knowledge.cache_entry import _COMPRESSION, _DICTIONARY, Head, Reader, UnreadableError, milliseconds, zstd
from knowledge.models import CacheStatus
from tests.knowledge.answering.test_cached import ASKED, PERSONA, cached, clock, valkey
from tests.knowledge.answering.test_flights import ANSWER, writer

if TYPE_CHECKING:
    from knowledge.answering.flights import Flight
    from knowledge.models import Answer
    from tests.knowledge.answering.test_cached import Cached
    from tests.knowledge.answering.test_flights import Writer
    from tests.knowledge.conftest import Clock
    from tests.knowledge.valkey_server import RealValkey

__all__ = ["cached", "clock", "valkey", "writer"]


class Lingering:
    """Work that takes its time to end when it is cancelled, as one does that gives back a lock in Redis."""

    def __init__(self) -> None:
        self.leaving = asyncio.Event()
        self.may_end = asyncio.Event()

    async def work(self, _flight: Flight) -> Answer:
        """Hang until cancelled, then linger."""
        try:
            await asyncio.Event().wait()
        finally:
            self.leaving.set()
            await self.may_end.wait()
        return ANSWER


async def test_nobody_boards_a_flight_that_was_given_up() -> None:
    """Once its last listener left it is no more found; who found it before is told to go on alone, not cancelled."""
    lingering, flights = Lingering(), Flights()
    flight = flights.begin("q", lingering.work)
    last = asyncio.create_task(flight.follow(None))
    await asyncio.sleep(0)
    last.cancel()
    await asyncio.wait_for(lingering.leaving.wait(), 10)
    assert flights.get("q") is None
    late = asyncio.create_task(flight.follow(None))
    await asyncio.sleep(0)
    lingering.may_end.set()
    with pytest.raises(LeftWaitingError):
        await asyncio.wait_for(late, 10)
    with pytest.raises(LeftWaitingError):
        await flight.follow(None)


async def test_who_comes_while_the_last_one_leaves_gets_an_answer(writer: Writer) -> None:
    """The first asker is stopped while somebody else is about to join: that one's question is answered all the same."""
    answers = writer.answers()
    first = asyncio.create_task(answers.answer(ASKED, PERSONA))
    await asyncio.wait_for(writer.began.wait(), 20)
    checks, looked, may_join = answers._checks, asyncio.Event(), asyncio.Event()
    is_today = checks.is_today

    async def slowly(evidence: object) -> bool:
        found = await is_today(evidence)  # type: ignore[arg-type]
        looked.set()
        await may_join.wait()
        return found

    checks.is_today = slowly  # type: ignore[method-assign]
    second = asyncio.create_task(answers.answer(ASKED, PERSONA))
    await asyncio.wait_for(looked.wait(), 20)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    writer.go.set()
    may_join.set()
    assert (await asyncio.wait_for(second, 20)).text


@pytest.mark.parametrize("between", ["\n\n", "\n", "  "])
async def test_a_story_is_not_served_the_answer_to_a_sentence_unseen(cached: Cached, between: str) -> None:
    """Search and gate mind paragraphs and spaces: what was asked in one line is no hit in several, nor the reverse."""
    words = ("I cannot get in any more.", "How do I reset my password?")
    await cached.ask(replace(ASKED, text=" ".join(words)))
    again = await cached.ask(replace(ASKED, text=between.join(words)))
    plain = await cached.desk.ask(between.join(words))
    assert again.cache is not CacheStatus.HIT
    assert (again.text, again.verdict, again.confidence) == (plain.text, plain.verdict, plain.confidence)


async def test_an_entry_called_wrong_while_redis_refused_goes_for_all_with_the_next_question(
    valkey: RealValkey, cached: Cached, clock: Clock
) -> None:
    """Nobody need ask the same question of the process that was told: another replica must not serve it either."""
    key = str((await cached.ask()).trace["cache_key"])
    async with valkey.client() as operator, valkey.client() as other:
        elsewhere = AnswerCache(other, CacheSettings(), clock)
        await operator.execute_command("ACL", "SETUSER", "default", "-eval")
        assert not await cached.cache.drop(key)
        await operator.execute_command("ACL", "SETUSER", "default", "+eval")
        assert await elsewhere.peek(key) is not None
        async with asyncio.timeout(10):
            while await elsewhere.peek(key) is not None:
                await cached.cache.lookup("something else")
                await asyncio.sleep(0.05)


async def test_explain_tells_that_redis_does_not_answer(cached: Cached) -> None:
    """It does not say that there is no entry, which it cannot know."""
    await cached.ask()
    cached.valkey.kill()
    explained = await cached.answers.explain(ASKED, PERSONA)
    assert (explained.outcome, explained.held) == ("made", None)
    assert "Redis does not answer" in explained.why


def test_a_value_nested_without_end_is_unreadable(clock: Clock) -> None:
    """What no version wrote is a miss, however it breaks the reader."""
    now = milliseconds(clock.now)
    head = Head("a", "f", "g", 1, 0.5, now, now + 60_000).line()
    frame = zstd.compress(b"[" * 100_000, options=_COMPRESSION, zstd_dict=_DICTIONARY)
    with pytest.raises(UnreadableError):
        Reader().read(head + frame, clock.now)
