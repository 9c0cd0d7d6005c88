"""Zendesk Guide, against a strict fake that an independent client can read too."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from knowledge.errors import PermanentSourceError
from tests.fakes.helpdesks.faults import Fault
from tests.fakes.helpdesks.zendesk import EMAIL, TOKEN, FakeZendesk
from tests.knowledge.sources.documents import docx, paragraph

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.knowledge.sources.helpdesks.conftest import Desk

STEPS = '<p>Go <a href="/hc/en-us/articles/2">here</a>.</p><ol><li>Open</li><li>Press</li></ol>'


@pytest_asyncio.fixture(loop_scope="session")
async def zendesk(desk: Desk) -> AsyncIterator[FakeZendesk]:
    """A running Zendesk with three articles, which `desk` reads."""
    fake = FakeZendesk()
    fake.desk.categories[1] = {"name": "Help"}
    fake.desk.sections[10] = {"name": "Billing", "category_id": 1, "parent_section_id": None}
    fake.desk.segments[7] = {"name": "Partners", "user_type": "signed_in_users"}
    for number in (1, 2, 3):
        fake.desk.put(number, f"Title {number}", STEPS, section_id=10, label_names=["vat"])
    async with fake.running() as url:
        desk.options |= {"type": "zendesk", "url": url, "email": EMAIL}
        yield fake


async def test_first_sync(desk: Desk, zendesk: FakeZendesk) -> None:
    """Articles come page by page, converted, dated, with their places as labels and absolute links."""
    zendesk.desk.page_size = 2
    report = await desk.run()
    assert (report.added, report.error, report.failed) == (3, None, ())
    article = await desk.article("1:en-us")
    assert article.body == f"Go [here]({zendesk.desk.url}/hc/en-us/articles/2).\n\n1. Open\n2. Press\n"
    assert (article.title, article.language) == ("Title 1", "en-us")
    assert article.labels == ("Help", "Billing", "vat")
    assert article.audience == {"public"}
    assert article.updated_at is not None
    assert len(zendesk.wire.paths("en-us/articles?")) == 2


async def test_later_syncs_ask_for_changes_only(desk: Desk, zendesk: FakeZendesk) -> None:
    """Between full listings only the incremental endpoint and the containers are read."""
    await desk.run()
    zendesk.wire.log.clear()
    zendesk.desk.now += 3600
    zendesk.desk.put(2, "Title 2", "<p>Changed.</p>")
    report = await desk.run()
    assert (report.updated, report.removed, report.error) == (1, 0, None)
    assert (await desk.article("2:en-us")).body == "Changed.\n"
    assert not zendesk.wire.paths("en-us/articles?")
    zendesk.wire.log.clear()
    assert (await desk.run()).updated == 0
    assert not zendesk.wire.paths("attachments")


async def test_deletions_show_in_the_daily_listing(desk: Desk, zendesk: FakeZendesk) -> None:
    """An archived article leaves no trace; the full listing after a day removes it, `--full` at once."""
    await desk.run()
    zendesk.desk.delete(3)
    assert (await desk.run()).removed == 0
    desk.clock.move(timedelta(days=1))
    assert (await desk.run()).removed == 1
    assert await desk.ids() == {"1:en-us", "2:en-us"}


async def test_audiences(desk: Desk, zendesk: FakeZendesk) -> None:
    """A segment takes `public` away; which labels it gives stands in the config; drafts are left out."""
    zendesk.desk.touch(1, user_segment_id=7)
    zendesk.desk.touch(2, user_segment_ids=[99])
    zendesk.desk.put(3, "Draft", "<p>x</p>", draft=True)
    await desk.run(groups={"Partners": ["partner"]})
    assert (await desk.article("1:en-us")).audience == {"partner"}
    assert (await desk.article("2:en-us")).audience == {"internal"}
    assert await desk.ids() == {"1:en-us", "2:en-us"}
    await desk.run(full=True, draft_audience=["editors"], audience=["staff", "public"])
    assert (await desk.article("3:en-us")).audience == {"editors"}
    assert (await desk.article("2:en-us")).audience == {"staff"}


async def test_nothing_becomes_public(desk: Desk, zendesk: FakeZendesk) -> None:
    """What everybody may read in Zendesk has its source's audience and no other."""
    await desk.run(audience=["internal"])
    assert (await desk.article("1:en-us")).audience == {"internal"}
    with pytest.raises(PermanentSourceError, match="public has no place here"):
        desk.source(groups={"7": ["public"]})


