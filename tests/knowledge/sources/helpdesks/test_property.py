"""Whatever happens to a helpdesk and to the bot, a clean sync mends it, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

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

from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.zendesk import EMAIL, FakeZendesk
from tests.knowledge.conftest import Clock
from tests.knowledge.sources.helpdesks.conftest import TOKEN_VARIABLE, opened_desk

NUMBERS = st.integers(1, 8)
FAULTS = st.fixed_dictionaries(
    {
        "path": st.sampled_from(["en-us/articles", "articles", "sections", "translations", "segments", ""]),
        "after": st.integers(0, 4),
        "times": st.integers(1, 6),
    }
)


class Bumpy(RuleBasedStateMachine):
    """A Zendesk that is edited while the bot syncs it over a bad wire and is killed now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.stack = contextlib.AsyncExitStack()
        self.fake = FakeZendesk()
        self.clock = Clock()
        self.deleted: set[str] = set()
        self.held: set[str] = set()

    def do(self, work: Any) -> Any:
        """Run a coroutine to its end."""
        return self.loop.run_until_complete(work)

    @initialize(page_size=st.integers(1, 3))
    def start(self, page_size: int) -> None:
        """Begin with six articles that the bot holds."""
        self.fake.desk.page_size = page_size
        for number in range(1, 7):
            self.fake.desk.put(number, f"Title {number}", f"<p>Text {number}</p>")
        url = self.do(self.stack.enter_async_context(self.fake.running()))
        self.desk = self.do(self.stack.enter_async_context(opened_desk(Path(self.folder.name), self.clock)))
        options = {"type": "zendesk", "url": url, "email": EMAIL, "attempts": 2, "attachments": False}
        self.desk.options |= options | {"token_env": TOKEN_VARIABLE, "full_every": "1h"}
        assert self.do(self.desk.run()).added == 6

    @rule(number=NUMBERS, text=st.sampled_from(["a", "b", "c"]), draft=st.booleans())
    def write(self, number: int, text: str, draft: bool) -> None:  # noqa: FBT001
        """Write an article, perhaps as a draft: that may take it away as well."""
        self.fake.desk.put(number, f"Title {number}", f"<p>Text {text}</p>", draft=draft)
        if draft:
            self.deleted.add(f"{number}:en-us")

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        """Archive an article."""
        if number in self.fake.desk.articles:
            self.fake.desk.delete(number)
            self.deleted.add(f"{number}:en-us")

    @rule(fault=FAULTS, status=st.sampled_from([401, 403, 404, 429, 500, 503]))
    def break_status(self, fault: dict[str, Any], status: int) -> None:
        """Answer some requests with an error."""
        self.fake.wire.faults.append(Fault(status=status, **fault))

    @rule(fault=FAULTS, how=st.sampled_from(["truncate", "garbage"]))
    def break_body(self, fault: dict[str, Any], how: str) -> None:
        """Cut some answers off, or put a login page in their place."""
        self.fake.wire.faults.append(Fault(**fault, **{how: True}))

    @rule(fault=FAULTS, list_name=st.sampled_from(["articles", "sections", "translations"]))
    def forget_end(self, fault: dict[str, Any], list_name: str) -> None:
        """Leave out of some answers whether there is a next page, or the list itself."""

        def change(page: Any) -> Any:
            return {key: value for key, value in page.items() if key not in {list_name, "meta"}}

        self.fake.wire.faults.append(Fault(**fault, change=change))

    @rule(hours=st.integers(0, 2))
    def wait(self, hours: int) -> None:
        """Let time pass, here and there."""
        self.clock.move(timedelta(hours=hours))
        self.fake.desk.now += hours * 3600

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
        assert {f"{number}:en-us" for number in range(1, 7)} - self.deleted <= kept

    def teardown(self) -> None:
        """Mend the wire, sync once (and confirm what is held): the bot has exactly what the helpdesk has."""
        if hasattr(self, "desk"):
            self.fake.wire.faults.clear()
            public = {f"{n}:en-us" for (n, _), text in self.fake.desk.texts.items() if not text["draft"]}
            report = self.do(self.desk.run(full=True))
            if public:  # an empty listing keeps everything, and says so
                assert report.error is None
                assert self.do(self.desk.ids()) - set(report.held) == public
                self.do(self.desk.run(accept_removals=True))
                assert self.do(self.desk.ids()) == public
                self._texts_agree(public)
        self.do(self.stack.aclose())
        self.loop.close()
        self.folder.cleanup()

    def _texts_agree(self, public: set[str]) -> None:
        for article_id in public:
            article = self.do(self.desk.article(article_id))
            text = self.fake.desk.texts[int(article_id.partition(":")[0]), "en-us"]
            assert f"<p>{article.body.strip()}</p>" == text["body"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_one_clean_sync_mends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random edits, deletions, faults, truncations and kills end in exactly the source's articles."""
    monkeypatch.setenv(TOKEN_VARIABLE, "secret-token")
    run_state_machine_as_test(
        Bumpy,
        settings=settings(
            max_examples=8, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
