"""Chaos: everything happens to Valkey and to the clocks while articles change and people ask.

Only true answers go out, none fails, and none takes longer than a person waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from knowledge.models import ArticleRef, CacheStatus, Question
from tests.knowledge.test_cache_truth import AUDIENCES, LABELS, TOPICS
from tests.knowledge.truth_desk import PERSONAS, Desk, article, empty_desk, said
from tests.knowledge.truth_ledger import QUESTIONS
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from knowledge.models import Answer

ROUNDS = int(os.environ.get("TEST_CHAOS", "1"))
"""How often all of it happens, in another order each time; CI takes more."""
ASKED_A_ROUND = 12
LONGEST_SECONDS = 20.0
"""What `[answer] timeout_seconds` lets a person wait."""


class Wire:
    """The network between a replica and Valkey: it passes, is cut, or swallows what is sent."""

    def __init__(self, path: Path, target: str) -> None:
        self.path = path
        self._target = target
        self._state = "passes"
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Redis]:
        """Lie between Valkey and the client that this gives."""
        server = await asyncio.start_unix_server(self._connected, self.path)
        async with server, Redis(unix_socket_path=str(self.path)) as client:
            yield client
            self.cut()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def passes(self) -> None:
        """Be whole again."""
        self._state = "passes"

    def cut(self) -> None:
        """Break all connections, and let no new one in."""
        self._state = "cut"
        for writer in self._writers:
            writer.transport.abort()

    def swallows(self) -> None:
        """Take what is sent and bring it nowhere."""
        self._state = "swallows"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        there = None
        try:
            if self._state == "cut":
                return
            with contextlib.suppress(OSError):
                back, there = await asyncio.open_unix_connection(self._target)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(reader, there))
                    group.create_task(self._pump(back, writer))
        except* OSError:
            pass  # the other end is gone, and so is this one
        finally:
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()
            self._tasks.discard(task)
            self._writers.discard(writer)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            if self._state == "passes":
                sink.write(data)
                await sink.drain()
        sink.transport.abort()


@dataclass
class Ledger:
    """What each article said and who might read it, and when; and what came of the questions."""

    stood: dict[tuple[str, str], list[list[float]]] = field(default_factory=dict)
    audience: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    def check(self, question: Question, answer: Answer, began: float, ended: float) -> None:
        """Whether all that is cited stood in the library while this was being asked, for these readers."""
        for citation in answer.citations + answer.closest:
            key = (citation.article_id, citation.revision)
            times = self.stood[key]
            assert any(since <= ended and began <= until for since, until in times), f"{answer.cache}: {key}"
            assert question.audience is None or question.audience & self.audience[key], f"shown: {key}"
        self.statuses[answer.cache] += 1
        self.slowest = max(self.slowest, ended - began)


class Chaos:
    """Two replicas whose clocks are two hours apart, each on a wire of its own."""

    def __init__(self, desk: Desk, valkey: RealValkey, wires: list[Wire], seed: int) -> None:
        self.desk = desk
        self.valkey = valkey
        self.wires = wires
        self.random = random.Random(seed)
        self.ledger = Ledger()
        self.asking = asyncio.Event()
        self.running = True

    async def begin(self) -> None:
        """Fill the desk, and set the clocks apart."""
        for topic in TOPICS:
            await self.write(topic)
        await self.desk.reconcile()
        self.tune()
        for replica, off in zip(self.desk.replicas, (timedelta(hours=1), timedelta(hours=-1)), strict=True):
            replica.clock.off = off

    def tune(self) -> None:
        """Take the waits that the product has, but look sooner whether Valkey is back."""
        for replica in self.desk.replicas:
            replica.cache._circuit._pause, replica.cache._circuit._seconds = 0.3, 0.25

    async def write(self, topic: str) -> None:
        """Write an article anew."""
        title, body = TOPICS[topic]
        labels = LABELS[self.random.random() < 0.3]
        written = article(
            ArticleRef("desk", topic), title, body.format(self.random.randint(1, 90)), labels, 0
        )
        key = (topic, written.revision)
        before = time.monotonic()
        await self.desk.replicas[0].library.put(written)
        after = time.monotonic()
        for (other, _), times in self.ledger.stood.items():
            if other == topic and times[-1][1] == float("inf"):
                times[-1][1] = after
        self.ledger.stood.setdefault(key, []).append([before, float("inf")])
        self.ledger.audience[key] = labels

    async def edits(self) -> None:
        """Change articles for ever; now and then the index follows late."""
        while self.running:
            await self.write(self.random.choice(sorted(TOPICS)))
            if self.random.random() < 0.8:
                await self.desk.reconcile()
            await asyncio.sleep(0.02)

    async def asks(self) -> None:
        """Ask for ever."""
        while self.running:
            replica = self.random.choice(self.desk.replicas)
            question = Question(self.random.choice(QUESTIONS[:5]), self.random.choice(AUDIENCES[:2]))
            began = time.monotonic()
            answer = await replica.answers.answer(question, PERSONAS[0])
            self.ledger.check(question, answer, began, time.monotonic())
            self.asking.set()

    async def until_asked(self, times: int = ASKED_A_ROUND) -> None:
        """Wait until so many more answers are out."""
        for _ in range(times):
            self.asking.clear()
            await self.asking.wait()

    async def compare(self) -> None:
        """With nothing in motion, what is served is what a bot without a cache says, word for word."""
        await self.desk.reconcile()
        for text in QUESTIONS:
            for replica in self.desk.replicas:
                question = Question(text, AUDIENCES[0])
                answer = await replica.answers.answer(question, PERSONAS[0])
                assert said(answer) == said(await replica.truth(question, PERSONAS[0])), (
                    f"{answer.cache} {text}"
                )
                self.ledger.statuses[f"compared {answer.cache}"] += 1

    @property
    def disasters(self) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
        """What may happen, by name."""
        return {
            "kill -9, then empty": self.killed,
            "flush": self.flushed,
            "memory full": self.full,
            "network cut": self.cut,
            "network hangs": self.hangs,
            "clocks change places": self.clocks,
        }

    async def killed(self) -> None:
        """Valkey dies, and comes back with nothing."""
        self.valkey.kill()
        await self.until_asked()
        await asyncio.to_thread(self.valkey.restart)

    async def flushed(self) -> None:
        """Valkey forgets all."""
        async with self.valkey.client() as client:
            await client.flushall()

    async def full(self) -> None:
        """Valkey takes nothing more."""
        async with self.valkey.client() as client:
            await client.config_set("maxmemory", 1)
            await self.until_asked()
            await client.config_set("maxmemory", 0)

    async def cut(self) -> None:
        """One replica loses Valkey, the other does not."""
        wire = self.random.choice(self.wires)
        wire.cut()
        await self.until_asked()
        wire.passes()

    async def hangs(self) -> None:
        """Valkey does not answer one replica."""
        wire = self.random.choice(self.wires)
        wire.swallows()
        await self.until_asked()
        wire.cut()
        wire.passes()

    async def clocks(self) -> None:
        """Whose clock was late is early now."""
        for replica in self.desk.replicas:
            replica.clock.off = -replica.clock.off

    async def run(self, rounds: int) -> None:
        """Let it all happen while people ask and articles change, and compare when it is over."""
        names = sorted(self.disasters)
        for _ in range(rounds):
            self.random.shuffle(names)
            for name in names:
                self.running = True
                async with asyncio.TaskGroup() as group:
                    for work in (self.edits, self.asks, self.asks, self.asks):
                        group.create_task(work())
                    await self.until_asked()
                    await self.disasters[name]()
                    await self.until_asked()
                    self.running = False
                await self.compare()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path."""
    shared = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="chaos-", dir=shared if os.access(shared, os.W_OK) else "/tmp"))
    yield root
    shutil.rmtree(root)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_whatever_happens_to_valkey_and_the_clocks_only_true_answers_go_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed, emptied, full, cut off or silent: people are answered from today's articles, and in time."""
    empty = await empty_desk(folder / "empty")
    seed = random.SystemRandom().randrange(1_000_000)
    with RealValkey() as valkey:
        wires = [Wire(folder / f"w{number}", valkey.socket) for number in range(2)]
        desk = Desk(folder / "desk", empty)
        async with wires[0].open() as one, wires[1].open() as two:
            await desk.open([one, two])
            chaos = Chaos(desk, valkey, wires, seed)
            try:
                await chaos.begin()
                await chaos.run(ROUNDS)
            finally:
                await desk.close()
    ledger = chaos.ledger
    counts = ", ".join(f"{status} {count}" for status, count in sorted(ledger.statuses.items()))
    with capsys.disabled():
        sys.stdout.write(f"\n[chaos, seed {seed}: {counts}; slowest {ledger.slowest:.2f} s]\n")
    assert ledger.slowest < LONGEST_SECONDS
    assert ledger.statuses[CacheStatus.HIT] + ledger.statuses[f"compared {CacheStatus.HIT}"], (
        "nothing was served"
    )
