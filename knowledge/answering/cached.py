"""CachedAnswers: an answer from the cache when today's articles still say the same, else a fresh one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

import structlog

from knowledge.answering.asked import Asked, Timings
from knowledge.answering.cache_checks import CacheChecks
from knowledge.answering.doubts import Doubts, Heard
from knowledge.answering.flights import Flights, LeftWaitingError
from knowledge.cache_entry import as_asked, cache_key, same_words
from knowledge.models import Answer, CacheStatus, Evidence, Question
from knowledge.paraphrase.paraphrases import spoken_for

if TYPE_CHECKING:
    from config.persona import Persona
    from knowledge.answer_cache import AnswerCache
    from knowledge.answering.flights import Flight
    from knowledge.cache_entry import CachedAnswer
    from knowledge.index import ArticleIndex
    from knowledge.library import ArticleLibrary
    from knowledge.models import CorpusVersion, OnText
    from knowledge.paraphrase.paraphrases import Paraphrase, Paraphrases


Outcome = Literal["served", "revalidated", "paraphrase", "made"]


@dataclass(frozen=True, slots=True)
class CacheExplanation:
    """What the cache would do for a question: `outcome` is served, revalidated, paraphrase or made.

    `key` is a digest of `words`, `persona` and `pipeline` and of the question's audience, sources and language. `stamp`
    is the corpus version that the entry was last checked at, None where there is no entry; `today` is that of now.
    """

    key: str
    words: str
    persona: str
    pipeline: str
    today: CorpusVersion
    outcome: Outcome = "made"
    why: str = ""
    held: Answer | None = None
    stamp: CorpusVersion | None = None


EvidenceOf = Callable[[Question], Awaitable[Evidence]]


class AnswerOf(Protocol):
    """What makes an answer of evidence: `AnswerPipeline.run`."""

    async def __call__(
        self, question: Question, evidence: Evidence, persona: Persona, *, on_text: OnText | None = None
    ) -> Answer:
        """Answer; `on_text` gets the pieces while they are written."""
        ...


class CachedAnswers:
    """The whole way of a question past the cache.

    - an entry of this corpus version whose articles are all current, asked in the same words: served without
      retrieval (`hit`);
    - an older entry, or one of another spelling: retrieve; the same fingerprint is served (`revalidated`);
    - no entry, but one to a question that asks the same (`Paraphrases`): served after retrieval (`paraphrase`);
    - an entry that was made with other doubts than there are today is not served;
    - else the answer is made, and kept unless it is an error (`miss`).

    One maker at a time for each key, across processes; the others wait for it, `wait_seconds` at most. Those in this
    process get its words while it makes them, if its evidence is that of today when they come (`hit`).
    """

    def __init__(
        self,
        cache: AnswerCache,
        index: ArticleIndex,
        library: ArticleLibrary,
        evidence_of: EvidenceOf,
        answer_of: AnswerOf,
        *,
        digest: str,
        desk_digest: Callable[[], str] = str,
        doubts: Doubts | None = None,
        wait_seconds: float = 20.0,
        ordered: bool = True,
        paraphrases: Paraphrases | None = None,
    ) -> None:
        """`evidence_of` and `answer_of` are the pipelines' `run`, `digest` is a `pipeline_digest`.

        `desk_digest` is EvidencePipeline's: what may change while the bot runs. Without `doubts` nothing is doubted.
        `ordered`: the order of the evidence decides the answer, as it does unless a language model writes it.
        """
        self._cache = cache
        self._index = index
        self._evidence_of = evidence_of
        self._answer_of = answer_of
        self._digest = digest
        self._desk_digest = desk_digest
        self._doubts = doubts or Doubts()
        self._checks = CacheChecks(index, library, self._doubts, desk_digest, ordered=ordered)
        self._paraphrases = paraphrases
        self._wait_seconds = wait_seconds
        self._flights = Flights()
        self._answering = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def answer(
        self,
        question: Question,
        persona: Persona,
        *,
        use_cache: bool = True,
        on_text: OnText | None = None,
    ) -> Answer:
        """Give the answer with its cache status and timings; the pipelines' errors go through.

        `on_text` gets the pieces of an answer that is being written; one that is served from the cache comes at once.
        """
        self._answering += 1
        self._quiet.clear()
        try:
            return await self._answer(self._asked(question, persona), Heard(on_text), use_cache=use_cache)
        finally:
            self._answering -= 1
            if not self._answering:
                self._quiet.set()

    async def quiet(self) -> None:
        """Wait until nobody is being answered: for work that is not to be done at people's cost."""
        await self._quiet.wait()

    async def _answer(self, asked: Asked, heard: Heard, *, use_cache: bool) -> Answer:
        question = asked.question
        if not use_cache or not self._cache.is_enabled or question.exclude:
            evidence = await asked.clock.time("retrieve", self._evidence_of(question))
            return asked.stamp(await self._make(asked, evidence, heard), CacheStatus.OFF)
        held = await asked.clock.time("cache", self._cache.lookup(asked.key))
        if held and await self._checks.is_current(held, question):
            return asked.again(held.answer, CacheStatus.HIT)
        return await self._flown(asked, heard)

    def _asked(self, question: Question, persona: Persona) -> Asked:
        desk_digest = self._desk_digest()
        key = cache_key(question, persona, f"{self._digest}{desk_digest}")
        return Asked(question, persona, key, desk_digest, Timings())

    async def _flown(self, asked: Asked, heard: Heard) -> Answer:
        """Wait for the answer that is being made for somebody else, or have it made."""
        failed = False
        while flight := await asked.clock.time("wait", self._under_way(asked)):
            try:
                following = flight.follow(heard.on_text, self._wait_seconds)
                answer = await asked.clock.time("wait", following)
            except LeftWaitingError:
                if self._flights.get(asked.flight) is flight:
                    break
            except Exception as error:
                if heard.any or failed:
                    raise  # what was said cannot be taken back; and what failed twice is not tried by each in turn
                failed = True
                structlog.get_logger().info("answer_not_shared", reason=type(error).__name__)
            else:
                spoken_for_another = answer.cache is CacheStatus.PARAPHRASE
                return asked.again(answer, CacheStatus.PARAPHRASE if spoken_for_another else CacheStatus.HIT)
        flight = self._flights.begin(asked.flight, lambda flight: self._resolved(flight, asked))
        return await flight.follow(heard.on_text)

    async def _under_way(self, asked: Asked) -> Flight | None:
        """Give the flight of this very question, if it is made of what retrieval would find now."""
        flight = self._flights.get(asked.flight)
        if flight is None or flight.is_silent_for(self._wait_seconds):
            return None
        try:
            async with asyncio.timeout(self._wait_seconds):
                evidence = await flight.searched()
        except TimeoutError:
            return None
        return flight if evidence and await self._checks.is_today(evidence) else None

    async def _resolved(self, flight: Flight, asked: Asked) -> Answer:
        """Serve what is kept if it is true today, else make an answer and keep it."""
        version = self._index.version()  # who makes an answer of older articles is not waited for
        turn = self._cache.one_at_a_time(
            f"{asked.key}:{version.generation}:{version.counter}", self._wait_seconds
        )
        async with asked.clock.entered("wait", turn):
            held = await asked.clock.time(
                "cache", self._cache.lookup(asked.key)
            )  # it may have come meanwhile
            if held and await self._checks.is_current(held, asked.question):
                return asked.again(held.answer, CacheStatus.HIT)
            evidence = await asked.clock.time("retrieve", self._evidence_of(asked.question))
            flight.found(evidence)
            if held and await self._checks.still_true(held, evidence):
                return await self._revalidated(asked, held, evidence)
            if not held and (
                found := await asked.clock.time("paraphrase", self._paraphrase(asked, evidence))
            ):
                return self._spoken_for(asked, found, evidence)
            answer = await self._make(asked, evidence, Heard(flight.say))
            entry = self._checks.entry(answer, evidence, asked.question)
            if entry and self._checks.may_stamp(evidence, asked.desk_digest):
                await self._kept(asked, entry)
            return asked.stamp(answer, CacheStatus.MISS)

    async def _revalidated(self, asked: Asked, held: CachedAnswer, evidence: Evidence) -> Answer:
        """Serve it, as certain as today's evidence makes it, and mark it as checked."""
        confidence = self._doubts.certainty(held.answer, evidence.confidence)
        same_words_asked = held.asked == as_asked(asked.question.text)
        if same_words_asked and self._checks.may_stamp(evidence, asked.desk_digest):
            await self._cache.restamp(asked.key, held.fingerprint, evidence.version, confidence)
        return asked.again(held.answer, CacheStatus.REVALIDATED, confidence)

    async def _kept(self, asked: Asked, entry: CachedAnswer) -> None:
        """Keep it, and let those who ask the same in other words find it."""
        if await self._cache.store(asked.key, entry) and self._paraphrases:
            await self._paraphrases.remember(
                asked.question, asked.persona, f"{self._digest}{asked.desk_digest}", asked.key, entry.answer
            )

    async def _paraphrase(self, asked: Asked, evidence: Evidence) -> Paraphrase | None:
        if self._paraphrases is None or not self._checks.may_stamp(evidence, asked.desk_digest):
            return None
        digest = f"{self._digest}{asked.desk_digest}"
        return await self._paraphrases.find(asked.question, asked.persona, digest, evidence)

    def _spoken_for(self, asked: Asked, found: Paraphrase, evidence: Evidence) -> Answer:
        """Serve the answer to another's question, as certain as today's evidence for this one makes it."""
        confidence = self._doubts.certainty(found.held.answer, evidence.confidence)
        answer = spoken_for(found, asked.question, evidence)
        return asked.again(answer, CacheStatus.PARAPHRASE, confidence)

    async def _make(self, asked: Asked, evidence: Evidence, heard: Heard) -> Answer:
        made = self._answer_of(asked.question, evidence, asked.persona, on_text=heard.on_text)
        answer = await asked.clock.time("answer", made)
        return await self._doubts.applied(answer, asked.persona, is_said=heard.any)

    async def explain(self, question: Question, persona: Persona) -> CacheExplanation:
        """Tell what the cache would do for this question now; nothing is made, kept or counted as used."""
        asked = self._asked(question, persona)
        explanation = CacheExplanation(
            key=asked.key,
            words=same_words(question.text),
            persona=persona.digest,
            pipeline=f"{self._digest}{asked.desk_digest}",
            today=self._index.version(),
        )
        if not self._cache.is_enabled:
            return replace(explanation, why="the cache is off, or Redis is not there")
        held = await self._cache.peek(asked.key)
        if self._cache.circuit.is_open:
            return replace(explanation, why="Redis does not answer: nothing is served from it or kept")
        if held is None:
            return await self._others(asked, explanation)
        outcome, why = await self._would(held, question)
        return replace(explanation, held=held.answer, stamp=held.version, outcome=outcome, why=why)

    async def _others(self, asked: Asked, explanation: CacheExplanation) -> CacheExplanation:
        found = None
        if self._paraphrases:
            found = await self._paraphrase(asked, await self._evidence_of(asked.question))
        if found is None:
            return replace(explanation, why="there is no entry for it, and none that asks the same")
        why = f"another question asks the same, and today's articles give its evidence (cosine {found.cosine:.2f})"
        stamp = found.held.version
        return replace(explanation, held=found.held.answer, stamp=stamp, outcome="paraphrase", why=why)

    async def _would(self, held: CachedAnswer, question: Question) -> tuple[Outcome, str]:
        if not await self._doubts.still_hold(held.answer):
            return "made", "people called what it stands on wrong, or that was revised, since it was made"
        if await self._checks.is_current(held, question):
            return "served", "no article changed since it was checked"
        if held.is_negative and held.version != self._index.version():
            return "made", "no article answered, and articles changed since"
        if await self._checks.still_true(held, await self._evidence_of(question)):
            return "revalidated", "today's articles give the same evidence"
        return "made", "today's articles give other evidence"