async def test_segment_that_changes_lists_everything(desk: Desk, zendesk: FakeZendesk) -> None:
    """A segment's new name moves audiences although no article was touched."""
    zendesk.desk.touch(1, user_segment_id=7)
    await desk.run(groups={"Partners": ["partner"], "Staff": ["staff"]})
    zendesk.desk.segments[7]["name"] = "Staff"
    report = await desk.run(groups={"Partners": ["partner"], "Staff": ["staff"]})
    assert report.updated == 1
    assert (await desk.article("1:en-us")).audience == {"staff"}


async def test_becomes_a_draft(desk: Desk, zendesk: FakeZendesk) -> None:
    """A delta that shows an article as a draft is evidence enough to remove it."""
    await desk.run()
    zendesk.desk.now += 3600
    zendesk.desk.put(3, "Title 3", "<p>x</p>", draft=True)
    assert (await desk.run()).removed == 1


async def test_locales(desk: Desk, zendesk: FakeZendesk) -> None:
    """Each locale of an article is an article, unless the config names the locales."""
    zendesk.desk.locales.append("de")
    zendesk.desk.put(1, "Titel", "<p>Öffnen.</p>", "de")
    await desk.run()
    assert (await desk.article("1:de")).language == "de"
    desk.options["locales"] = ["de"]
    report = await desk.run()
    assert report.held == ("1:en-us", "2:en-us", "3:en-us")


