"""A desk whose answers are held against those of a bot without a cache: two replicas over one library and one Redis.

All of it is real (SQLite, the passage index, Haystack, Valkey) but for the embedding model: equal words, near vectors.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from config.persona import Persona
from config.settings import AnswerSettings, CacheSettings, RetrievalSettings
from knowledge.answer_cache import AnswerCache
from knowledge.answering.answer import AnswerPipeline
from knowledge.answering.cached import CachedAnswers
from knowledge.answering.digests import pipeline_digest
from knowledge.answering.doubts import Doubts
from knowledge.answering.evidence import EvidencePipeline
from knowledge.answering.gate import EvidenceGate, load_gate
from knowledge.database import Database
from knowledge.index import ArticleIndex
from knowledge.library import ArticleLibrary
from knowledge.models import Answer, Article, revision_of
from knowledge.paraphrase.nearest import NearestQuestions
from knowledge.paraphrase.paraphrases import Paraphrases
from tests.knowledge.stores.doubles import HashEmbedding, HashModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from redis.asyncio import Redis

    from knowledge.answering.doubts import StandsOn
    from knowledge.answering.gate import GateModel
    from knowledge.models import ArticleRef, Evidence, OnText, Question
    from knowledge.paraphrase.guard import Guard
    from knowledge.paraphrase.paraphrases import Embed

PERSONAS = (
    Persona("plain", "", "Hello!", "The articles do not answer that.", "Something failed."),
    Persona("curt", "", "Hi.", "No idea.", "Failed."),
)
MAX_AGE, NEGATIVE_MAX_AGE = timedelta(days=7), timedelta(minutes=10)


@lru_cache(maxsize=50_000)
def _vector(digest: str, word: str) -> NDArray[np.float32]:
    return HashEmbedding(HashModel(digest)).vector(word)


class WordEmbedding(HashEmbedding):
    """HashEmbedding for questions, too; each word's vector is made once."""

    def vector(self, text: str) -> NDArray[np.float32]:
        """Embed one text."""
        total = np.full(self.model.dimensions, 1e-6, np.float32)
        for word in re.findall(r"\w+", text):
            total = total + _vector(self.model.digest, word)
        return total / np.float32(np.linalg.norm(total))

    async def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give a row for each text."""
        return np.stack([self.vector(text) for text in texts])


@lru_cache(maxsize=1)
def _gate() -> GateModel:
    return load_gate()


@dataclass
class Skewed:
    """A clock that is off the true one."""

    off: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        """Say what time it is here."""
        return datetime.now(UTC) + self.off


@dataclass
class DoubtedArticles:
    """What people doubt, in all replicas at once."""

    articles: set[StandsOn] = field(default_factory=set)

    async def __call__(self, stands_on: Iterable[StandsOn]) -> bool:
        """Whether one of these is doubted."""
        return not self.articles.isdisjoint(stands_on)


class Replica:
    """One process of the bot: its own index in memory, its own cache client, its own clock."""

    def __init__(
        self, database: Database, index: ArticleIndex, client: Redis, doubted: DoubtedArticles, desk: Desk
    ) -> None:
        self.clock = Skewed()
        self.client = client
        self.index = index
        self.library = ArticleLibrary(database, self.clock)
        self.doubted = doubted
        self.hold: asyncio.Event | None = None
        self.making = asyncio.Event()
        self.made_of: dict[str, Evidence] = {}
        self.desk = desk
        self.deploy(desk.model)

    def deploy(self, model: str) -> None:
        """Start anew, with nothing left of what was in memory but the open files."""
        self.model = model
        embedding = WordEmbedding(HashModel(model))
        self.index._embedding = embedding
        gate, settings = EvidenceGate(_gate(), 0.5, 0.3), RetrievalSettings(top_k=2)  # not all that there is
        self.evidence = EvidencePipeline(self.index, embedding, self.library, gate, settings)  # type: ignore[arg-type]
        self.answering = AnswerPipeline(self.index, embedding, AnswerSettings())  # type: ignore[arg-type]
        self.cache = AnswerCache(self.client, CacheSettings(), self.clock)
        self.cache._circuit._pause, self.cache._circuit._seconds = 0.0, 5.0  # no outage but those of the test
        doubts = Doubts(self.doubted, 0.5)
        self.answers = CachedAnswers(
            self.cache,
            self.index,
            self.library,
            self.evidence.run,
            self._answer,
            digest=pipeline_digest(settings, AnswerSettings(), gate.model, model),
            doubts=doubts,
            wait_seconds=10.0,
            paraphrases=self._paraphrases(doubts),
        )

    def _paraphrases(self, doubts: Doubts) -> Paraphrases | None:
        if self.desk.guard is None or self.desk.embed is None:
            return None
        nearest = NearestQuestions(self.client, circuit=self.cache.circuit)
        return Paraphrases(self.cache, nearest, self.desk.guard, self.desk.embed, doubts)

    async def _answer(
        self, question: Question, evidence: Evidence, persona: Persona, *, on_text: OnText | None = None
    ) -> Answer:
        self.making.set()
        if self.hold is not None:
            await self.hold.wait()
        answer = await self.answering.run(question, evidence, persona, on_text=on_text)
        self.made_of[answer.id] = evidence
        return answer

    async def truth(self, question: Question, persona: Persona) -> Answer:
        """Answer as a bot without a cache does."""
        return await self.answers.answer(question, persona, use_cache=False)


class Desk:
    """The library, the index and the replicas over them; with a `guard`, answers go out for other wordings, too."""

    def __init__(
        self, folder: Path, empty: Path, *, guard: Guard | None = None, embed: Embed | None = None
    ) -> None:
        shutil.copytree(empty, folder)
        self.folder = folder
        self.database = Database(Database.url_for("", folder))
        self.doubted = DoubtedArticles()
        self.guard = guard
        self.embed = embed
        self.model = "hash-1"
        self.replicas: list[Replica] = []

    async def open(self, clients: Sequence[Redis]) -> None:
        """Open everything."""
        await self.database.__aenter__()
        for client in clients:
            index = ArticleIndex(self.folder / "index", WordEmbedding(HashModel(self.model)))
            await index.open()
            self.replicas.append(Replica(self.database, index, client, self.doubted, self))

    async def close(self) -> None:
        """Close everything."""
        for replica in self.replicas:
            await replica.index.close()
        await self.database.__aexit__(None, None, None)

    async def crash(self, number: int) -> None:
        """End one process and start another in its place."""
        old = self.replicas[number]
        await old.index.close()
        index = ArticleIndex(self.folder / "index", WordEmbedding(HashModel(self.model)))
        await index.open()
        self.replicas[number] = new = Replica(self.database, index, old.client, self.doubted, self)
        new.clock.off = old.clock.off

    async def change_model(self) -> None:
        """Deploy another embedding model; the index follows with the next `reconcile`."""
        self.model = "hash-2" if self.model == "hash-1" else "hash-1"
        for replica in self.replicas:
            replica.deploy(self.model)

    async def reconcile(self, number: int = 0) -> None:
        """Bring the index in step with the library."""
        replica = self.replicas[number]
        await replica.index.reconcile(replica.library)


async def empty_desk(folder: Path) -> Path:
    """Make the files of an empty desk, to be copied."""
    folder.mkdir()
    async with Database(Database.url_for("", folder)) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
    index = ArticleIndex(folder / "index", WordEmbedding())
    await index.open()
    await index.close()
    return folder


def article(ref: ArticleRef, title: str, body: str, audience: frozenset[str], stamp: int) -> Article:
    """Give an article; `stamp` moves its date and nothing else."""
    return Article(
        source=ref.source,
        id=ref.id,
        title=title,
        body=body,
        revision=revision_of(title, body, audience, stamp),
        audience=audience,
        url=f"https://help.acme.example/{ref.id}",
        updated_at=datetime(2025, 2, 3, tzinfo=UTC) + timedelta(days=stamp),
        language="en",
    )


def said(answer: Answer) -> tuple[object, ...]:
    """Give what an answer says to people, and what it cites."""
    return (
        answer.text,
        answer.verdict,
        answer.citations,
        answer.closest,
        answer.confidence,
        answer.language,
    )
