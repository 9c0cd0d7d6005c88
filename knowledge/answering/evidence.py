"""EvidencePipeline: a question → the passages that may answer it, and how probable it is that they do."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from knowledge.answering.reworded import in_their_words, lacks, theirs
from knowledge.answering.words import clip
from knowledge.embedding import block_torch
from knowledge.errors import KnowledgeError
from knowledge.models import Evidence, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from haystack import Pipeline

    from config.settings import RetrievalSettings
    from knowledge.answering.gate import EvidenceGate
    from knowledge.answering.gate_calibration import DeskCalibration
    from knowledge.answering.steps.payload import Judged
    from knowledge.embedding.engine import Embedding
    from knowledge.index import ArticleIndex
    from knowledge.library import ArticleLibrary
    from knowledge.models import ArticleRef, CorpusVersion, Question, ScoredPassage

_SPARE = 2
"""Times as many passages are retrieved as are used: some may be dropped as stale."""
_BREATH_SECONDS, _PATIENCE_SECONDS = 0.05, 1.0
"""Between two headings of a measurement, and how long it stands back for questions."""


class EvidencePipeline:
    """A Haystack pipeline: respell → embed → retrieve → keep what is current → judge.

    Haystack (a second to import) is loaded with the first question, or by `warm`. Any text is a question:
    what has no letter or digit has no evidence, and only the first 4,000 characters are read.
    An index that nothing was ever written to has no evidence, at once and without the model.
    Raises KnowledgeError.
    """

    def __init__(
        self,
        index: ArticleIndex,
        embedding: Embedding,
        library: ArticleLibrary,
        gate: EvidenceGate,
        settings: RetrievalSettings,
        *,
        calibration: DeskCalibration | None = None,
        beside: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Without `calibration` the gate's shipped numbers hold as they are.

        `beside` is awaited while Haystack is loaded: what else the first question needs.
        """
        self._index = index
        self._embedding = embedding
        self._library = library
        self._gate = gate
        self._settings = settings
        self._calibration = calibration
        self._beside = beside
        self._measuring: asyncio.Task[None] | None = None
        self._pipeline: Pipeline | None = None
        self._building = asyncio.Lock()
        self._running = 0
        self._nobody = asyncio.Event()
        self._nobody.set()

    def over(self, index: ArticleIndex, library: ArticleLibrary) -> EvidencePipeline:
        """Give a pipeline that finds and judges as this one does, in another index."""
        return EvidencePipeline(
            index, self._embedding, library, self._gate, self._settings, calibration=self._calibration
        )

    async def warm(self) -> None:
        """Load Haystack before the first question, and measure the desk where its articles changed."""
        await self._ready()
        if self._calibration is not None:
            await self._calibration.refresh(self._gate.model)

    async def recall(self) -> None:
        """Take up the measure of the desk that held last, so that the first question has the key of all others."""
        if self._calibration is not None:
            await self._calibration.recall(self._gate.model)

    async def close(self) -> None:
        """End a measurement of the desk that is under way."""
        if self._measuring is not None:
            self._measuring.cancel()
            await asyncio.wait([self._measuring])

    def desk_digest(self) -> str:
        """Give what changes with the gate's measure of the desk; part of the answer cache's key."""
        return "" if self._calibration is None else str(self._calibration.offset)

    async def run(self, question: Question) -> Evidence:
        """Retrieve and judge. The evidence's passages are at most `retrieval.top_k`, best first.

        Its version is that of before the first step: what comes of a mixture of two versions is none of the newer.
        """
        version = self._index.version()
        if not _has_words(question.text) or not version.counter:
            return Evidence(question, (), 0.0, Verdict.UNANSWERED, version)
        self._measure_if_changed(version)
        self._running += 1
        self._nobody.clear()
        try:
            found = await self._judged(question, _SPARE * self._settings.top_k)
            evidence = await self._reworded(question, found.evidence)
        finally:
            self._running -= 1
            if not self._running:
                self._nobody.set()
        return replace(evidence, version=version)

    async def _reworded(self, question: Question, first: Evidence) -> Evidence:
        """Search once more, word by word in the articles' language, where these are not in the asker's."""
        best = first
        for said, written, words in in_their_words(question, first):
            again = (await self._judged(replace(question, text=said), _SPARE * self._settings.top_k)).evidence
            if again.verdict is Verdict.UNANSWERED or again.confidence <= best.confidence:
                continue
            verdict = Verdict.UNSURE if lacks(again, words, written) else again.verdict
            missing = theirs(again.missing, words)
            best = replace(again, verdict=verdict, repaired=words, reworded=written, missing=missing)
        return best

    def _measure_if_changed(self, version: CorpusVersion) -> None:
        """Measure the desk beside the questions; what held before holds until that is done."""
        busy = self._measuring is not None and not self._measuring.done()
        if self._calibration is None or busy or self._calibration.measured == version:
            return
        self._measuring = asyncio.create_task(self._measure(self._calibration))

    async def _measure(self, calibration: DeskCalibration) -> None:
        try:
            await calibration.refresh(self._gate.model, self._aside)
        except KnowledgeError as error:
            structlog.get_logger().warning("gate.not_calibrated", reason=str(error))

    async def _aside(self) -> None:
        """Let questions go first, though not for ever."""
        await asyncio.sleep(_BREATH_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._nobody.wait()

    async def ranked_articles(self, question: Question, limit: int = 10) -> list[ScoredPassage]:
        """Give the best passage of each of the best articles, best first, at most `limit`."""
        if not _has_words(question.text) or not self._index.version().counter:
            return []
        judged = await self._judged(question, max(self._settings.candidates, 10 * limit))
        best: dict[ArticleRef, ScoredPassage] = {}
        for scored in judged.found.passages:
            best.setdefault(scored.passage.article, scored)
        return list(best.values())[:limit]

    async def _judged(self, question: Question, top_k: int) -> Judged:
        pipeline = await self._ready()
        from knowledge.answering.steps.payload import Query  # noqa: PLC0415 - as above

        output = await pipeline.run_async({"respell": {"query": Query(question, top_k)}})
        judged: Judged = output["judge"]["judged"]
        return judged

    async def _ready(self) -> Pipeline:
        async with self._building:
            if self._pipeline is None:
                built, _ = await asyncio.gather(asyncio.to_thread(self._build), self._load_beside())
                self._pipeline = built
            return self._pipeline

    async def _load_beside(self) -> None:
        if self._beside is not None:
            await self._beside()

    def _build(self) -> Pipeline:
        block_torch()
        # Haystack takes a second to import; nobody pays who asks nothing
        from knowledge.answering.steps.current import KeepCurrent  # noqa: PLC0415
        from knowledge.answering.steps.embed import EmbedQuestion  # noqa: PLC0415
        from knowledge.answering.steps.judge import JudgeEvidence  # noqa: PLC0415
        from knowledge.answering.steps.line import Line  # noqa: PLC0415
        from knowledge.answering.steps.respell import RepairSpelling  # noqa: PLC0415
        from knowledge.answering.steps.retrieve import RetrievePassages  # noqa: PLC0415

        pipeline = Line()
        pipeline.add_component("respell", RepairSpelling(self._index))
        pipeline.add_component("embed", EmbedQuestion(self._embedding))
        pipeline.add_component("retrieve", RetrievePassages(self._index, self._settings.candidates))
        pipeline.add_component("current", KeepCurrent(self._library))
        pipeline.add_component("judge", JudgeEvidence(self._gate, self._settings.top_k, self._calibration))
        pipeline.connect("respell.query", "embed.query")
        pipeline.connect("embed.query", "retrieve.query")
        pipeline.connect("retrieve.found", "current.found")
        pipeline.connect("current.found", "judge.found")
        return pipeline


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in clip(text))
