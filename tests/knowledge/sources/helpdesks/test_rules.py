"""The rules that hold for every helpdesk, tried on each of them over a real wire."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from knowledge.errors import PermanentSourceError
from tests.fakes.helpdesks.base import TOKEN, FakeHelpdesk
from tests.fakes.helpdesks.confluence import FakeConfluence
from tests.fakes.helpdesks.discourse import FakeDiscourse
from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.freshdesk import FakeFreshdesk
from tests.fakes.helpdesks.helpscout import FakeHelpScout
from tests.fakes.helpdesks.intercom import FakeIntercom
from tests.fakes.helpdesks.zammad import FakeZammad

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.knowledge.sources.helpdesks.conftest import Desk

FAKES = [FakeFreshdesk, FakeIntercom, FakeZammad, FakeHelpScout, FakeDiscourse, FakeConfluence]
HTML = '<p>Go <a href="https://acme.example/x">here</a>.</p><ol><li>Open</li><li>Press</li></ol>'
TEXT = "Go [here](https://acme.example/x).\n\n1. Open\n2. Press\n"


@pytest_asyncio.fixture(
    loop_scope="session", params=FAKES, ids=lambda fake: fake.__name__.removeprefix("Fake").lower()
)
async def fake(request: pytest.FixtureRequest, desk: Desk) -> AsyncIterator[FakeHelpdesk]:
    """A running helpdesk with six articles, which `desk` reads."""
    helpdesk: FakeHelpdesk = request.param()
    helpdesk.page_size = 2
    for number in range(1, 7):
        helpdesk.put(number, f"Title {number}", HTML)
    async with helpdesk.running() as url:
        desk.options |= helpdesk.options | {"url": url}
        yield helpdesk


async def held(desk: Desk, fake: FakeHelpdesk) -> set[str]:
    """Give the ids that the bot holds, without those that are always there."""
    return await desk.ids() - fake.extra


def ids(fake: FakeHelpdesk, *numbers: int) -> set[str]:
    """Give the bot's ids of these articles, of all without any."""
    return {fake.id_of(number) for number in numbers or fake.articles}


async def test_first_and_second_sync(desk: Desk, fake: FakeHelpdesk) -> None:
    """Everything comes once, converted and dated; a second sync changes nothing and fetches no text."""
    report = await desk.run()
    assert (report.error, report.failed) == (None, ())
    assert await held(desk, fake) == ids(fake)
    article = await desk.article(fake.id_of(1))
    assert (article.title, article.body, article.audience) == ("Title 1", TEXT, {"public"})
    assert article.updated_at is not None
    assert article.url is not None
    assert article.labels
    assert TOKEN not in " ".join(fake.wire.log)
    again = await desk.run()
    assert (again.added, again.updated, again.removed, again.error) == (0, 0, 0, None)


async def test_edits_and_deletions(desk: Desk, fake: FakeHelpdesk) -> None:
    """An edit shows at the next sync, a deletion after a day at the latest."""
    await desk.run()
    fake.now += 3600
    fake.put(2, "New title", "<p>New text.</p>")
    report = await desk.run()
    assert (report.updated, report.error) == (1, None)
    assert (await desk.article(fake.id_of(2))).body == "New text.\n"
    fake.delete(3)
    desk.clock.move(timedelta(days=1))
    report = await desk.run()
    assert (report.removed, report.error) == (1, None)
    assert await held(desk, fake) == ids(fake)


async def test_drafts(desk: Desk, fake: FakeHelpdesk) -> None:
    """What is unpublished leaves; with a draft_audience it stays for those who hold it, where there are drafts."""
    await desk.run()
    fake.now += 3600
    fake.put(2, "Title 2", HTML, draft=True)
    assert (await desk.run()).removed == 1
    assert await held(desk, fake) == ids(fake, 1, 3, 4, 5, 6)


async def test_hidden_container(desk: Desk, fake: FakeHelpdesk) -> None:
    """A container that is hidden takes `public` from its articles, although none of them changed."""
    if isinstance(fake, FakeIntercom):
        pytest.skip("Intercom's API tells nothing of who sees a collection")
    await desk.run()
    fake.hide()
    report = await desk.run()
    assert report.error is None
    for number in fake.articles:
        assert (await desk.article(fake.id_of(number))).audience == {"internal"}


async def test_nothing_becomes_public(desk: Desk, fake: FakeHelpdesk) -> None:
    """What everybody may read there has the source's own audience here."""
    await desk.run(audience=["team:billing"])
    assert (await desk.article(fake.id_of(1))).audience == {"team:billing"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=401),
        Fault(status=500, times=9),
        Fault(status=404),
        Fault(truncate=True, times=9),
        Fault(garbage=True, times=9),
        Fault(status=429, retry_after="3600"),
        Fault(change=lambda _: {"nothing": "here"}),
        Fault(change=lambda _: "text"),
    ],
    ids=["401", "500", "404", "truncated", "login page", "429", "no list", "no object"],
)
async def test_a_listing_that_fails_removes_nothing(
    desk: Desk, fake: FakeHelpdesk, fault: Fault, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever breaks a listing off, no article goes, the reason is told, and no secret stands in it."""
    await desk.run()
    fake.delete(1)
    again = Fault(**{**vars(fault), "path": fake.listing, "after": fake.second_page})
    fake.wire.faults.append(again)
    desk.clock.move(timedelta(days=1))
    report = await desk.run(full=True)
    assert report.error is not None
    assert "desk" in report.error
    assert await held(desk, fake) == ids(fake, 1, 2, 3, 4, 5, 6)
    assert TOKEN not in str(report) + "".join(capfd.readouterr())
    fake.wire.faults.clear()
    assert (await desk.run()).error is None
    assert await held(desk, fake) == ids(fake)


async def test_passing_faults_are_waited_out(desk: Desk, fake: FakeHelpdesk) -> None:
    """A 503, a 429 with Retry-After and cut answers are repeated."""
    fake.wire.faults += [Fault(status=503), Fault(status=429, retry_after="0"), Fault(truncate=True, times=2)]
    report = await desk.run()
    assert (report.error, report.failed) == (None, ())
    assert await held(desk, fake) == ids(fake)


async def test_one_bad_article(desk: Desk, fake: FakeHelpdesk) -> None:
    """An article without a text keeps its last good revision, and the others go on."""
    await desk.run()
    fake.now += 3600
    fake.put(1, "Title 1", " ")
    fake.put(2, "Title 2", "<p>New.</p>")
    report = await desk.run()
    assert [failed.article_id for failed in report.failed] == [fake.id_of(1)]
    assert (await desk.article(fake.id_of(1))).body == TEXT
    assert (await desk.article(fake.id_of(2))).body == "New.\n"


async def test_empty_listing(desk: Desk, fake: FakeHelpdesk) -> None:
    """A helpdesk that is suddenly empty loses nothing: all were kept, or wait for an admin."""
    await desk.run()
    for number in list(fake.articles):
        fake.delete(number)
    report = await desk.run(full=True)
    assert "they were kept" in str(report.error) or report.held
    assert await held(desk, fake) == ids(fake, 1, 2, 3, 4, 5, 6)


async def test_check(desk: Desk, fake: FakeHelpdesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` tells what is there, or to renew the token."""
    source = desk.source()
    assert "127.0.0.1" in await source.check()
    await source.close()
    monkeypatch.setenv("TEST_HELPDESK_TOKEN", "wrong")
    source = desk.source()
    with pytest.raises(PermanentSourceError, match="answered 401; renew the token"):
        await source.check()
    await source.close()
