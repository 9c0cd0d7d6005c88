"""A kept answer for who asks the same in other words: a real desk, a real Valkey, two replicas."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from structlog.testing import capture_logs

from config.settings import AnswerSettings, CacheSettings, RetrievalSettings
from knowledge.answer_cache import AnswerCache
from knowledge.answering.cached import CachedAnswers
from knowledge.answering.digests import pipeline_digest
from knowledge.answering.doubts import Doubts
from knowledge.answering.gate import load_gate
from knowledge.models import CacheStatus, Question
from knowledge.paraphrase.guard import Guard, load_guard
from knowledge.paraphrase.nearest import NearestQuestions
from knowledge.paraphrase.paraphrases import Paraphrases
from tests.knowledge.answering.conftest import ARTICLES, INTERNAL, PASSWORD, PERSONA, PUBLIC, Desk, article
from tests.knowledge.conftest import Clock
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from redis.asyncio import Redis

    from knowledge.answering.doubts import StandsOn
    from knowledge.models import Answer

ASKED = "How do I reset my password?"
SAME = "hi, how can I reset my password please"
OTHERS = (
    "How do I reset my password on a Mac?",
    "Why do I have to reset my password?",
    "How long does it take to reset my password?",
    "How do I reset my 2 passwords?",
    "How do I not reset my password?",
)


@dataclass
class Doubted:
    """What people doubt."""

    all: bool = False

    async def __call__(self, _stands_on: Iterable[StandsOn]) -> bool:
        """Whether these articles are doubted."""
        return self.all


class Replica:
    """One process of the bot over a desk, with its own vectors and its own connection."""

    def __init__(
        self, desk: Desk, client: Redis, clock: Clock, doubted: Doubted, guard: Guard | None = None
    ) -> None:
        doubts = Doubts(doubted, 0.5)
        self.cache = AnswerCache(client, CacheSettings(), clock)
        self.nearest = NearestQuestions(client, circuit=self.cache.circuit)
        embed = desk.embedding.embed_questions
        self.answers = CachedAnswers(
            self.cache,
            desk.index,
            desk.library,
            desk.evidence.run,
            desk.answers.run,
            digest=pipeline_digest(RetrievalSettings(), AnswerSettings(), load_gate(), "model"),
            doubts=doubts,
            paraphrases=Paraphrases(self.cache, self.nearest, guard or load_guard(), embed, doubts),
        )

    async def ask(self, text: str, audience: frozenset[str] = PUBLIC) -> Answer:
        """Answer through the cache."""
        return await self.answers.answer(Question(text, audience), PERSONA)


@dataclass
class Pair:
    """Two replicas, and what they share."""

    desk: Desk
    one: Replica
    other: Replica
    doubted: Doubted
    clock: Clock
    valkey: RealValkey


@pytest.fixture
def valkey() -> Iterator[RealValkey]:
    """A Valkey of this test alone."""
    with RealValkey() as server:
        yield server


@pytest.fixture
async def pair(desk: Desk, valkey: RealValkey) -> AsyncIterator[Pair]:
    """Two replicas over an empty cache."""
    clock, doubted = Clock(), Doubted()
    clock.now = datetime.now(UTC)
    async with valkey.client() as client, valkey.client() as another:
        replicas = [Replica(desk, redis, clock, doubted) for redis in (client, another)]
        yield Pair(desk, *replicas, doubted, clock, valkey)


async def test_another_wording_gets_the_kept_answer_in_another_replica(pair: Pair) -> None:
    """The words are the kept answer's, the question is the asker's, and nothing tells what the other person asked."""
    first = await pair.one.ask(ASKED)
    again = await pair.other.ask(SAME)
    assert (first.cache, again.cache) == (CacheStatus.MISS, CacheStatus.PARAPHRASE)
    assert (again.text, again.citations) == (first.text, first.citations)
    assert again.question == SAME
    assert again.trace["first_answer"] == first.id
    assert ASKED not in str(again)


async def test_who_joins_it_gets_a_paraphrase_too(pair: Pair) -> None:
    """Of several who ask in other words at once, all are told that the answer was made for another wording."""
    await pair.one.ask(ASKED)
    answers = await asyncio.gather(*(pair.one.ask(SAME) for _ in range(3)))
    assert [answer.cache for answer in answers] == [CacheStatus.PARAPHRASE] * 3


@pytest.mark.parametrize("text", OTHERS)
async def test_another_question_gets_an_answer_of_its_own(pair: Pair, text: str) -> None:
    """What differs in number, platform, form or negation is not answered from the cache."""
    await pair.one.ask(ASKED)
    assert (await pair.one.ask(text)).cache is CacheStatus.MISS


async def test_readers_of_another_audience_share_nothing(pair: Pair) -> None:
    """What was kept for those who may read more is never near to who may not, and the other way round."""
    await pair.one.ask(ASKED, PUBLIC | INTERNAL)
    assert (await pair.one.ask(SAME, PUBLIC)).cache is CacheStatus.MISS
    assert (
        await pair.one.ask("Please tell me how to reset my password", PUBLIC)
    ).cache is CacheStatus.PARAPHRASE


async def test_what_an_older_guard_let_be_found_is_not_served(pair: Pair) -> None:
    """After an upgrade of the guard's numbers the entries of before answer their own words only."""
    guard = load_guard()
    await pair.one.ask(ASKED)
    async with pair.valkey.client() as client:
        newer = Replica(pair.desk, client, pair.clock, pair.doubted, replace(guard, least=guard.least - 0.1))
        assert (await newer.ask(ASKED)).cache is CacheStatus.HIT
        assert (await newer.ask(SAME)).cache is CacheStatus.MISS
    assert (await pair.other.ask("Please tell me how to reset my password")).cache is CacheStatus.PARAPHRASE