async def test_attachments(desk: Desk, zendesk: FakeZendesk) -> None:
    """The text of a file is part of its article; a broken file is left out."""
    zendesk.desk.files[1] = {
        "Price list.docx": ("application/octet-stream", docx(paragraph("A seat costs 12 euros."))),
        "scan.pdf": ("application/pdf", b"no pdf"),
        "photo.png": ("image/png", b"x"),
    }
    report = await desk.run()
    assert report.failed == ()
    assert (await desk.article("1:en-us")).body.endswith("## Price list.docx\n\nA seat costs 12 euros.\n")
    assert not zendesk.wire.paths("photo.png")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("en-us/articles", status=401, after=1), "answered 401; renew the token"),
        (Fault("en-us/articles", status=500, after=1, times=9), "answered 500; the next sync tries again"),
        (Fault("en-us/articles", truncate=True, after=1, times=9), "broke off its answer"),
        (Fault("en-us/articles", garbage=True, after=1, times=9), "what is no JSON"),
        (Fault("sections", status=403), "let it read sections"),
        (Fault("en-us/articles", status=429, retry_after="3600", after=1), "asks to wait 3600 s"),
        (Fault("en-us/articles", change=lambda page: page | {"meta": None}), "names no next one and no end"),
        (Fault("en-us/articles", change=lambda _: {"articles": None}), "a page without its list"),
        (Fault("en-us/articles", change=lambda _: []), "is not as its API describes it"),
    ],
)
async def test_a_listing_that_fails_removes_nothing(
    desk: Desk, zendesk: FakeZendesk, fault: Fault, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever breaks a listing off, no article goes, the reason is told, and no secret stands in it."""
    zendesk.desk.page_size = 1
    await desk.run()
    zendesk.desk.delete(1)
    zendesk.wire.faults.append(fault)
    report = await desk.run(full=True)
    assert said in str(report.error)
    assert TOKEN not in str(report) + "".join(capfd.readouterr())
    assert await desk.ids() == {"1:en-us", "2:en-us", "3:en-us"}
    zendesk.wire.faults.clear()
    report = await desk.run()
    assert report.error is None


async def test_passing_faults_are_waited_out(desk: Desk, zendesk: FakeZendesk) -> None:
    """A 503, a 429 with Retry-After and a cut answer are repeated."""
    zendesk.wire.faults += [
        Fault("sections", status=503),
        Fault("articles", status=429, retry_after="0"),
        Fault("attachments", truncate=True, times=2),
    ]
    report = await desk.run()
    assert (report.added, report.error, report.failed) == (3, None, ())


async def test_one_bad_article(desk: Desk, zendesk: FakeZendesk) -> None:
    """A bad article keeps its last good revision, and the others go on."""
    await desk.run()

    def spoil(page: dict[str, list[dict[str, object]]]) -> object:
        page["articles"][1]["title"] = None
        page["articles"][2]["body"] = " "
        return page

    zendesk.desk.put(1, "New title", "<p>x</p>")
    zendesk.wire.faults.append(Fault("en-us/articles", change=spoil))
    report = await desk.run(full=True)
    assert [failed.article_id for failed in report.failed] == ["2:en-us", "3:en-us"]
    assert "a wrong title" in report.failed[0].reason
    assert (await desk.article("2:en-us")).title == "Title 2"
    assert (await desk.article("1:en-us")).title == "New title"


async def test_empty_listing(desk: Desk, zendesk: FakeZendesk) -> None:
    """A help centre that is suddenly empty loses nothing."""
    await desk.run()
    for number in (1, 2, 3):
        zendesk.desk.delete(number)
    report = await desk.run(full=True)
    assert "they were kept" in str(report.error)
    assert len(await desk.ids()) == 3


async def test_check(desk: Desk, zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` tells what is there, or what to mend."""
    source = desk.source()
    assert await source.check() == "1 sections in en-us at 127.0.0.1"
    await source.close()
    monkeypatch.setenv("TEST_HELPDESK_TOKEN", "wrong")
    source = desk.source()
    with pytest.raises(PermanentSourceError, match="answered 401; renew the token"):
        await source.check()
    await source.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": None}, 'set url = "https://acme.zendesk.com"'),
        ({"url": "http://acme.zendesk.com"}, "url is not encrypted"),
        ({"url": "https://me:secret-token@acme.zendesk.com"}, "url has a password in it"),
        ({"url": "acme"}, "no http or https address"),
        ({"token_env": None}, "it needs a Zendesk API token"),
        ({"token_env": "NOT_SET_AT_ALL"}, "is not set"),
        ({"locale": ["de"]}, "locale is not known to the type zendesk; did you mean"),
    ],
)
def test_wrong_settings(desk: Desk, changes: dict[str, object], said: str) -> None:
    """A wrong table is refused with what to do, and without its secrets."""
    desk.options |= {"type": "zendesk", "url": "https://acme.zendesk.com", "email": EMAIL}
    with pytest.raises(PermanentSourceError) as raised:
        desk.source(**changes)
    assert said in str(raised.value)
    assert TOKEN not in str(raised.value)


@pytest.mark.counterpart("zenpy")
async def test_an_independent_client_reads_the_fake(
    zendesk: FakeZendesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zenpy, which knows the real Zendesk, pages through our fake."""
    zenpy = pytest.importorskip("zenpy", reason="needs zenpy: pip install 'helpdesk-bot[dev]'")
    zendesk.desk.page_size = 2
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def read() -> tuple[list[str], list[int], list[str]]:
        subdomain, _, domain = zendesk.desk.url.removeprefix("http://").partition(".")
        client = zenpy.Zenpy(subdomain=subdomain, domain=domain, email=EMAIL, token=TOKEN)
        titles = [article.title for article in client.help_center.articles()]
        changed = [article.id for article in client.help_center.articles.incremental(start_time=1)]
        return titles, changed, [section.name for section in client.help_center.sections()]

    titles, changed, sections = await asyncio.to_thread(read)
    assert titles == ["Title 1", "Title 2", "Title 3"]
    assert set(changed) == {1, 2, 3}
    assert sections == ["Billing"]
