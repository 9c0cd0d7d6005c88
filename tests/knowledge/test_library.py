"""The library: what is put is there, what is removed is not, and nothing else changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from knowledge.errors import LeaseLost, RevisionConflict
from knowledge.leases import Leases
from knowledge.library import NEW
from knowledge.models import ArticleRef, SyncPlan
from tests.knowledge.conftest import make_article

if TYPE_CHECKING:
    from knowledge.database import Database
    from knowledge.library import ArticleLibrary
    from tests.knowledge.conftest import Clock

PUBLIC, INTERNAL = frozenset({"public"}), frozenset({"internal"})


async def test_put_and_load(library: ArticleLibrary) -> None:
    """An article comes back exactly as it was put, and `load` keeps the order asked for."""
    full = make_article("a", audience=frozenset({"internal", "team:billing"}))
    bare = make_article("b", url=None, updated_at=None, language=None, labels=(), body="")
    await library.put(full)
    await library.put(bare)
    assert await library.load([bare.ref, ArticleRef("desk", "none"), full.ref]) == [bare, full]
    assert await library.count() == 2


async def test_dates_keep_their_moment(library: ArticleLibrary) -> None:
    """A date in another zone is the same moment afterwards, in UTC; one without a zone is refused."""
    local = datetime(2025, 6, 1, 9, 30, tzinfo=timezone(timedelta(hours=9)))
    await library.put(make_article(updated_at=local))
    [article] = await library.find("reset-password")
    assert article.updated_at == local
    assert article.updated_at.tzinfo is UTC
    with pytest.raises(Exception, match="naive"):
        await library.put(make_article(updated_at=local.replace(tzinfo=None)))


async def test_text_that_a_database_cannot_hold(library: ArticleLibrary) -> None:
    """NUL characters and lone surrogates in the text do not stop an article."""
    await library.put(make_article(body="one\x00two\ud800", title="t\x00"))
    [article] = await library.find("reset-password")
    assert (article.body, article.title) == ("onetwo?", "t")


async def test_known_and_revisions(library: ArticleLibrary) -> None:
    """`known` is of one source, `revisions` of all; neither has what was removed."""
    here, there, gone = make_article("a"), make_article("a", "wiki"), make_article("b")
    for article in (here, there, gone):
        await library.put(article)
    await library.remove(gone.ref)
    assert await library.known("desk") == {"a": here.revision}
    assert await library.revisions() == {here.ref: here.revision, there.ref: there.revision}


async def test_current(library: ArticleLibrary) -> None:
    """`current` gives revision and audience of what is there, whatever the ids look like and how many."""
    articles = [
        make_article(f"{n}?'%/", source, audience=INTERNAL) for n in range(400) for source in ("a", "b")
    ]
    await library.apply(SyncPlan("a", added=tuple(articles)), None)
    await library.remove(articles[0].ref)
    expected = {article.ref: (article.revision, INTERNAL) for article in articles[1:]}
    assert await library.current([article.ref for article in articles] * 2) == expected
    assert await library.current([]) == {}
    assert await library.current([ArticleRef("a", "1?'%/")]) == {
        articles[2].ref: (articles[2].revision, INTERNAL)
    }


async def test_find(library: ArticleLibrary) -> None:
    """An article is found by its id, also with slashes, and by source/id; two sources may share an id."""
    for article in (
        make_article("a"),
        make_article("a", "wiki"),
        make_article("x/y"),
        make_article("y", "x"),
    ):
        await library.put(article)

    async def found(name: str) -> list[str]:
        return [str(article.ref) for article in await library.find(name)]

    assert await found("a") == ["desk/a", "wiki/a"]
    assert await found("wiki/a") == ["wiki/a"]
    assert await found("x/y") == ["desk/x/y", "x/y"]
    assert await found("desk/x/y") == ["desk/x/y"]
    assert await found("%") == []


async def test_summaries(library: ArticleLibrary) -> None:
    """Lists are sorted, and narrowed by source and by audience."""
    await library.put(make_article("b", audience=INTERNAL))
    await library.put(make_article("a", audience=PUBLIC))
    await library.put(make_article("c", "wiki", audience=PUBLIC | INTERNAL))

    async def ids(**narrow: object) -> list[str]:
        return [summary.id for summary in await library.summaries(**narrow)]  # type: ignore[arg-type]

    assert await ids() == ["a", "b", "c"]
    assert await ids(source="desk") == ["a", "b"]
    assert await ids(audience=PUBLIC) == ["a", "c"]
    assert await ids(audience=frozenset()) == []
    [summary] = await library.summaries(source="wiki")
    [article] = await library.find("c")
    assert (summary.ref, summary.title, summary.updated_at) == (
        article.ref,
        article.title,
        article.updated_at,
    )


async def test_put_with_an_expected_revision(library: ArticleLibrary) -> None:
    """An edit of what somebody else changed or removed meanwhile is refused, and changes nothing."""
    first, second, third = (make_article(body=body) for body in ("1", "2", "3"))
    with pytest.raises(RevisionConflict, match="removed meanwhile"):
        await library.put(second, expected_revision=first.revision)
    await library.put(first)
    await library.put(second, expected_revision=first.revision)
    with pytest.raises(RevisionConflict, match="changed meanwhile"):
        await library.put(third, expected_revision=first.revision)
    assert await library.find("reset-password") == [second]


async def test_of_concurrent_edits_one_wins(library: ArticleLibrary) -> None:
    """Of five edits of one revision at once exactly one is taken."""
    first = make_article()
    await library.put(first)
    edits = [library.put(make_article(body=str(n)), expected_revision=first.revision) for n in range(5)]
    results = await asyncio.gather(*edits, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["NoneType"] + ["RevisionConflict"] * 4


async def test_remove_put_and_purge(library: ArticleLibrary, clock: Clock) -> None:
    """A removed article is gone at once, comes back with a put, and is forgotten after 30 days only."""
    article = make_article()
    await library.put(article)
    assert await library.remove(article.ref)
    assert not await library.remove(article.ref)
    assert await library.find("reset-password") == []
    assert (await library.current([article.ref]), await library.summaries()) == ({}, [])
    clock.move(timedelta(days=29))
    assert await library.purge() == 0
    clock.move(timedelta(days=2))
    await library.put(article)
    assert await library.purge() == 0
    assert await library.find("reset-password") == [article]
    await library.remove(article.ref)
    clock.move(timedelta(days=31))
    assert await library.purge() == 1


async def test_apply(library: ArticleLibrary) -> None:
    """A plan of several chunks is applied whole, and what it does not name stays as it was."""
    kept, updated, removed = make_article("kept"), make_article("updated"), make_article("removed")
    elsewhere = make_article("removed", "wiki")
    await library.apply(SyncPlan("desk", added=(kept, updated, removed, elsewhere)), None)
    added = tuple(make_article(f"new-{n}", body="x" * 20_000) for n in range(250))
    changed = make_article("updated", body="changed")
    told: list[tuple[str, int, int | None]] = []
    plan = SyncPlan("desk", added=added, updated=(changed,), removed=("removed", "never there"))
    await library.apply(plan, None, lambda *step: told.append(step))
    assert await library.known("desk") == {a.id: a.revision for a in (kept, changed, *added)}
    assert await library.known("wiki") == {"removed": elsewhere.revision}
    assert len(told) > 5
    assert told[-1] == ("storing articles", 253, 253)


async def test_apply_is_fenced(database: Database, library: ArticleLibrary, clock: Clock) -> None:
    """Who lost the lease applies nothing more."""
    leases = Leases(database, clock)
    lease = await leases.acquire("source:desk", timedelta(seconds=30))
    assert lease is not None
    await library.apply(SyncPlan("desk", added=(make_article("a"),)), lease)
    clock.move(timedelta(seconds=31))
    assert await leases.acquire("source:desk") is not None
    for plan in (SyncPlan("desk", added=(make_article("b"),)), SyncPlan("desk", removed=("a",))):
        with pytest.raises(LeaseLost):
            await library.apply(plan, lease)
    assert list(await library.known("desk")) == ["a"]


async def test_an_article_that_must_be_new(library: ArticleLibrary) -> None:
    """Of two who add one id at the same time, one is told; what was removed does not stand in the way."""
    first, second = make_article("a", body="one"), make_article("a", body="two")
    outcomes = await asyncio.gather(library.put(first, NEW), library.put(second, NEW), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "RevisionConflict"]
    await library.remove(first.ref)
    await library.put(second, NEW)
    assert await library.find("a") == [second]


async def test_what_is_written_within_a_change_goes_with_it(library: ArticleLibrary) -> None:
    """A note that fails leaves neither itself nor the change."""

    async def fail(_connection: object) -> None:
        raise RuntimeError

    article = make_article("a")
    with pytest.raises(RuntimeError):
        await library.put(article, within=fail)
    assert await library.count() == 0
    await library.put(article)
    with pytest.raises(RuntimeError):
        await library.remove(article.ref, within=fail)
    assert await library.count() == 1


async def test_restored_is_as_it_was_for_thirty_days(library: ArticleLibrary, clock: Clock) -> None:
    """To the second; what is there, or was put again, is not restored over."""
    article = make_article("a")
    await library.put(article)
    assert not await library.restore(article.ref)
    await library.remove(article.ref)
    assert [removal.article for removal in await library.removed("desk/a")] == [article]
    assert await library.restore(article.ref)
    assert await library.find("a") == [article]
    await library.remove(article.ref)
    clock.move(timedelta(days=30, seconds=1))
    assert await library.removed() == []
    assert not await library.restore(article.ref)


async def test_search_by_words(library: ArticleLibrary) -> None:
    """All the words, in whatever case, in title, id or text; `%` is a letter like others."""
    await library.put(make_article("vpn", title="The VPN key", body="Rotate it at 100 %."))
    await library.put(make_article("mail", title="Mail", body="Keys of a mailbox."))

    async def found(words: str) -> list[str]:
        return [summary.id for summary in await library.summaries(words=words)]

    assert await found("KEY") == ["mail", "vpn"]
    assert await found("key rotate") == ["vpn"]
    assert await found("100 %") == ["vpn"]
    assert await found("_") == []