async def test_an_edited_article_is_not_served(pair: Pair) -> None:
    """Once what it cites says something else, the kept answer goes to nobody."""
    await pair.one.ask(ASKED)
    await pair.desk.put(
        article("password", "Reset your password", PASSWORD.replace("60 minutes", "15 minutes"))
    )
    again = await pair.one.ask(SAME)
    assert again.cache is CacheStatus.MISS
    assert "15 minutes" in again.text


async def test_a_hidden_article_is_not_served(pair: Pair) -> None:
    """Nor once those who ask may not read it any more."""
    await pair.one.ask(ASKED)
    entry = next(entry for entry in ARTICLES if entry.id == "password")
    await pair.desk.put(replace(entry, audience=INTERNAL, revision="hidden"))
    again = await pair.one.ask(SAME)
    assert "password" not in [citation.article_id for citation in again.citations]


async def test_an_unrelated_change_leaves_it_be(pair: Pair) -> None:
    """Other articles may change: today's evidence is still the kept answer's."""
    await pair.one.ask(ASKED)
    await pair.desk.put(article("parking", "Parking", "The car park opens at seven."))
    assert (await pair.one.ask(SAME)).cache is CacheStatus.PARAPHRASE


async def test_wrong_takes_the_original_out_everywhere(pair: Pair) -> None:
    """The entry that a paraphrase names is the one that was served, so that dropping it ends it."""
    await pair.one.ask(ASKED)
    served = await pair.other.ask(SAME)
    assert await pair.other.cache.drop(served.trace["cache_key"])
    assert (await pair.one.ask("how would I reset my password?")).cache is CacheStatus.MISS


async def test_a_doubt_ends_it(pair: Pair) -> None:
    """An answer that was made with no doubt is not served once its article is doubted."""
    await pair.one.ask(ASKED)
    pair.doubted.all = True
    assert (await pair.one.ask(SAME)).cache is CacheStatus.MISS


async def test_it_ends_with_the_age_of_the_entry(pair: Pair) -> None:
    """Being served to others does not make an answer younger."""
    await pair.one.ask(ASKED)
    assert (await pair.one.ask(SAME)).cache is CacheStatus.PARAPHRASE
    pair.clock.move(timedelta(days=8))
    assert (await pair.one.ask(SAME)).cache is CacheStatus.MISS


async def test_without_redis_there_are_no_paraphrases(pair: Pair) -> None:
    """A Redis that is gone costs an answer, never an error."""
    await pair.one.ask(ASKED)
    pair.valkey.kill()
    assert (await pair.one.ask(SAME)).cache is CacheStatus.MISS


async def test_a_redis_that_hangs_costs_one_wait_and_loses_nothing(pair: Pair) -> None:
    """The cache and the vectors share their circuit, and what is near is near again when Redis is back."""
    await pair.one.ask(ASKED)
    assert (await pair.other.ask(SAME)).cache is CacheStatus.PARAPHRASE
    with pair.valkey.hung(), capture_logs() as logs:
        assert (await pair.other.ask(SAME)).cache is CacheStatus.MISS
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["redis.gone"]
    assert pair.other.cache.circuit.is_open
    pair.other.cache.circuit._closed_until = 0.0  # the pause is over
    assert (await pair.other.ask(SAME)).cache is CacheStatus.PARAPHRASE


async def test_explain_names_it(pair: Pair) -> None:
    """Operators are told that another question's answer would go out."""
    await pair.one.ask(ASKED)
    explanation = await pair.other.answers.explain(Question(SAME, PUBLIC), PERSONA)
    assert explanation.outcome == "paraphrase"


async def test_a_replica_that_starts_reads_what_is_there(valkey: RealValkey) -> None:
    """The stream outlives who wrote it; of one key the last vector counts."""
    async with valkey.client() as client:
        one = NearestQuestions(client)
        await one.add("public", "a", np.array([1, 0], np.float32))
        await one.add("public", "b", np.array([0, 1], np.float32))
        await one.add("public", "a", np.array([0.6, 0.8], np.float32))
        new = NearestQuestions(client)
        near = await new.nearest("public", np.array([0, 1], np.float32), 5, 0.5)
        assert [key for key, _ in near] == ["b", "a"]
        assert near[1][1] == pytest.approx(0.8, abs=0.001)
        assert await new.nearest("internal", np.array([0, 1], np.float32), 5, 0.5) == []


async def test_no_more_is_held_than_allowed(valkey: RealValkey) -> None:
    """The oldest go, here and in the stream; what is unreadable is passed over."""
    async with valkey.client() as client:
        questions = NearestQuestions(client, most=1000)
        await client.xadd("{helpdesk-bot:answers}:questions", {"p": "x"})
        for number in range(2500):
            angle = number / 2500
            await questions.add("p", str(number), np.array([np.cos(angle), np.sin(angle)], np.float32))
        near = await questions.nearest("p", np.array([1, 0], np.float32), 1, 0.0)
        assert len(questions) <= 1000
        assert int(near[0][0]) >= 1500
        assert await client.xlen("{helpdesk-bot:answers}:questions") < 1400
        questions.forget("p", near[0][0])
        assert (await questions.nearest("p", np.array([1, 0], np.float32), 1, 0.0))[0] != near[0]
