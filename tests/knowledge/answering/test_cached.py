"""The whole way past the cache: a real desk, a real Valkey, and a count of who was asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from config.settings import AnswerSettings, CacheSettings, RetrievalSettings
from knowledge.answer_cache import AnswerCache
from knowledge.answering.cached import CachedAnswers
from knowledge.answering.digests import pipeline_digest
from knowledge.answering.gate import load_gate
from knowledge.models import Answer, CacheStatus, Evidence, Question, Verdict, revision_of
from tests.knowledge.answering.conftest import ARTICLES, INTERNAL, PERSONA, PUBLIC, Desk, article
from tests.knowledge.conftest import Clock
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from config.persona import Persona
    from knowledge.models import OnText

ASKED = Question("How do I reset my password?", PUBLIC)
PASSWORD = next(entry for entry in ARTICLES if entry.id == "password")


@dataclass(slots=True)
class Counted:
    """The desk's pipelines, with how often each ran; `during` is awaited inside the answer pipeline."""

    desk: Desk
    retrieved: int = 0
    answered: int = 0
    error: Exception | None = None
    hold: asyncio.Event = field(default_factory=asyncio.Event)

    async def evidence_of(self, question: Question) -> Evidence:
        """Retrieve."""
        self.retrieved += 1
        return await self.desk.evidence.run(question)

    async def answer_of(
        self, question: Question, evidence: Evidence, persona: Persona, *, on_text: OnText | None = None
    ) -> Answer:
        """Answer, once `hold` is set."""
        self.answered += 1
        await self.hold.wait()
        if self.error:
            raise self.error
        return await self.desk.answers.run(question, evidence, persona, on_text=on_text)


@dataclass(frozen=True, slots=True)
class Cached:
    """The thing under test and its parts."""

    desk: Desk
    counted: Counted
    cache: AnswerCache
    answers: CachedAnswers
    valkey: RealValkey

    async def ask(self, question: Question = ASKED, persona: Persona = PERSONA, **options: bool) -> Answer:
        """Answer through the cache."""
        return await self.answers.answer(question, persona, **options)

    @property
    def ran(self) -> tuple[int, int]:
        """How often was retrieved and answered."""
        return self.counted.retrieved, self.counted.answered


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
async def cached(desk: Desk, valkey: RealValkey, clock: Clock) -> AsyncIterator[Cached]:
    """A desk behind an empty cache."""
    async with valkey.client() as client:
        counted = Counted(desk)
        counted.hold.set()
        cache = AnswerCache(client, CacheSettings(), clock)
        digest = pipeline_digest(RetrievalSettings(), AnswerSettings(), load_gate(), "model")
        answers = CachedAnswers(
            cache, desk.index, desk.library, counted.evidence_of, counted.answer_of, digest=digest
        )
        yield Cached(desk, counted, cache, answers, valkey)


async def test_asked_again_it_is_a_hit_without_retrieval(cached: Cached) -> None:
    """The second time nothing is retrieved or answered; text and citations are the same, the id is not."""
    first = await cached.ask()
    again = await cached.ask(replace(ASKED, text="  How do I reset my password?\n"))
    assert (first.cache, again.cache) == (CacheStatus.MISS, CacheStatus.HIT)
    assert cached.ran == (1, 1)
    assert (again.text, again.citations, again.confidence) == (first.text, first.citations, first.confidence)
    assert again.id != first.id
    assert again.trace["first_answer"] == first.id
    assert {"cache", "total"} <= again.timings_ms.keys()
    assert {"retrieve", "answer"} <= first.timings_ms.keys()


async def test_another_spelling_shares_the_answer_if_it_finds_the_same(cached: Cached) -> None:
    """Gate and search mind capitals and marks, so that the other spelling is looked up; it stamps nothing."""
    first = await cached.ask()
    again = await cached.ask(replace(ASKED, text="how do i reset my PASSWORD"))
    assert again.cache in {CacheStatus.REVALIDATED, CacheStatus.MISS}
    assert [c.article_id for c in again.citations] == [c.article_id for c in first.citations]
    assert cached.counted.retrieved == 2


async def test_an_unrelated_change_revalidates(cached: Cached) -> None:
    """The corpus moved and the evidence did not: retrieved once, not answered again, then a hit again."""
    first = await cached.ask()
    await cached.desk.put(article("boiler", "Boilers", "Boilers are heavy.", audience=INTERNAL))
    second = await cached.ask()
    assert second.cache is CacheStatus.REVALIDATED
    assert second.text == first.text
    assert (await cached.ask()).cache is CacheStatus.HIT
    assert cached.ran == (2, 1)


