"""The gate's own measure of a desk: its headings as questions, with their articles and without."""

# ruff: noqa: PLC0415 - what measures is loaded to measure, which a start seldom does
from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from knowledge.models import CorpusVersion, revision_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from knowledge.answering.gate import GateModel
    from knowledge.embedding.engine import Embedding
    from knowledge.index import ArticleIndex
    from knowledge.models import ArticleRef, Passage, ScoredPassage

FEWEST = 20
"""Articles of a desk that is measured; a smaller one keeps the shipped numbers."""
MOST_QUESTIONS = 120
"""Headings that are asked, a few seconds of one core."""
_TOP_K = 8
_TOPIC = 2
_TRUST = 20
"""So many questions count as much as the shipped numbers."""
_FURTHEST = 1.0
_HARDER = 0.35
"""How far below the middle of headings the log odds lie at which people's questions are as often right as wrong.

These three were chosen on six desks with people's questions, and hold where each was left out (docs/retrieval.md).
"""
_STEP = 0.1
WORTH_MEASURING = 0.02
"""Share of a desk's passages that changed since it was measured: fewer do not move the middle by a step."""
_FORMAT = 3


@dataclass(frozen=True, slots=True)
class DeskQuestion:
    """A heading that can be asked, and whose it is."""

    text: str
    article: ArticleRef


@dataclass(frozen=True, slots=True)
class Separation:
    """Log odds that the gate gives to a desk's headings: `present` with their articles, `absent` without."""

    present: tuple[float, ...]
    absent: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The log odds half way between the two medians."""
        import numpy as np

        return float(np.median(self.present) + np.median(self.absent)) / 2.0


def offset_of(measured: Separation, usual: float) -> float:
    """Give by how much to shift the log odds so that the middle falls where it `usual`ly does, less what is harder.

    Few questions shift little, none far; in steps of 0.1, so that a changed article seldom moves it.
    """
    count = min(len(measured.present), len(measured.absent))
    if not count:
        return 0.0
    shift = (usual - _HARDER - measured.middle) * count / (count + _TRUST)
    return round(round(max(min(shift, _FURTHEST), -_FURTHEST) / _STEP) * _STEP, 2)


def questions_of(passages: Sequence[Passage]) -> DeskQuestion | None:
    """Make a question of an article: its title, or its first heading where that says more than one word."""
    from knowledge.answering.gate_support import topic_words

    for passage in passages:
        for heading in (passage.title, *reversed(passage.heading_path)):
            if len(topic_words(heading)) >= _TOPIC:
                return DeskQuestion(heading, passage.article)
    return None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was measured: by which models, of which corpus, and what came of it."""

    key: str
    version: CorpusVersion
    offset: float


