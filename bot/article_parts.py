"""The parts of the bot that deal with articles, each built when it is first asked for."""

# ruff: noqa: PLC0415 - a part is imported when it is built: `helpdesk-bot sync` loads nothing that answers
from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

from bot.counts import Counts
from knowledge.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from bot.audit import AuditLog
    from bot.pauses import Pauses
    from bot.upkeep import Upkeep
    from config.settings import Settings
    from knowledge.answering.answer import AnswerPipeline
    from knowledge.answering.evidence import EvidencePipeline
    from knowledge.answering.gate import EvidenceGate
    from knowledge.answering.llm.budget import DayCounter, LlmBudget
    from knowledge.answering.llm.rewriter import QuestionRewriter
    from knowledge.answering.llm.writer import LlmWriter
    from knowledge.database import Database
    from knowledge.embedding.engine import Embedding
    from knowledge.index import ArticleIndex
    from knowledge.leases import Leases
    from knowledge.library import ArticleLibrary
    from knowledge.models import Article
    from knowledge.sync import ArticleSync
    from knowledge.sync_runs import SyncRuns

PartT = TypeVar("PartT")


class ArticleParts:
    """Database, library, embedding, index, sync and pipelines; leaving the block closes what was opened."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.clock = clock
        self.counts = Counts()
        self._parts: dict[str, Any] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Make the data folder, readable by its owner alone. Raises StorageError."""
        folder = self.settings.data_dir
        try:
            await asyncio.to_thread(os.makedirs, folder, 0o700, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"the data folder {folder} cannot be made: {error.strerror or error}"
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what was opened."""
        await self._stack.aclose()

    async def database(self) -> Database:
        """Give the open database with all tables as this version has them. Raises StorageError."""
        return await self._once("database", self._open_database)

    async def library(self) -> ArticleLibrary:
        """Give the articles themselves."""
        return await self._once("library", self._build_library)

    async def leases(self) -> Leases:
        """Give the leases that keep two processes from doing the same."""
        return await self._once("leases", self._build_leases)

    async def runs(self) -> SyncRuns:
        """Give the record of syncs."""
        return await self._once("runs", self._build_runs)

    @cached_property
    def embedding(self) -> Embedding:
        """The embedding model; nothing is loaded before it is needed."""
        from knowledge.embedding.engine import Embedding

        embedding = Embedding(self.settings.embedding, self.settings.data_dir / "models")
        self._stack.push_async_callback(embedding.close)
        return embedding

    async def index(self) -> ArticleIndex:
        """Give the passages of all articles. Raises KnowledgeError."""
        return await self._once("index", self._open_index)

    async def sync(self) -> ArticleSync:
        """Give what brings library and index to what a source lists."""
        return await self._once("sync", self._build_sync)

    async def upkeep(self) -> Upkeep:
        """Give what the CLI, the commands and the scheduler do with the articles."""
        return await self._once("upkeep", self._build_upkeep)

    async def read_file(self, path: Path, *, audience: frozenset[str] = frozenset({"internal"})) -> Article:
        """Make an article of the bot's own source from a file; it is not stored yet. Raises ArticleError."""
        from knowledge.sources.convert import DocumentConverter
        from knowledge.sources.documents import Facts, read_article_file
        from knowledge.sync import LOCAL_SOURCE

        path = await asyncio.to_thread(lambda: path.expanduser().resolve())
        async with DocumentConverter() as converter:
            return await read_article_file(path, Facts(LOCAL_SOURCE, audience), converter)

    @cached_property
    def gate(self) -> EvidenceGate:
        """The gate that decides whether the articles answer."""
        from knowledge.answering.gate import EvidenceGate, load_gate

        answer = self.settings.answer
        return EvidenceGate(load_gate(), answer.min_confidence, answer.unsure_confidence)

    async def evidence(self) -> EvidencePipeline:
        """Give what finds evidence; Haystack is loaded with the first question."""
        return await self._once("evidence", self._build_evidence)

    async def answering(self) -> AnswerPipeline:
        """Give what makes answers of evidence."""
        return await self._once("answering", self._build_answering)

    async def audit(self) -> AuditLog:
        """Give the log of who changed what."""
        return await self._once("audit", self._build_audit)

    async def pauses(self) -> Pauses:
        """Give which sources are paused."""
        return await self._once("pauses", self._build_pauses)

    async def _once(self, name: str, build: Callable[[], Awaitable[PartT]]) -> PartT:
        async with self._locks[name]:
            if name not in self._parts:
                self._parts[name] = await build()
            part: PartT = self._parts[name]
            return part

    async def _open_database(self) -> Database:
        from knowledge.database import Database

        url = Database.url_for(self.settings.database.url.get_secret_value(), self.settings.data_dir)
        database = await self._stack.enter_async_context(Database(url))
        await database.upgrade("knowledge:migrations", "knowledge_version")
        await database.upgrade("bot:migrations", "bot_version")
        return database

    async def _build_library(self) -> ArticleLibrary:
        from knowledge.library import ArticleLibrary

        return ArticleLibrary(await self.database(), self.clock)

    async def _build_leases(self) -> Leases:
        from knowledge.leases import Leases

        return Leases(await self.database(), self.clock)

    async def _build_runs(self) -> SyncRuns:
        from knowledge.sync_runs import SyncRuns

        return SyncRuns(await self.database(), self.counts.synced)

    async def _open_index(self) -> ArticleIndex:
        from knowledge.index import ArticleIndex

        index = ArticleIndex(self.settings.data_dir / "index", self.embedding)
        self._stack.push_async_callback(index.close)
        await index.open()
        return index

    async def _build_sync(self) -> ArticleSync:
        from knowledge.sync import ArticleSync

        library, index = await self.library(), await self.index()
        return ArticleSync(library, index, await self.leases(), await self.runs(), self.clock)

    async def _build_upkeep(self) -> Upkeep:
        from bot.upkeep import Upkeep
        from knowledge.sources.base import build_source

        return Upkeep(
            self.settings.sources,
            library=await self.library(),
            sync=await self.sync(),
            runs=await self.runs(),
            build_source=build_source,
            clock=self.clock,
            pauses=await self.pauses(),
        )

    async def _build_audit(self) -> AuditLog:
        from bot.audit import AuditLog

        return AuditLog(await self.database(), self.clock)

    async def _build_pauses(self) -> Pauses:
        from bot.pauses import Pauses

        return Pauses(await self.database(), self.clock)

    async def _build_evidence(self) -> EvidencePipeline:
        from knowledge.answering.evidence import EvidencePipeline
        from knowledge.answering.gate_calibration import DeskCalibration

        index = await self.index()
        evidence = EvidencePipeline(
            index,
            self.embedding,
            await self.library(),
            self.gate,
            self.settings.retrieval,
            calibration=DeskCalibration(index, self.embedding, self.settings.data_dir / "gate.json"),
            beside=self.embedding.load,
        )
        self._stack.push_async_callback(evidence.close)
        return evidence

    async def llm_budget(self) -> LlmBudget:
        """Give what counts what the language model costs; set its `tell` to hear of a limit."""
        return await self._once("llm_budget", self._build_llm_budget)

    async def _build_llm_budget(self) -> LlmBudget:
        from knowledge.answering.llm.budget import LlmBudget

        return LlmBudget(self.settings.llm, await self._day_counter(), self.clock)

    async def _day_counter(self) -> DayCounter:
        from knowledge.answering.llm.sql_counter import SqlCounter

        return SqlCounter(await self.database())

    async def _build_answering(self) -> AnswerPipeline:
        from knowledge.answering.answer import AnswerPipeline

        writer = await self.llm_writer()
        settings, judge = self.settings, None
        if writer is not None and settings.grounding.nli_model:
            from knowledge.embedding.entailment import EntailmentModel

            judge = EntailmentModel(settings.grounding.nli_model, settings.embedding.threads)
        return AnswerPipeline(
            await self.index(),
            self.embedding,
            settings.answer,
            writer,
            grounding=settings.grounding,
            judge=judge,
        )

    async def llm_writer(self) -> LlmWriter | None:
        """Give what asks the language models; None where there is none."""
        return await self._once("llm_writer", self._build_llm_writer)

    async def _build_llm_writer(self) -> LlmWriter | None:
        if not self.settings.llm.model:
            return None
        from knowledge.answering.llm.build import build_writer

        longest = self.settings.answer.timeout_seconds
        writer = build_writer(self.settings.llm, await self.llm_budget(), longest_seconds=longest)
        self._stack.push_async_callback(writer.close)
        return writer

    async def rewriter(self) -> QuestionRewriter | None:
        """Give what completes follow-ups by the first language model; None where there is none."""
        writer = await self.llm_writer()
        if writer is None:
            return None
        from knowledge.answering.llm.build import build_rewriter

        longest = self.settings.answer.timeout_seconds
        return build_rewriter(self.settings.llm, writer, await self.llm_budget(), longest_seconds=longest)