async def test_a_changed_article_is_never_served_old(cached: Cached) -> None:
    """After an edit was indexed the answer is made afresh."""
    await cached.ask()
    await cached.desk.put(article("password", "Reset your password", "To reset your password call 555."))
    answer = await cached.ask()
    assert answer.cache is CacheStatus.MISS
    assert "555" in answer.text


@pytest.mark.parametrize("change", ["edited", "hidden", "removed"])
async def test_a_change_of_the_library_counts_before_the_index_has_it(cached: Cached, change: str) -> None:
    """Between library and index a hit would be old, or shown to whoever may not see it any more: it is none."""
    await cached.ask()
    if change == "removed":
        await cached.desk.library.remove(PASSWORD.ref)
    else:
        audience = INTERNAL if change == "hidden" else PUBLIC
        await cached.desk.library.put(replace(PASSWORD, audience=audience, revision=revision_of(change)))
    answer = await cached.ask()
    assert answer.cache is not CacheStatus.HIT
    assert "password" not in {citation.article_id for citation in answer.citations}


async def test_audiences_and_personas_do_not_share_answers(cached: Cached) -> None:
    """What was answered for one audience is not served to another."""
    question = replace(ASKED, text="How high is the sales bonus?")
    internal = await cached.ask(replace(question, audience=INTERNAL))
    public = await cached.ask(question)
    assert internal.citations[0].article_id == "bonus"
    assert public.cache is CacheStatus.MISS
    assert "bonus" not in str(public.citations) + public.text
    other = await cached.ask(question, replace(PERSONA, no_answer="Nope."))
    assert other.cache is CacheStatus.MISS
    assert other.text == "Nope."


async def test_unanswered_is_kept_until_an_article_answers(cached: Cached) -> None:
    """A refusal is cached by the same rule: the article that was missing ends it at once."""
    question = replace(ASKED, text="Where is the coffee machine?")
    assert (await cached.ask(question)).verdict is Verdict.UNANSWERED
    assert (await cached.ask(question)).cache is CacheStatus.HIT
    await cached.desk.put(article("coffee", "Coffee machine", "The coffee machine is on the second floor."))
    answer = await cached.ask(question)
    assert answer.cache is CacheStatus.MISS
    assert "second floor" in answer.text


async def test_errors_go_through_and_are_not_kept(cached: Cached) -> None:
    """A failure of the pipeline is the caller's to handle, and the next asker does not get it."""
    cached.counted.error = RuntimeError("the model is gone")
    with pytest.raises(RuntimeError, match="the model is gone"):
        await cached.ask()
    cached.counted.error = None
    assert (await cached.ask()).cache is CacheStatus.MISS


async def test_without_the_cache_nothing_is_read_or_written(cached: Cached) -> None:
    """--no-cache and questions that exclude articles pass the cache by."""
    answer = await cached.ask(use_cache=False)
    excluding = await cached.ask(replace(ASKED, exclude=frozenset({"vpn"})))
    assert (answer.cache, excluding.cache) == (CacheStatus.OFF, CacheStatus.OFF)
    assert await cached.cache.size() == 0


async def test_asked_by_many_at_once_it_is_answered_once(cached: Cached) -> None:
    """Of twenty who ask the same at the same time one waits for the pipelines and the others for it."""
    cached.counted.hold.clear()
    tasks = [asyncio.create_task(cached.ask()) for _ in range(20)]
    async with asyncio.timeout(20):
        while not cached.counted.answered:
            await asyncio.sleep(0.01)
    cached.counted.hold.set()
    answers = await asyncio.gather(*tasks)
    assert cached.ran == (1, 1)
    assert sorted(answer.cache for answer in answers) == sorted([CacheStatus.MISS, *[CacheStatus.HIT] * 19])


async def test_valkey_killed_meanwhile_the_answer_comes(cached: Cached) -> None:
    """Whatever happens to the cache, the question is answered."""
    await cached.ask()
    cached.valkey.kill()
    answer = await cached.ask()
    assert (answer.cache, answer.verdict) == (CacheStatus.MISS, Verdict.ANSWERED)


async def test_a_restart_in_the_middle_of_an_answer_does_not_keep_an_older_version(cached: Cached) -> None:
    """An article changed while an answer was made: the next asker gets the new one."""
    cached.counted.hold.clear()
    slow = asyncio.create_task(cached.ask())
    async with asyncio.timeout(20):
        while not cached.counted.answered:
            await asyncio.sleep(0.01)
    await cached.desk.put(article("password", "Reset your password", "To reset your password call 555."))
    cached.counted.hold.set()
    await slow
    assert "555" in (await cached.ask()).text
