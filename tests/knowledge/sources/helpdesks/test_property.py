"""Whatever happens to a helpdesk and to the bot, a clean sync mends it, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.fakes.helpdesks.confluence import FakeConfluence
from tests.fakes.helpdesks.discourse import FakeDiscourse
from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.freshdesk import FakeFreshdesk
from tests.fakes.helpdesks.helpscout import FakeHelpScout
from tests.fakes.helpdesks.intercom import FakeIntercom
from tests.fakes.helpdesks.zammad import FakeZammad
from tests.fakes.helpdesks.zendesk import EMAIL, FakeZendesk
from tests.knowledge.conftest import Clock
from tests.knowledge.sources.helpdesks.conftest import TOKEN_VARIABLE, LastingConverter, opened_desk

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "2"))
"""How many lives each helpdesk lives; CI tries many more than `make test`."""
NUMBERS = st.integers(1, 8)
FAULTS = st.fixed_dictionaries(
    {"listing": st.booleans(), "after": st.integers(0, 4), "times": st.integers(1, 6)}
)


class Zendesk:
    """The fake Zendesk, held like the other fakes."""

    options: ClassVar = {"type": "zendesk", "email": EMAIL, "attachments": False}
    listing = "en-us/articles"
    extra: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        fake = FakeZendesk()
        self._desk = fake.desk
        self.wire, self.running = fake.wire, fake.running
        self.hidden = False

    @property
    def page_size(self) -> int:
        """How many articles stand on a page."""
        return self._desk.page_size

    @page_size.setter
    def page_size(self, size: int) -> None:
        self._desk.page_size = size

    @property
    def now(self) -> int:
        """Its clock."""
        return self._desk.now

    @now.setter
    def now(self, seconds: int) -> None:
        self._desk.now = seconds

    @property
    def articles(self) -> dict[int, dict[str, Any]]:
        """What it holds."""
        return {
            n: {"html": text["body"], "draft": text["draft"]} for (n, _), text in self._desk.texts.items()
        }

    def id_of(self, number: int) -> str:
        """Give the id that the bot has for an article."""
        return f"{number}:en-us"

    def put(self, number: int, title: str, html: str, *, draft: bool = False) -> None:
        """Write an article."""
        self._desk.put(number, title, html, draft=draft)

    def delete(self, number: int) -> None:
        """Archive an article."""
        self._desk.delete(number)

    def hide(self) -> None:
        """Leave it: its articles name their readers themselves."""


FAKES = [
    Zendesk,
    FakeFreshdesk,
    FakeIntercom,
    FakeZammad,
    FakeHelpScout,
    FakeDiscourse,
    FakeConfluence,
]


class Bumpy(RuleBasedStateMachine):
    """A helpdesk that is edited while the bot syncs it over a bad wire and is killed now and then."""

    kind: ClassVar[Any]
    loop: ClassVar[asyncio.AbstractEventLoop]
    converter: ClassVar[LastingConverter]

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.stack = contextlib.AsyncExitStack()
        self.fake = self.kind()
        self.clock = Clock()
        self.deleted: set[str] = set()

    def do(self, work: Any) -> Any:
        """Run a coroutine to its end."""
        return self.loop.run_until_complete(work)

    @initialize(page_size=st.integers(1, 3))
    def start(self, page_size: int) -> None:
        """Begin with six articles that the bot holds."""
        self.fake.page_size = page_size
        for number in range(1, 7):
            self.fake.put(number, f"Title {number}", f"<p>Text {number}</p>")
        url = self.do(self.stack.enter_async_context(self.fake.running()))
        opened = opened_desk(Path(self.folder.name), self.clock, self.converter)
        self.desk = self.do(self.stack.enter_async_context(opened))
        options = {"url": url, "attempts": 2, "token_env": TOKEN_VARIABLE, "full_every": "1h"}
        self.desk.options |= self.fake.options | options
        assert self.do(self.desk.run()).added == 6 + len(self.fake.extra)

    @rule(number=NUMBERS, text=st.sampled_from(["a", "b", "c"]), draft=st.booleans())
    def write(self, number: int, text: str, draft: bool) -> None:  # noqa: FBT001
        """Write an article, perhaps as a draft: that may take it away as well."""
        self.fake.put(number, f"Title {number}", f"<p>Text {text}</p>", draft=draft)
        if draft:
            self.deleted.add(self.fake.id_of(number))

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        """Archive an article."""
        if number in self.fake.articles:
            self.fake.delete(number)
            self.deleted.add(self.fake.id_of(number))

    @rule()
    def hide(self) -> None:
        """Show the container of all articles to some only."""
        self.fake.hide()

    @rule(fault=FAULTS, status=st.sampled_from([401, 403, 404, 429, 500, 503]))
    def break_status(self, fault: dict[str, Any], status: int) -> None:
        """Answer some requests with an error; of single articles a 404 is the truth."""
        if status != 404 or fault["listing"]:
            self._break(fault, status=status)

    @rule(fault=FAULTS, how=st.sampled_from(["truncate", "garbage"]))
    def break_body(self, fault: dict[str, Any], how: str) -> None:
        """Cut some answers off, or put a login page in their place."""
        self._break(fault, **{how: True})

    @rule(fault=FAULTS, which=st.integers(0, 9))
    def forget(self, fault: dict[str, Any], which: int) -> None:
        """Leave something out of some answers: a key, or the second half of a bare list."""

        def change(page: Any) -> Any:
            if isinstance(page, list):
                return page[: len(page) // 2]
            left_out = sorted(page)[which % len(page)]
            return {key: value for key, value in page.items() if key != left_out}

        self._break(fault | {"listing": True}, change=change)

    def _break(self, fault: dict[str, Any], **how: Any) -> None:
        path = self.fake.listing if fault["listing"] else ""
        self.fake.wire.faults.append(Fault(path=path, after=fault["after"], times=fault["times"], **how))

    @rule(hours=st.integers(0, 2))
    def wait(self, hours: int) -> None:
        """Let time pass, here and there."""
        self.clock.move(timedelta(hours=hours))
        self.fake.now += hours * 3600

    @rule()
    def sync(self) -> None:
        """Sync over the wire as it is."""
        self.do(self.desk.run())

    @rule(requests=st.integers(0, 12))
    def crash(self, requests: int) -> None:
        """Sync, and be killed after some requests."""
        self.do(self._killed_after(len(self.fake.wire.log) + requests))

    async def _killed_after(self, requests: int) -> None:
        task = asyncio.create_task(self.desk.run())
        while not task.done() and len(self.fake.wire.log) < requests:
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    @precondition(lambda self: hasattr(self, "desk"))
    @invariant()
    def nothing_is_lost(self) -> None:
        """What the helpdesk still has in public is in the bot, unless it was gone at some time."""
        kept = self.do(self.desk.ids())
        assert {self.fake.id_of(number) for number in range(1, 7)} - self.deleted <= kept

    def teardown(self) -> None:
        """Mend the wire, sync once (and confirm what is held): the bot has exactly what the helpdesk has."""
        try:
            if hasattr(self, "desk"):
                self._ends_well()
        finally:
            self.do(self.stack.aclose())
            self.folder.cleanup()

    def _ends_well(self) -> None:
        self.clock.move(timedelta(hours=1))  # a run that was killed holds the lease no longer
        self.fake.wire.faults.clear()
        public = {
            self.fake.id_of(number): article["html"]
            for number, article in self.fake.articles.items()
            if not article["draft"]
        }
        report = self.do(self.desk.run(full=True))
        if not public:  # an empty listing keeps everything, and says so
            return
        assert report.error is None
        assert self.do(self.desk.ids()) - set(report.held) - self.fake.extra == set(public)
        self.do(self.desk.run(accept_removals=True))
        assert self.do(self.desk.ids()) - self.fake.extra == set(public)
        self._all_agree(public)

    def _all_agree(self, public: dict[str, str]) -> None:
        hidden = self.fake.hidden and self.kind is not FakeIntercom  # whose API does not tell
        for article_id, html in public.items():
            article = self.do(self.desk.article(article_id))
            assert f"<p>{article.body.strip()}</p>" == html
            assert article.audience == ({"internal"} if hidden else {"public"})


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop for lives that begin and end outside of any."""
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture(scope="module")
def lasting(loop: asyncio.AbstractEventLoop) -> Iterator[LastingConverter]:
    """A converter for all lives."""
    converter = LastingConverter()
    yield converter
    loop.run_until_complete(converter.end())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", FAKES, ids=lambda fake: fake.__name__.removeprefix("Fake").lower())
def test_one_clean_sync_mends_everything(
    kind: type, loop: asyncio.AbstractEventLoop, lasting: LastingConverter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random edits, deletions, faults, truncations and kills end in exactly the source's articles."""
    monkeypatch.setenv(TOKEN_VARIABLE, "secret-token")
    run_state_machine_as_test(
        type("Life", (Bumpy,), {"kind": kind, "loop": loop, "converter": lasting}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
