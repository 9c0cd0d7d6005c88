"""Rehearsal: a question answered as if a draft were published, while library and index stay as they are."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from knowledge.index import ArticleIndex
from knowledge.library import ArticleLibrary
from knowledge.models import Question
from knowledge.stores.generation import Generations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from config.persona import Persona
    from knowledge.answering.answer import AnswerPipeline
    from knowledge.answering.evidence import EvidencePipeline
    from knowledge.database import Database
    from knowledge.embedding.engine import Embedding
    from knowledge.models import Answer, Article, ArticleRef, Evidence


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would be answered, what was found for it, and whether the draft is cited."""

    answer: Answer
    evidence: Evidence
    cites_draft: bool


class LibraryWithDraft(ArticleLibrary):
    """The library as it would be with a draft in it; reads alone."""

    def __init__(self, database: Database, clock: Callable[[], datetime], draft: Article) -> None:
        super().__init__(database, clock)
        self._draft = draft

    async def revisions(self) -> dict[ArticleRef, str]:
        """Give the revision of every article and of the draft."""
        return await super().revisions() | {self._draft.ref: self._draft.revision}

    async def current(self, refs: Iterable[ArticleRef]) -> dict[ArticleRef, tuple[str, frozenset[str]]]:
        """Give revision and audience; of the draft too."""
        wanted = set(refs)
        found = await super().current(wanted - {self._draft.ref})
        if self._draft.ref in wanted:
            found[self._draft.ref] = self._draft.revision, self._draft.audience
        return found

    async def load(self, refs: Iterable[ArticleRef]) -> list[Article]:
        """Give whole articles; the draft in place of what it would replace."""
        wanted = list(dict.fromkeys(refs))
        found = {article.ref: article for article in await super().load(wanted)}
        if self._draft.ref in wanted:
            found[self._draft.ref] = self._draft
        return [found[ref] for ref in wanted if ref in found]


class Rehearsal:
    """Answers from a copy of the index that is thrown away. It costs a copy of the file, of one at a time.

    `evidence` and `answering` are the bot's own: over the copy they do what they do for everyone.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        embedding: Embedding,
        *,
        index_dir: Path,
        evidence: EvidencePipeline,
        answering: AnswerPipeline,
        persona: Persona,
    ) -> None:
        self._database = database
        self._clock = clock
        self._embedding = embedding
        self._index_dir = index_dir
        self._evidence = evidence
        self._answering = answering
        self._persona = persona
        self._turn = asyncio.Lock()

    async def answer(self, draft: Article, question: str, audience: frozenset[str] | None) -> Outcome:
        """Answer for readers of `audience` who may also read the draft, whoever its readers. Raises KnowledgeError."""
        readers = frozenset({f"draft:{token_hex(8)}"})  # nobody else's: the draft opens no other article
        draft = replace(draft, audience=readers, revision=f"draft-{token_hex(8)}")
        asked = Question(question, None if audience is None else audience | readers)
        library = LibraryWithDraft(self._database, self._clock, draft)
        async with self._turn:
            folder = await asyncio.to_thread(
                TemporaryDirectory, prefix="rehearsal-", dir=self._index_dir.parent
            )
            try:
                await asyncio.to_thread(_copy_index, self._index_dir, Path(folder.name))
                return await self._answer_in(Path(folder.name), library, asked, draft)
            finally:
                await asyncio.to_thread(folder.cleanup)

    async def _answer_in(
        self, folder: Path, library: LibraryWithDraft, question: Question, draft: Article
    ) -> Outcome:
        index = ArticleIndex(folder, self._embedding)
        await index.open()
        finding = self._evidence.over(index, library)
        try:
            await index.reconcile(library)
            evidence = await finding.run(question)
            answer = await self._answering.over(index).run(question, evidence, self._persona)
        finally:
            await finding.close()
            await index.close()
        cited = any((citation.source, citation.article_id) == draft.ref for citation in answer.citations)
        return Outcome(answer, evidence, cited)


def _copy_index(index_dir: Path, folder: Path) -> None:
    """Copy the generation in use, as one moment has it; nothing when there is none yet."""
    generations, copies = Generations(index_dir), Generations(folder)
    with generations.exclusive():
        name = generations.current()
        if name is None or not generations.path(name).exists():
            return
        lock = generations.hold(name)
    with (
        lock,
        closing(sqlite3.connect(generations.path(name))) as source,
        closing(sqlite3.connect(copies.path(name))) as target,
    ):
        source.backup(target)
    copies.switch(name)
