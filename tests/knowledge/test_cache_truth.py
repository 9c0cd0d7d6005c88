"""The cache never lies: whatever happens, a served answer is what a bot without a cache would say at that moment."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import sys
import tempfile
from collections import Counter, deque
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from knowledge.models import ArticleRef, CacheStatus, Question
from tests.knowledge.truth_desk import PERSONAS, Desk, article, empty_desk
from tests.knowledge.truth_ledger import POLITE, QUESTIONS, WORDINGS, Ledger, SaysYes, by_row, group_of
from tests.knowledge.valkey_server import RealValkey

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

STEPS = int(os.environ.get("TEST_STEPS", "400"))
"""Steps of all machines together; CI takes 10,000."""
PER_MACHINE = 100
PARTS = 2
LEAST = {CacheStatus.HIT: 0.1, CacheStatus.REVALIDATED: 0.03, CacheStatus.PARAPHRASE: 0.01}
"""How many answers of each kind there are to each step, at least, in a part of 200 steps or more."""

TOPICS = {
    "password": (
        "Reset your password",
        "1. Open **Settings**.\n2. Select *Reset password*.\n3. Wait for {} minutes.",
    ),
    "vpn": (
        "Connect to the VPN",
        "To connect to the VPN, import the profile number {} and select **Connect**.",
    ),
    "invoice": (
        "Download an invoice",
        "Invoices are sent on day {} of the month. Download an invoice under Billing.",
    ),
    "refund": ("Refund policy", "An invoice can be refunded within {} days after the payment."),
    "bonus": ("Sales bonus", "The yearly bonus of the sales team is {} % of the contracts."),
    "printer": ("Printer on floor two", "The printer on floor two needs toner {}. Ask the office for toner."),
    "twin": (
        "Reset your password on a phone",
        "On a phone, reset your password under **Profile**. It takes {} minutes.",
    ),
}
AUDIENCES = (frozenset({"public"}), frozenset({"internal"}), frozenset({"public", "internal"}), None)
LABELS = (frozenset({"public"}), frozenset({"internal"}), frozenset({"team:sales", "internal"}))
JUMPS = (
    timedelta(minutes=3),
    timedelta(minutes=11),
    timedelta(hours=1),
    timedelta(days=4),
    timedelta(days=8),
)

topics = st.sampled_from(sorted(TOPICS))
numbers = st.integers(0, 3)
who = st.integers(0, 1)
asked = st.builds(Question, st.sampled_from(QUESTIONS), st.sampled_from(AUDIENCES))
personas = st.sampled_from(PERSONAS)


class CacheNeverLies(RuleBasedStateMachine):
    """Two replicas, one library, one Redis, and everything that may happen to them."""

    valkey: ClassVar[RealValkey]
    empty: ClassVar[Path]
    root: ClassVar[Path]
    folders: ClassVar[Iterator[int]] = itertools.count()
    steps: ClassVar[int] = 0
    served: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        folder = self.root / str(next(self.folders))
        self.desk = Desk(folder, self.empty, guard=SaysYes(), embed=by_row)  # type: ignore[arg-type]
        self.clients = [self.valkey.client(tries_again=False) for _ in range(2)]
        self.ledger = Ledger(served=self.served)
        self.random = random.Random()
        self.last_key = self.last_id = ""
        self.last: tuple[Question, Any, int] = (Question(QUESTIONS[0], AUDIENCES[0]), PERSONAS[0], 0)
        self.before: deque[tuple[Question, Any, int]] = deque([self.last], maxlen=8)
        self.alive, self.down_for = True, 0
        self.do(self.desk.open(self.clients))
        self.do(self.clients[0].flushall())

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run one step to its end."""
        return self.runner.run(work)

    def step(self, *, asks: bool = False) -> None:
        """Count a step; one that only `asks` changes nothing that is true."""
        type(self).steps += 1
        if not asks:
            self.ledger.truths.clear()

    def teardown(self) -> None:
        """Close what is open."""
        if not self.alive:
            self.valkey.restart()
        for client in self.clients:
            self.do(client.aclose())
        self.do(self.desk.close())
        self.runner.close()
        shutil.rmtree(self.desk.folder)

    @initialize(stamp=numbers, seed=st.integers(0, 2**16), question=asked)
    def fill(self, stamp: int, seed: int, question: Question) -> None:
        """Begin with all articles and a question."""
        self.step()
        self.random.seed(seed)
        self.last = (question, PERSONAS[0], 0)
        for topic in TOPICS:
            self.do(self.put(topic, 1, LABELS[topic == "bonus"], stamp, 0))
        self.do(self.desk.reconcile())

    async def put(self, topic: str, number: int, labels: frozenset[str], stamp: int, replica: int) -> None:
        """Write an article into the library."""
        title, body = TOPICS[topic]
        written = article(ArticleRef("desk", topic), title, body.format(number), labels, stamp)
        await self.desk.replicas[replica].library.put(written)

    # What people ask ------------------------------------------------------------------------------------------

    @invariant()
    def somebody_asks(self) -> None:
        """After every step somebody asks what was asked before, in these words or others; and Redis comes back."""
        self.down_for -= 1
        if not self.alive and self.down_for < 0:
            self.valkey.restart()
            self.alive = True
        question, persona, number = self.last
        kind = self.random.randrange(10)
        if kind == 0:
            number = 1 - number
        elif kind == 1:
            question, persona, number = self.random.choice(self.before)
        elif kind <= 3:  # another spelling
            text = question.text
            question = replace(question, text=text[:-1] if text.endswith("?") else f"{text}?")
        elif kind <= 6:  # another wording
            text = self.random.choice(WORDINGS[group_of(question.text)])
            question = replace(question, text=self.random.choice(POLITE) + text)
        self.do(self.asks(number, question, persona))

    @rule(replica=who, audience=st.sampled_from(AUDIENCES), persona=personas)
    def ask_the_same_as_others(self, replica: int, audience: frozenset[str] | None, persona: Any) -> None:
        """The same words come from others, in another place."""
        self.step(asks=True)
        self.do(self.asks(replica, replace(self.last[0], audience=audience), persona))

    @rule(question=asked, persona=personas, replica=who)
    def ask(self, question: Question, persona: Any, replica: int) -> None:
        """Somebody asks."""
        self.step(asks=True)
        self.do(self.asks(replica, question, persona))

    @rule(question=asked, persona=personas, replica=who)
    def ask_in_both(self, question: Question, persona: Any, replica: int) -> None:
        """The same question comes in both replicas, one after the other."""
        self.step(asks=True)
        for each in (replica, 1 - replica):
            self.do(self.asks(each, question, persona))

    @rule(question=asked, persona=personas)
    def ask_at_once(self, question: Question, persona: Any) -> None:
        """Several people ask the same at the same time, in both replicas."""
        self.step(asks=True)

        async def all_ask() -> None:
            await asyncio.gather(*(self.asks(number % 2, question, persona) for number in range(4)))

        self.do(all_ask())

    async def asks(self, number: int, question: Question, persona: Any) -> None:
        """Ask and compare."""
        self.last = (question, persona, number)
        self.before.append(self.last)
        replica = self.desk.replicas[number]
        answer = await replica.answers.answer(question, persona)
        self.last_key = str(answer.trace["cache_key"])
        self.last_id = str(answer.trace.get("first_answer", answer.id))
        await self.ledger.check(replica, question, persona, answer)

    @rule(question=asked, persona=personas, topic=topics, number=numbers, replica=who, later=who)
    def edit_while_it_is_made(  # noqa: PLR0917 - hypothesis gives them by name
        self, question: Question, persona: Any, topic: str, number: int, replica: int, later: int
    ) -> None:
        """An article changes while an answer of it is being made: who asks afterwards gets today's."""
        self.step()

        async def race() -> None:
            maker = self.desk.replicas[replica]
            maker.hold, maker.making = asyncio.Event(), asyncio.Event()
            slow = asyncio.create_task(maker.answers.answer(question, persona))
            making = asyncio.create_task(maker.making.wait())
            await asyncio.wait([slow, making], return_when=asyncio.FIRST_COMPLETED)
            await self.put(topic, number, LABELS[0], 0, later)
            await self.desk.reconcile(later)
            self.ledger.truths.clear()
            joined = asyncio.create_task(maker.answers.answer(question, persona))
            maker.hold.set()
            maker.hold = None
            making.cancel()
            answer = await slow
            if answer.cache is CacheStatus.MISS:
                self.ledger.record(maker, question, persona, answer)
            await self.ledger.check(maker, question, persona, await joined)
            await self.asks(later, question, persona)

        self.do(race())

    # What happens to the articles -----------------------------------------------------------------------------

    @rule(
        topic=topics,
        number=numbers,
        labels=st.sampled_from(LABELS),
        stamp=numbers,
        replica=who,
        follows=st.booleans(),
    )
    def edit(
        self, topic: str, number: int, labels: frozenset[str], stamp: int, replica: int, *, follows: bool
    ) -> None:
        """An article is written, hidden, shown or only dated anew; the process may die before the index follows."""
        self.step()
        self.do(self.put(topic, number, labels, stamp, replica))
        if follows:
            self.do(self.desk.reconcile(replica))

    @rule(topic=topics, replica=who, follows=st.booleans())
    def remove(self, topic: str, replica: int, *, follows: bool) -> None:
        """An article goes."""
        self.step()
        self.do(self.desk.replicas[replica].library.remove(ArticleRef("desk", topic)))
        if follows:
            self.do(self.desk.reconcile(replica))

    @rule(replica=who)
    def reconcile(self, replica: int) -> None:
        """The index follows the library."""
        self.step()
        self.do(self.desk.reconcile(replica))

    @rule(number=st.integers(0, 30))
    def add_something_else(self, number: int) -> None:
        """An article that nobody asks about comes or changes."""
        self.step()
        other = article(
            ArticleRef("desk", f"other-{number % 4}"),
            "Boilers",
            f"Boilers are heavy: {number} kg.",
            LABELS[0],
            0,
        )
        self.do(self.desk.replicas[0].library.put(other))
        self.do(self.desk.reconcile())

    @rule(topic=topics)
    def doubt(self, topic: str) -> None:
        """People call an article wrong as it stands, or take that back."""
        self.step()
        ref = ArticleRef("desk", topic)
        current = self.do(self.desk.replicas[0].library.current([ref]))
        if ref in current:
            self.desk.doubted.articles ^= {(ref, current[ref][0])}

    @rule(really=st.integers(0, 3))
    def complain(self, really: int) -> None:
        """Somebody calls the last answer wrong: it is taken out."""
        self.step()
        if really:
            return
        self.do(self.desk.replicas[0].cache.drop(self.last_key))
        if self.alive:
            self.ledger.removed.add(self.last_id)
            assert self.do(self.desk.replicas[1].cache.peek(self.last_key)) is None

    # What happens to the machines -----------------------------------------------------------------------------

    @rule(replica=who)
    def crash(self, replica: int) -> None:
        """A process dies and another takes its place."""
        self.step()
        self.do(self.desk.crash(replica))

    @rule(replica=who, jump=st.sampled_from(JUMPS), back=st.booleans())
    def clock_jumps(self, replica: int, jump: timedelta, *, back: bool) -> None:
        """A machine's clock is set, forward or back; the other one's is not."""
        self.step()
        self.desk.replicas[replica].clock.off += -jump if back else jump

    @precondition(lambda self: self.alive)
    @rule(really=st.integers(0, 3))
    def flush(self, really: int) -> None:
        """Redis loses everything."""
        self.step()
        if not really:
            self.do(self.clients[0].flushall())

    @precondition(lambda self: self.alive)
    @rule(really=st.integers(0, 7), down_for=st.integers(0, 4))
    def kill(self, really: int, down_for: int) -> None:
        """Redis dies, and comes back empty some steps later."""
        self.step()
        if not really:
            self.valkey.kill()
            self.alive, self.down_for = False, down_for

    @rule(really=st.integers(0, 3), follows=st.booleans())
    def change_model(self, really: int, *, follows: bool) -> None:
        """Another embedding model is deployed; the index is rebuilt at once or later."""
        self.step()
        if really:
            return
        self.do(self.desk.change_model())
        if follows:
            self.do(self.desk.reconcile())


