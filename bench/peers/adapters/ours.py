"""helpdesk-bot: the whole of it, from the articles' file to a reply, by the classes that `helpdesk-bot run` uses.

`folder` holds a desk (`desks.py`): articles.jsonl, the settings, and the data. Where a peer stores passages that were
cut for it in memory, this side lists the articles, cuts them, keeps them in SQL and indexes them on disk.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.app import App
from bot.process import collect_seldom, few_arenas, settle
from config.settings import load_settings
from connectors.base import Address, IncomingMessage, Person

if TYPE_CHECKING:
    from collections.abc import Coroutine

TOP_K = 10


class Ours:
    """A bot in a process set up as `helpdesk-bot run` sets itself up; a cached answer goes through inbox and router."""

    def __init__(self, folder: Path) -> None:
        collect_seldom()
        structlog.configure(
            processors=[structlog.processors.add_log_level, structlog.processors.KeyValueRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._app: App | None = None
        self._delivery: Any = None
        self._numbers = count()

    def load(self, folder: str, vectors: str | None = None) -> None:
        """Work on the desk in `folder` from now on."""
        del vectors
        self.close_app()
        self._folder = Path(folder)

    def fresh(self) -> None:
        """Open a bot that has no articles yet, with the model at hand."""
        self.close_app()
        data = self._folder / "data"
        for entry in data.iterdir() if data.exists() else ():
            if entry.name != "models":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.open()

    def open(self) -> None:
        """Open the bot and warm it, as it is while it serves."""
        self._run(self._open())

    def start(self) -> None:
        """Open the bot as far as its first message waits for: the rest warms beside or behind it."""
        self._run(self._start())

    def index(self) -> int:
        """Sync the articles, from listing to searchable on disk."""
        return self.resync()

    def resync(self) -> int:
        """Sync; give how many passages were embedded."""
        return self._run(self._sync())

    def retrieve(self, question: str) -> list[str]:
        """Embed the question and search, by meaning and by words."""
        return self._run(self._retrieve(question))

    def by_meaning(self, question: str) -> list[str]:
        """Rank by the vectors alone, so that these can be compared with the peers'."""
        return self._run(self._by_meaning(question))

    def answer(self, question: str) -> str:
        """Give a whole answer, made anew: evidence, gate, words, citations."""
        return self._run(self._answer(question))

    def askers(self, number: int, questions: list[str]) -> None:
        """Give whole answers, made anew, to so many askers at once."""
        from adapters.protocol import ask_all

        self._run(ask_all(self._answer, number, questions))

    def put(self, question: str) -> bool:
        """Ask, so that the answer is kept."""
        return self.get(question)

    def get(self, question: str) -> bool:
        """Send a message through inbox and router and take its reply."""
        return self._run(self._ask(question))

    def routed(self, question: str) -> dict[str, float]:
        """As `get`, but give the milliseconds of the router alone: a message in, its reply out."""
        return self._run(self._ask(question, timed=True))

    def served(self, question: str) -> str:
        """Say how the cache served a question: hit, miss or another word."""
        return self._run(self._served(question))

    def judge_pairs(self, pairs: list[list[str]]) -> dict[str, list[bool]]:
        """Say which pairs plain nearness of meaning would take for one question, and which the guard takes."""
        return self._run(self._judge_pairs(pairs))

    def close_app(self) -> None:
        """Close the bot."""
        if self._app is not None:
            self._run(self._app.__aexit__(None, None, None))
            self._app = self._delivery = None

    def close(self) -> None:
        """Close the bot and the loop."""
        self.close_app()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    @property
    def _opened(self) -> App:
        assert self._app is not None
        return self._app

    async def _start(self) -> None:
        settings = load_settings(self._folder / "helpdesk-bot.toml", {})
        self._app = await App(settings).__aenter__()
        self._delivery = await self._app.delivery()

    async def _open(self) -> None:
        await self._start()
        few_arenas()
        await self._opened.embedding.start()
        for part in (
            await self._opened.index(),
            await self._opened.evidence(),
            await self._opened.answering(),
        ):
            await part.warm()
        settle()

    async def _sync(self) -> int:
        from knowledge.sources.base import build_source

        source = build_source(self._opened.settings.sources[0])
        report = await (await self._opened.sync()).run(source, accept_removals=True)
        if report.error or report.failed:
            raise RuntimeError(report.error or str(report.failed[:2]))
        return report.embedded_passages

    async def _retrieve(self, question: str) -> list[str]:
        from knowledge.stores.query import plan_query

        index = await self._opened.index()
        vectors = await self._opened.embedding.embed_questions(plan_query(question).texts)
        found = await index.search(vectors, question, audience=frozenset({"public"}), top_k=TOP_K)
        return [scored.passage.article.id for scored in found]

    async def _by_meaning(self, question: str) -> list[str]:
        import numpy as np

        from knowledge.stores.passage_file import PassageFile

        index = await self._opened.index()
        path = self._opened.settings.data_dir / "index" / f"{index.version().generation}.sqlite"
        file = PassageFile(path)
        rows = [row for ref in sorted(file.revisions()) for row in file.rows_of(ref)]
        file.close()
        matrix = np.stack([np.frombuffer(row.vector or b"", np.float32) for row in rows])
        (vector,) = await self._opened.embedding.embed_questions([question])
        return [rows[place].article_id for place in np.argsort(-(matrix @ vector), kind="stable")[:TOP_K]]

    async def _answer(self, question: str) -> str:
        helpdesk, persona = await self._opened.helpdesk(), self._opened.personas.default
        answer = await helpdesk.answer(
            question, audience=frozenset({"public"}), persona=persona, use_cache=False
        )
        return answer.verdict.value

    async def _served(self, question: str) -> str:
        helpdesk, persona = await self._opened.helpdesk(), self._opened.personas.default
        answer = await helpdesk.answer(question, audience=frozenset({"public"}), persona=persona)
        return answer.cache.value

    async def _judge_pairs(self, pairs: list[list[str]]) -> dict[str, list[bool]]:
        import numpy as np

        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        parts = [
            await self._opened.embedding.embed_questions(texts[at : at + 64])
            for at in range(0, len(texts), 64)
        ]
        vectors = dict(zip(texts, np.concatenate(parts), strict=True))
        cosines = [float(vectors[one] @ vectors[other]) for one, other in pairs]
        return {"nearness of meaning alone, cosine ≥ 0.90": [cosine >= 0.9 for cosine in cosines]}

    async def _ask(self, question: str, *, timed: bool = False) -> Any:
        number = next(self._numbers)
        place = Address("bench", f"C{number}", None, "T1")
        person = Person(f"bench:T1/U{number % 100}")
        event = IncomingMessage(
            f"{id(self)}/{number}", place, person, question, datetime.now(UTC), addressed=True
        )
        if not await self._delivery.accept(event):
            return False
        started = time.perf_counter()
        reply = await self._delivery.answer(event)
        milliseconds = (time.perf_counter() - started) * 1000
        await self._delivery.sent(event, f"p{number}")
        return {"milliseconds": milliseconds} if timed else reply is not None


def build(name: str, folder: Path, model: str) -> Ours:
    """Build the adapter; the model is the product's own default."""
    del name, model
    return Ours(folder)
