"""What only one helpdesk has: translations, solved answers, restrictions of pages, readers of folders."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tests.fakes.helpdesks.confluence import FakeConfluence
from tests.fakes.helpdesks.discourse import FakeDiscourse
from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.freshdesk import FakeFreshdesk
from tests.fakes.helpdesks.intercom import FakeIntercom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fakes.helpdesks.base import FakeHelpdesk
    from tests.knowledge.sources.helpdesks.conftest import Desk


@asynccontextmanager
async def reading(desk: Desk, fake: FakeHelpdesk) -> AsyncIterator[None]:
    """Let the desk read a running helpdesk with three articles."""
    for number in (1, 2, 3):
        fake.put(number, f"Title {number}", f"<p>Text {number}</p>")
    async with fake.running() as url:
        desk.options |= fake.options | {"url": url}
        yield


async def test_translations_of_intercom(desk: Desk) -> None:
    """Each language is an article with its own state and address; one that is unpublished leaves alone."""
    fake = FakeIntercom()
    german = {"title": "Titel", "body": "<p>Öffnen.</p>", "state": "published", "updated_at": 1_700_000_100}
    german |= {"type": "article_content", "url": "https://help.acme.example/de/articles/1"}
    fake.translations[1] = {"de": german, "en": german | {"title": "Title 1"}, "fr": None}
    fake.translations[2] = {"de": german | {"state": "draft"}}
    async with reading(desk, fake):
        report = await desk.run()
        assert (report.error, report.failed) == (None, ())
        assert await desk.ids() == {"1", "1:de", "2", "3"}
        article = await desk.article("1:de")
        assert (article.title, article.body, article.language) == ("Titel", "Öffnen.\n", "de")
        assert article.url == "https://help.acme.example/de/articles/1"
        german["state"] = "draft"
        fake.now += 3600
        fake.put(1, "Title 1", "<p>Text 1</p>")
        assert (await desk.run()).removed == 1
        assert await desk.ids() == {"1", "2", "3"}
        german["state"] = "published"
        await desk.run(full=True, languages=["de"])
        assert (await desk.article("1:de")).title == "Titel"


async def test_signatures_in_addresses_of_intercom_are_no_change(desk: Desk) -> None:
    """A picture's address that is signed anew at each request leaves the article as it is."""
    fake = FakeIntercom()
    html = (
        '<p>Text <img src="https://downloads.intercomcdn.com/i/o/1/a.png?expires={}&amp;req=x" alt="a"></p>'
    )
    async with reading(desk, fake):
        fake.put(1, "Title 1", html.format(1))
        await desk.run()
        fake.articles[1]["html"] = html.format(2)
        assert (await desk.run(full=True)).updated == 0
        assert "a.png)" in (await desk.article("1")).body


async def test_solved_topics_of_discourse(desk: Desk) -> None:
    """The accepted answer stands under the question, also one on a later page; `solved` and `wiki` choose."""
    fake = FakeDiscourse()
    async with reading(desk, fake):
        fake.solutions[1] = "<p>Restart it.</p>"
        fake.wikis.add(2)
        await desk.run()
        assert (await desk.article("1")).body == "Text 1\n\n## Solution\n\nRestart it.\n"
        assert (await desk.article("2")).body == "Text 2\n"
        fake.solutions[1] = "<p>Buy another.</p>"
        report = await desk.run(full=True)
        assert report.updated == 1
        assert (await desk.article("1")).body.endswith("Buy another.\n")
        report = await desk.run(full=True, topics="solved")
        assert set(report.held) == {"2", "3"}
        report = await desk.run(full=True, topics="wiki")
        assert set(report.held) == {"1", "3"}


async def test_restrictions_of_confluence(desk: Desk) -> None:
    """A page is for whom it and every page above it names; changing one touches no version below it."""
    fake = FakeConfluence()
    async with reading(desk, fake):
        await desk.run(groups={"staff": ["staff"]})
        assert (await desk.article("1")).audience == {"public"}
        fake.hide()
        report = await desk.run(groups={"staff": ["staff"]})
        assert (report.updated, report.error) == (4, None)
        for article_id in ("999", "1", "2", "3"):
            assert (await desk.article(article_id)).audience == {"staff"}
        await desk.run(groups={"g-1": ["by-id"]})
        assert (await desk.article("3")).audience == {"by-id"}


@pytest.mark.parametrize(
    ("visibility", "audience"),
    [(1, {"public"}), (2, {"customer"}), (3, {"agent"}), (5, {"internal"}), (77, {"internal"})],
)
async def test_visibility_of_freshdesk(desk: Desk, visibility: int, audience: set[str]) -> None:
    """A folder's readers are those of its articles; what the API has not documented is not for everybody."""
    fake = FakeFreshdesk()
    groups = {"logged-in": ["customer"], "agents": ["agent"]}
    async with reading(desk, fake):
        await desk.run(groups=groups)
        fake.visibility = visibility
        report = await desk.run(groups=groups)
        assert report.error is None
        assert (await desk.article("1")).audience == audience


async def test_an_answer_that_is_not_understood_is_no_evidence(desk: Desk) -> None:
    """A topic that a listing lacks, and whose own page is not as documented, is kept, and the report says why."""
    fake = FakeDiscourse()
    async with reading(desk, fake):
        await desk.run()

        def shorter(page: dict[str, dict[str, list[object]]]) -> object:
            return {"topic_list": {"topics": page["topic_list"]["topics"][:-1]}}

        fake.wire.faults += [
            Fault("/latest.json", change=shorter),
            Fault("/t/1.json", change=lambda _: {"id": 1}),
        ]
        report = await desk.run(full=True)
        assert "1 was not listed, but is there" in str(report.error)
        assert await desk.ids() == {"1", "2", "3"}