@pytest.fixture
def machine() -> Iterator[type[CacheNeverLies]]:
    """The machine with a Valkey and the files of an empty desk, in memory where the system has that."""
    shared = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="truth-", dir=shared if os.access(shared, os.W_OK) else None))
    with RealValkey() as valkey:
        fields = {
            "valkey": valkey,
            "root": root,
            "empty": asyncio.run(empty_desk(root / "empty")),
            "steps": 0,
            "served": Counter(),
        }
        yield type("CacheNeverLies", (CacheNeverLies,), fields)
    shutil.rmtree(root)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(PARTS))
def test_a_served_answer_is_what_a_bot_without_a_cache_would_say(
    machine: type[CacheNeverLies], part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """For any sequence of what people, articles and machines do, text, citations and verdict are today's."""
    while machine.steps < STEPS // PARTS:  # some machines stop early
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=-(-(STEPS // PARTS - machine.steps) // PER_MACHINE),
                stateful_step_count=PER_MACHINE,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
            ),
        )
    served = ", ".join(f"{status} {count}" for status, count in sorted(machine.served.items()))
    with capsys.disabled():
        sys.stdout.write(f"\n[cache truth, part {part}: {machine.steps} steps, {served}]\n")
    for status, share in LEAST.items():
        count = machine.served[status]
        assert STEPS < PARTS * 200 or count > machine.steps * share, f"{status} {count}: this proves little"