class DeskCalibration:
    """Knows how far the gate's log odds are to be shifted for this desk, and measures when its articles changed.

    One article among many is no reason: a measurement asks 120 headings. What was measured is kept in `path`, so that
    a restart measures nothing again. A measurement that fails is logged and leaves what held before.
    """

    def __init__(self, index: ArticleIndex, embedding: Embedding, path: Path | None = None) -> None:
        self._index = index
        self._embedding = embedding
        self._path = path
        self._held: _Kept | None = None
        self._measuring = asyncio.Lock()
        self._log = structlog.get_logger()
        self.offset = 0.0
        self.measured: CorpusVersion | None = None
        """The corpus that the offset holds for, as far as was looked."""

    async def refresh(self, model: GateModel, pause: Callable[[], Awaitable[None]] | None = None) -> bool:
        """Measure if enough of the articles changed, and say whether the offset moved. Raises KnowledgeError.

        `pause` is awaited before each heading that is asked.
        """
        async with self._measuring:
            version, key = self._index.version(), self._key(model)
            if self._held is None:
                self._held = await asyncio.to_thread(self._kept)
            before, held = self.offset, self._held
            if held is not None and await self._is_like(held, key, version):
                self.measured, self.offset = version, held.offset
                return self.offset != before
            self.measured = version  # also where it fails: the next change tries again, not every question
            self.offset = await self._measured(model, version, pause)
            self._held = _Kept(key, version, self.offset)
            await asyncio.to_thread(self._write, self._held)
            return self.offset != before

    async def recall(self, model: GateModel) -> None:
        """Take up what was measured last, as a process that has run on would: before the first question, in no time."""
        async with self._measuring:
            if self._held is None:
                self._held = await asyncio.to_thread(self._kept)
            if self._held is None:
                return
            version, self.offset = self._index.version(), self._held.offset
            if self._held.key == self._key(model) and self._held.version == version:
                self.measured = version

    def _key(self, model: GateModel) -> str:
        return revision_of(_FORMAT, model.digest, self._embedding.model.digest)

    async def _is_like(self, held: _Kept, key: str, version: CorpusVersion) -> bool:
        """Whether what was measured holds for this version, too."""
        if held.key != key:
            return False
        if held.version == version:
            return True
        return await asyncio.to_thread(self._index.share_changed, held.version) < WORTH_MEASURING

    async def _measured(
        self, model: GateModel, version: CorpusVersion, pause: Callable[[], Awaitable[None]] | None
    ) -> float:
        known = await asyncio.to_thread(self._index.known)
        if len(known) < FEWEST:
            return 0.0
        separation = await separate(self._index, self._embedding, model, sorted(known), pause)
        offset = offset_of(separation, model.usual_middle)
        self._log.info(
            "gate.calibrated",
            articles=len(known),
            questions=len(separation.absent),
            middle=round(separation.middle, 2) if separation.absent else None,
            offset=offset,
            corpus_version=version.counter,
        )
        return offset

    def _kept(self) -> _Kept | None:
        """Give what was measured last; None where nothing was, or for a damaged file."""
        if self._path is None:
            return None
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            version = CorpusVersion(str(held["generation"]), int(held["counter"]))
            return _Kept(str(held["key"]), version, float(held["offset"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, held: _Kept) -> None:
        if self._path is None:
            return
        generation, counter = held.version
        row = {"key": held.key, "generation": generation, "counter": counter, "offset": held.offset}
        temporary = self._path.with_suffix(".tmp")
        try:
            temporary.write_text(json.dumps(row), encoding="utf-8")
            temporary.replace(self._path)
        except OSError as error:
            self._log.warning("gate.calibration_not_kept", path=str(self._path), error=str(error))


async def separate(
    index: ArticleIndex,
    embedding: Embedding,
    model: GateModel,
    refs: Sequence[ArticleRef],
    pause: Callable[[], Awaitable[None]] | None = None,
) -> Separation:
    """Ask a sample of the articles' headings, with their articles and without; the same sample every time.

    `pause` is awaited before each.
    """
    from knowledge.stores.query import plan_query

    chosen = random.Random(0).sample(list(refs), min(MOST_QUESTIONS, len(refs)))  # noqa: S311 - a sample
    present: list[float] = []
    absent: list[float] = []
    for ref in chosen:
        if pause is not None:
            await pause()
        question = questions_of(await asyncio.to_thread(index.passages_of, ref))
        if question is None:
            continue
        vectors = await embedding.embed_questions(plan_query(question.text).texts)
        for odds, exclude in ((present, frozenset[str]()), (absent, frozenset({ref.id}))):
            found = await index.search(vectors, question.text, audience=None, exclude=exclude, top_k=_TOP_K)
            odds.append(await asyncio.to_thread(_log_odds, model, question.text, found))
    return Separation(tuple(present), tuple(absent))


def _log_odds(model: GateModel, question: str, found: Sequence[ScoredPassage]) -> float:
    from knowledge.answering.features import gate_features
    from knowledge.answering.gate_words import load_word_vectors

    return model.logit(gate_features(question, found, load_word_vectors()) if found else {})
