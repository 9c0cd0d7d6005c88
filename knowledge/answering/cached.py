"""CachedAnswers: an answer from the cache when today's articles still say the same, else a fresh one."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from knowledge.answer_cache import Holder, cache_key, same_words
from knowledge.answering.answer import ANSWER_VERSION, new_answer_id
from knowledge.answering.doubts import Doubts, Heard
from knowledge.models import Answer, CacheStatus, Evidence, Question, Verdict, revision_of
from knowledge.stores.fusion import BALANCED

if TYPE_CHECKING:
    from config.persona import Persona
    from config.settings import AnswerSettings, RetrievalSettings
    from knowledge.answer_cache import AnswerCache, CachedAnswer
    from knowledge.answering.gate import GateModel
    from knowledge.index import ArticleIndex
    from knowledge.library import ArticleLibrary
    from knowledge.models import CorpusVersion, OnText


def pipeline_digest(
    retrieval: RetrievalSettings,
    answer: AnswerSettings,
    gate: GateModel,
    model_digest: str,
    *,
    writing: str = "",
) -> str:
    """Give what stands in a cache key for all that decides an answer but the question and the articles.

    `writing` is the `writing_digest` of the language model, empty where there is none.
    """
    return revision_of(
        installed_version("helpdesk-bot"),
        ANSWER_VERSION,
        retrieval.model_dump(mode="json"),
        answer.model_dump(mode="json", exclude={"timeout_seconds", "old_after"}),
        asdict(BALANCED),
        gate.digest,
        model_digest,
        *([writing] if writing else []),
    )


@dataclass(frozen=True, slots=True)
class CacheExplanation:
    """What the cache would do for a question: `outcome` is served, revalidated or made.

    `key` is a digest of `words`, `persona` and `pipeline` and of the question's audience, sources and language. `stamp`
    is the corpus version that the entry was last checked at, None where there is no entry; `today` is that of now.
    """

    key: str
    words: str
    persona: str
    pipeline: str
    today: CorpusVersion
    outcome: Literal["served", "revalidated", "made"] = "made"
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

    - an entry of this corpus version whose articles are all current: served without retrieval (`hit`);
    - an older entry: retrieve; the same fingerprint is re-stamped and served (`revalidated`);
    - an entry that was made with other doubts than there are today is not served;
    - else the answer is made, and kept unless it is an error (`miss`).

    One maker at a time for each key, across processes; the others wait for it, `wait_seconds` at most.
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
    ) -> None:
        """`evidence_of` and `answer_of` are the pipelines' `run`, `digest` is a `pipeline_digest`.

        `desk_digest` is EvidencePipeline's: what may change while the bot runs. Without `doubts` nothing is doubted.
        """
        self._cache = cache
        self._index = index
        self._library = library
        self._evidence_of = evidence_of
        self._answer_of = answer_of
        self._digest = digest
        self._desk_digest = desk_digest
        self._doubts = doubts or Doubts()
        self._wait_seconds = wait_seconds

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
        clock, heard = _Timings(), Heard(on_text)

        async def make(evidence: Evidence) -> Answer:
            made = self._answer_of(question, evidence, persona, on_text=heard.on_text)
            return await self._doubts.applied(await clock.time("answer", made), persona, is_said=heard.any)

        if not use_cache or not self._cache.is_enabled or question.exclude:
            evidence = await clock.time("retrieve", self._evidence_of(question))
            return clock.stamp(await make(evidence), CacheStatus.OFF)
        key = cache_key(question, persona, f"{self._digest}{self._desk_digest()}")
        clock.key = key
        held = await clock.time("cache", self._cache.lookup(key))
        if held and await self._is_current(held):
            return clock.stamp(_again(held.answer), CacheStatus.HIT)
        async with self._cache.one_at_a_time(key, self._wait_seconds) as waited:
            if waited:
                held = await clock.time("wait", self._cache.lookup(key))
                if held and await self._is_current(held):
                    return clock.stamp(_again(held.answer), CacheStatus.HIT)
            evidence = await clock.time("retrieve", self._evidence_of(question))
            return await self._checked(key, held, evidence, clock, make)

    async def explain(self, question: Question, persona: Persona) -> CacheExplanation:
        """Tell what the cache would do for this question now; nothing is made, kept or counted as used."""
        digest = f"{self._digest}{self._desk_digest()}"
        today = self._index.version()
        key = cache_key(question, persona, digest)
        explanation = CacheExplanation(key, same_words(question.text), persona.digest, digest, today=today)
        if not self._cache.is_enabled:
            return replace(explanation, outcome="made", why="the cache is off, or Redis is not there")
        held = await self._cache.peek(key)
        if held is None:
            return replace(explanation, outcome="made", why="there is no entry for it")
        explanation = replace(explanation, held=held.answer, stamp=held.version)
        if not await self._doubts.still_hold(held.answer):
            why = "people called what it stands on wrong, or that was revised, since it was made"
            return replace(explanation, outcome="made", why=why)
        if await self._is_current(held):
            return replace(explanation, outcome="served", why="no article changed since it was checked")
        if held.fingerprint == (await self._evidence_of(question)).fingerprint():
            return replace(explanation, outcome="revalidated", why="today's articles give the same evidence")
        return replace(explanation, outcome="made", why="today's articles give other evidence")

    async def _checked(
        self,
        key: str,
        held: CachedAnswer | None,
        evidence: Evidence,
        clock: _Timings,
        make: Callable[[Evidence], Awaitable[Answer]],
    ) -> Answer:
        """Serve what is held if it was made of the same evidence, else make an answer and keep it."""
        fingerprint = evidence.fingerprint()
        if held and held.fingerprint == fingerprint and await self._doubts.still_hold(held.answer):
            await self._cache.restamp(key, fingerprint, evidence.version)
            return clock.stamp(_again(held.answer), CacheStatus.REVALIDATED)
        answer = await make(evidence)
        await self._keep(key, answer, evidence)
        return clock.stamp(answer, CacheStatus.MISS)

    async def _keep(self, key: str, answer: Answer, evidence: Evidence) -> None:
        # Versions of two generations cannot be compared: what was found in a replaced one is not kept.
        # Nor is what a language model would have said otherwise but for its budget or a failure (`passing`).
        # Nor is what was found while the index lagged behind the library: it lacks what was dropped.
        current: CorpusVersion = self._index.version()
        lags = evidence.features.get("stale", 0.0) > 0
        if (
            not lags
            and not answer.trace.get("passing")
            and answer.verdict is not Verdict.ERROR
            and evidence.version.generation == current.generation
        ):
            await self._cache.store(
                key, answer, evidence.fingerprint(), evidence.version, _articles(evidence)
            )

    async def _is_current(self, held: CachedAnswer) -> bool:
        """Whether the corpus stands where it stood, and the library, which moves first, and the doubts, too."""
        if held.version != self._index.version() or not await self._doubts.still_hold(held.answer):
            return False
        rows = await self._library.current([ref for ref, _, _ in held.articles]) if held.articles else {}
        return all(rows.get(ref) == (revision, audience) for ref, revision, audience in held.articles)


def _articles(evidence: Evidence) -> tuple[Holder, ...]:
    return tuple({(p.article, p.revision, p.audience) for p in (s.passage for s in evidence.passages)})


def _again(answer: Answer) -> Answer:
    """Give a kept answer as one more answer: it is rated and explained on its own."""
    return replace(answer, id=new_answer_id(), trace={**answer.trace, "first_answer": answer.id})


_Result = TypeVar("_Result")


class _Timings:
    """Milliseconds by step; `key` is the cache's, by which what is kept of a question can be found and forgotten."""

    def __init__(self) -> None:
        self.key = ""
        self._start = time.perf_counter()
        self._spent: dict[str, float] = {}

    async def time(self, step: str, work: Awaitable[_Result]) -> _Result:
        start = time.perf_counter()
        try:
            return await work
        finally:
            self._spent[step] = self._spent.get(step, 0.0) + (time.perf_counter() - start) * 1000

    def stamp(self, answer: Answer, status: CacheStatus) -> Answer:
        total = (time.perf_counter() - self._start) * 1000
        timings = {**answer.timings_ms, **self._spent, "total": total}
        trace = {**answer.trace, "cache_key": self.key} if self.key else answer.trace
        return replace(answer, cache=status, timings_ms=timings, trace=trace)
