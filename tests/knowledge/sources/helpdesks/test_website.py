"""A web site, by its sitemap or by its links."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from knowledge.errors import PermanentSourceError
from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.website import FakeSite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.knowledge.sources.helpdesks.conftest import Desk

PATHS = [f"/help/{number}" for number in range(1, 7)]
TEXT = "The page tells number {} at such a length that an extractor takes it for an article of its own."


@pytest_asyncio.fixture(loop_scope="session")
async def site(desk: Desk) -> AsyncIterator[FakeSite]:
    """A site with six pages that link each other in a row, which `desk` reads."""
    fake = FakeSite()
    fake.put("/", "Home", TEXT.format(0), ("/help/1", "https://elsewhere.example/x", "mailto:a@b.example"))
    for number, path in enumerate(PATHS, 1):
        fake.put(path, f"Title {number}", TEXT.format(number), (f"/help/{number + 1}#part", "/secret/1"))
    async with fake.running() as url:
        desk.options.clear()
        desk.options |= {"type": "website", "url": f"{url}/", "allow_private": True, "delay": 0}
        desk.options |= {"include": ["/help/*"]}
        yield fake


async def test_by_links(desk: Desk, site: FakeSite) -> None:
    """Links of the same host are followed from the start page; the article is what is in the middle."""
    report = await desk.run()
    assert (report.error, report.failed) == (None, ())
    assert await desk.ids() == {f"{site.url}{path}" for path in PATHS}
    article = await desk.article(f"{site.url}/help/2")
    assert (article.title, article.language, article.url) == ("Title 2", "en", f"{site.url}/help/2")
    assert article.body == f"{TEXT.format(2)}\n\n1. Open the settings page.\n2. Press the red button.\n"
    again = await desk.run()
    assert (again.updated, again.removed, again.error) == (0, 0, None)


async def test_by_sitemap(desk: Desk, site: FakeSite) -> None:
    """A sitemap that robots.txt names says what is read, and unchanged pages are not sent again."""
    site.sitemap = PATHS
    assert (await desk.run()).added == 6
    assert (await desk.run()).unchanged == 6
    assert site.not_modified == 6
    site.put("/help/3", "New title", TEXT.format(33))
    site.sitemap = PATHS[:5]
    report = await desk.run()
    assert (report.updated, report.removed, report.error) == (1, 1, None)
    assert (await desk.run(audience=["internal"])).updated == 5


async def test_robots(desk: Desk, site: FakeSite) -> None:
    """What robots.txt forbids is not asked for."""
    site.put("/secret/1", "Secret", TEXT.format(7))
    site.robots = "User-agent: *\nDisallow: /secret/\nDisallow: /help/6"
    await desk.run(include=[])
    assert not site.wire.paths("/secret/")
    assert await desk.ids() == {f"{site.url}{path}" for path in ["/", *PATHS[:5]]}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/help/2", status=500, times=9),
        Fault("/help/2", truncate=True, times=9),
        Fault("/robots.txt", status=503, times=9),
        Fault("/sitemap.xml", truncate=True, times=9),
        Fault("/sitemap.xml", garbage=True, times=9),
        Fault("/sitemap.xml", status=404),
    ],
)
async def test_a_listing_that_fails_removes_nothing(desk: Desk, site: FakeSite, fault: Fault) -> None:
    """A page, a sitemap or a robots.txt that cannot be read removes nothing, and the report says why."""
    site.sitemap = PATHS
    await desk.run()
    site.sitemap = PATHS[1:]
    site.put("/help/2", "Title 2", TEXT.format(22))
    site.wire.faults.append(Fault(**vars(fault)))
    report = await desk.run()
    assert report.error is not None
    assert len(await desk.ids()) == 6
    site.wire.faults.clear()
    report = await desk.run()
    assert (report.removed, report.error) == (1, None)


async def test_gone_and_moved(desk: Desk, site: FakeSite) -> None:
    """A page that is gone is removed, one that moved is read where it is, also if nothing links to it."""
    await desk.run()
    site.put("/help/1", "Title 1", TEXT.format(1), ("/help/2", "/help/4"))
    del site.pages["/help/3"]
    report = await desk.run()
    assert (report.removed, report.error) == (1, None)
    assert f"{site.url}/help/4" in await desk.ids()


async def test_own_network(desk: Desk, site: FakeSite) -> None:
    """An address of this machine is refused unless the config allows it."""
    report = await desk.run(allow_private=False)
    assert "which is not on the open internet" in str(report.error)
    site.moved["/help/1"] = "http://127.0.0.1:1/"
    await desk.run()
    assert f"{site.url}/help/1" not in await desk.ids()


async def test_check(desk: Desk, site: FakeSite) -> None:
    """`check` tells how many pages there are, or what leaves none."""
    assert (await desk.source().check()).startswith("links from http://127.0.0.1")
    site.sitemap = PATHS
    assert "6 pages in the sitemap" in await desk.source().check()
    with pytest.raises(PermanentSourceError, match="leave no page"):
        await desk.source(include=["/nothing/*"]).check()
