"""One answer in the making, and all who wait for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from knowledge.answering.cached import CachedAnswers
from knowledge.answering.flights import Flight, Flights, LeftWaitingError
from knowledge.models import Answer, CacheStatus, Verdict
from tests.knowledge.answering.conftest import PERSONA, article
from tests.knowledge.answering.test_cached import ASKED, PASSWORD, Cached, cached, clock, valkey

if TYPE_CHECKING:
    from config.persona import Persona
    from knowledge.models import Evidence, OnText, Question

__all__ = ["cached", "clock", "valkey"]
ANSWER = Answer("a", "?", "One. Two. Three.", Verdict.ANSWERED, 0.9)


class Speaker:
    """Work that says a piece whenever the test lets it."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self.cancelled = False
        self.began = 0

    async def work(self, flight: Flight) -> Answer:
        """Say what comes, until None."""
        self.began += 1
        try:
            while (piece := await self.pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                await flight.say(piece)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return ANSWER


class Ear:
    """Hears pieces."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.news = asyncio.Event()

    async def __call__(self, text: str) -> None:
        """Hear one."""
        self.heard.append(text)
        self.news.set()

    async def until(self, text: str) -> None:
        """Wait until all that was heard is this."""
        async with asyncio.timeout(10):
            while "".join(self.heard) != text:
                self.news.clear()
                await self.news.wait()


async def test_who_comes_late_hears_at_once_what_was_said() -> None:
    """Pieces go to all who listen as they come; the late one gets the first ones in one."""
    speaker, first, late = Speaker(), Ear(), Ear()
    flight = Flights().begin("q", speaker.work)
    one = asyncio.create_task(flight.follow(first))
    for piece in ("One. ", "Two. "):
        speaker.pieces.put_nowait(piece)
    await first.until("One. Two. ")
    two = asyncio.create_task(flight.follow(late))
    await late.until("One. Two. ")
    assert late.heard == ["One. Two. "]
    speaker.pieces.put_nowait("Three.")
    speaker.pieces.put_nowait(None)
    assert await one is await two is ANSWER
    assert "".join(first.heard) == "".join(late.heard) == ANSWER.text


async def test_a_slow_listener_delays_nobody() -> None:
    """One whose platform hangs keeps neither the maker nor the others waiting."""
    speaker, quick = Speaker(), Ear()
    flight = Flights().begin("q", speaker.work)
    stuck = asyncio.Event()

    async def hang(_: str) -> None:
        await stuck.wait()

    slow = asyncio.create_task(flight.follow(hang))
    fast = asyncio.create_task(flight.follow(quick))
    speaker.pieces.put_nowait("One.")
    await quick.until("One.")
    speaker.pieces.put_nowait(None)
    assert await fast is ANSWER
    assert not slow.done()
    stuck.set()
    assert await slow is ANSWER


async def test_a_flight_goes_on_while_one_listens_and_ends_with_the_last() -> None:
    """Whoever began it may leave; when nobody is left it is cancelled, and another may begin anew."""
    speaker, flights = Speaker(), Flights()
    flight = flights.begin("q", speaker.work)
    maker = asyncio.create_task(flight.follow(None))
    other = asyncio.create_task(flight.follow(None))
    await asyncio.sleep(0)
    maker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await maker
    assert not speaker.cancelled
    assert flights.get("q") is flight
    other.cancel()
    with pytest.raises(asyncio.CancelledError):
        await other
    assert speaker.cancelled
    assert flights.get("q") is None


async def test_what_fails_fails_for_all_who_listen() -> None:
    """The error reaches each of them, and nothing is left under way."""
    speaker, flights = Speaker(), Flights()
    flight = flights.begin("q", speaker.work)
    listeners = [asyncio.create_task(flight.follow(None)) for _ in range(3)]
    speaker.pieces.put_nowait(RuntimeError("the model is gone"))
    for outcome in await asyncio.gather(*listeners, return_exceptions=True):
        assert isinstance(outcome, RuntimeError)
    assert await flight.searched() is None
    assert flights.get("q") is None


async def test_nobody_waits_for_silence_for_ever() -> None:
    """Who heard nothing in the time leaves; who heard something stays for the rest."""
    speaker = Speaker()
    flight = Flights().begin("q", speaker.work)
    maker = asyncio.create_task(flight.follow(None))
    with pytest.raises(LeftWaitingError):
        await flight.follow(None, 0.05)
    speaker.pieces.put_nowait("One.")
    ear = Ear()
    patient = asyncio.create_task(flight.follow(ear, 0.05))
    await ear.until("One.")
    speaker.pieces.put_nowait(None)
    assert await patient is await maker is ANSWER


# Through the cache -----------------------------------------------------------------------------------------------


class Writer:
    """An answerer that streams, as a language model does, and whose words the test lets out."""

    def __init__(self, cached: Cached) -> None:
        self.cached = cached
        self.made = 0
        self.go = asyncio.Event()
        self.began = asyncio.Event()
        self.error: Exception | None = None

    async def answer_of(
        self, question: Question, evidence: Evidence, persona: Persona, *, on_text: OnText | None = None
    ) -> Answer:
        """Say the first sentence, wait, then say the rest."""
        self.made += 1
        answer = await self.cached.desk.answers.run(question, evidence, persona)
        if on_text is not None:
            await on_text(answer.text[:20])
        self.began.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error
        if on_text is not None:
            await on_text(answer.text[20:])
        return answer

    def answers(self) -> CachedAnswers:
        """Give a way past the cache that ends here."""
        desk = self.cached.desk
        return CachedAnswers(
            self.cached.cache, desk.index, desk.library, desk.evidence.run, self.answer_of, digest="d"
        )


@pytest.fixture
def writer(cached: Cached) -> Writer:
    """An answerer that streams over the cached desk."""
    return Writer(cached)


async def test_many_askers_hear_one_answer_while_it_is_made(writer: Writer) -> None:
    """The words go to all as they come, each gets the whole answer, and it was made once."""
    answers, ears = writer.answers(), [Ear() for _ in range(5)]
    tasks = [asyncio.create_task(answers.answer(ASKED, PERSONA, on_text=ear)) for ear in ears[:4]]
    await asyncio.wait_for(writer.began.wait(), 20)
    late = asyncio.create_task(answers.answer(ASKED, PERSONA, on_text=ears[4]))
    async with asyncio.timeout(20):
        for ear in ears:
            while not ear.heard:
                await ear.news.wait()
    writer.go.set()
    given = await asyncio.gather(*tasks, late)
    assert writer.made == 1
    assert sorted(answer.cache for answer in given) == sorted([CacheStatus.MISS, *[CacheStatus.HIT] * 4])
    assert len({answer.id for answer in given}) == 5
    assert {answer.text for answer in given} == {"".join(ear.heard) for ear in ears}


async def test_who_asks_after_a_change_does_not_join_what_was_begun_before(writer: Writer) -> None:
    """The answer under way is of yesterday's articles: whoever asks now gets one of today's, and so does the cache."""
    answers = writer.answers()
    before = asyncio.create_task(answers.answer(ASKED, PERSONA))
    await asyncio.wait_for(writer.began.wait(), 20)
    await writer.cached.desk.put(
        article("password", "Reset your password", "To reset your password call 555.")
    )
    writer.began.clear()
    after = asyncio.create_task(answers.answer(ASKED, PERSONA))
    await asyncio.wait_for(writer.began.wait(), 20)
    writer.go.set()
    assert "555" not in (await before).text
    assert "555" in (await after).text
    assert writer.made == 2
    assert "555" in (await answers.answer(ASKED, PERSONA)).text


async def test_who_asks_after_a_removal_that_is_not_indexed_yet_does_not_join(writer: Writer) -> None:
    """The library moves first, and it is what counts."""
    answers = writer.answers()
    before = asyncio.create_task(answers.answer(ASKED, PERSONA))
    await asyncio.wait_for(writer.began.wait(), 20)
    await writer.cached.desk.library.remove(PASSWORD.ref)
    after = asyncio.create_task(answers.answer(ASKED, PERSONA))
    writer.go.set()
    assert "password" in {citation.article_id for citation in (await before).citations}
    assert "password" not in {citation.article_id for citation in (await after).citations}


async def test_where_the_maker_fails_those_who_heard_nothing_try_once_more_together(writer: Writer) -> None:
    """The error is the first asker's; of the others one makes it again, for all of them."""
    answers = writer.answers()
    writer.error = RuntimeError("the model is gone")
    tasks = [asyncio.create_task(answers.answer(ASKED, PERSONA)) for _ in range(6)]
    await asyncio.wait_for(writer.began.wait(), 20)
    (flight,) = answers._flights._flights.values()
    async with asyncio.timeout(20):
        while flight._listeners < 6:
            await asyncio.sleep(0)
    writer.go.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, RuntimeError) for outcome in outcomes)
    assert writer.made == 2


async def test_another_spelling_is_another_flight(writer: Writer) -> None:
    """Its evidence may differ: it does not get words that were found for other words."""
    answers = writer.answers()
    one = asyncio.create_task(answers.answer(ASKED, PERSONA))
    await asyncio.wait_for(writer.began.wait(), 20)
    two = asyncio.create_task(answers.answer(replace(ASKED, text=ASKED.text.upper()), PERSONA))
    writer.go.set()
    assert (await one).cache is CacheStatus.MISS
    assert (await two).cache in {CacheStatus.MISS, CacheStatus.REVALIDATED}


async def test_work_that_is_not_urgent_waits_until_nobody_is_answered(writer: Writer) -> None:
    """`quiet` returns when the last answer is out."""
    answers = writer.answers()
    await answers.quiet()
    asking = asyncio.create_task(answers.answer(ASKED, PERSONA))
    await asyncio.wait_for(writer.began.wait(), 20)
    waiting = asyncio.create_task(answers.quiet())
    await asyncio.sleep(0)
    assert not waiting.done()
    writer.go.set()
    await asking
    await asyncio.wait_for(waiting, 10)
