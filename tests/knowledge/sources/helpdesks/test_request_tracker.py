"""Request Tracker, the real one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from knowledge.errors import PermanentSourceError
from tests.fakes.helpdesks.real_rt import MISSING, PASSWORD, USER, RealRt, is_there, running_rt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.knowledge.sources.helpdesks.conftest import Desk

pytestmark = [
    pytest.mark.counterpart("request-tracker"),
    pytest.mark.skipif(not is_there(), reason=MISSING),
    pytest.mark.slow,
]
TEXT = "Open the menu.\n\nPress <Reset>."


@pytest_asyncio.fixture(loop_scope="session")
async def tracker(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RealRt]:
    """A Request Tracker with six articles of class FAQ and one of class Staff, which `desk` reads."""
    async with running_rt(tmp_path) as real:
        for name in ("FAQ", "Staff"):
            await real.post("class", Name=name)
        for number in range(1, 7):
            await real.post("article", Name=f"Title {number}", Class="FAQ", CustomFields={"Content": TEXT})
        await real.post("article", Name="Ours", Class="Staff", CustomFields={"Content": "Secret."})
        monkeypatch.setenv("TEST_HELPDESK_TOKEN", PASSWORD)
        desk.options |= {
            "type": "request_tracker",
            "url": real.url,
            "user": USER,
            "groups": {"Staff": ["staff"]},
        }
        yield real


async def test_a_life_with_the_real_one(desk: Desk, tracker: RealRt) -> None:
    """First sync, no change, an edit, a disabled article (which leaves its lists silently), a disabled class."""
    source = desk.source()
    assert await source.check() == "General, FAQ, Staff at 127.0.0.1"
    await source.close()
    report = await desk.run()
    assert (report.added, report.error, report.failed) == (7, None, ())
    article = await desk.article("1")
    assert (article.title, article.audience) == ("Title 1", {"public"})
    assert article.body == "Open the menu.\n\nPress \\<Reset>.\n"
    assert article.url == f"{tracker.url}/Articles/Article/Display.html?id=1"
    assert (await desk.article("7")).audience == {"staff"}
    assert (await desk.run()).updated == 0

    await tracker.put("article/2", Name="New title", CustomFields={"Content": "New."})
    await tracker.put("article/3", Disabled=1)
    report = await desk.run()
    assert (report.updated, report.removed, report.error) == (1, 1, None)
    assert (await desk.article("2")).body == "New.\n"
    assert await desk.ids() == {"1", "2", "4", "5", "6", "7"}

    await tracker.put("article/3", Disabled=0)
    desk.clock.move(timedelta(days=1))
    report = await desk.run()
    assert (report.added, report.removed, report.error) == (1, 0, None)

    await refuses(desk, user="nobody", match="answered 401; renew the token")
    await refuses(desk, classes=["FAQs"], match="shows no class FAQs")

    await tracker.put("class/2", Disabled=1)  # takes its articles along; as they are many, they wait
    report = await desk.run()
    assert (report.error, report.held) == (None, ("1", "2", "3", "4", "5", "6"))
    assert (await desk.run(accept_removals=True)).removed == 6


async def refuses(desk: Desk, *, match: str, **changes: Any) -> None:
    """Check that a source with these settings says what is wrong."""
    source = desk.source(**changes)
    with pytest.raises(PermanentSourceError, match=match):
        await source.check()
    await source.close()
