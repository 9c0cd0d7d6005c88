"""ArticleIndex: in step with the library, resumable, fresh across processes, and never more than one may read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from knowledge.errors import PassageIndexError
from knowledge.index import ArticleIndex
from knowledge.models import ArticleRef, ScoredPassage
from knowledge.stores.query import plan_query
from knowledge.stores.snapshot import kept_until
from knowledge.stores.store import PassageStore
from tests.knowledge.stores.doubles import HashEmbedding, HashModel, Shelf, article

if TYPE_CHECKING:
    from pathlib import Path

EXPORT = article(
    "export", "Open settings and press export to get your data as CSV.", title="Export your data"
)
INVOICE = article("invoice", "Invoices are under billing.", title="Find an invoice")
SECRET = article("keys", "The signing key for invoices lies in the vault.", audience=frozenset({"internal"}))


async def find(
    index: ArticleIndex,
    embedding: HashEmbedding,
    text: str,
    audience: frozenset[str] | None = None,
    **scope: frozenset[str],
) -> list[ScoredPassage]:
    """Search as the pipeline does."""
    vectors = np.stack([embedding.vector(part) for part in plan_query(text).texts])
    return await index.search(vectors, text, audience=audience, **scope)


def articles_of(found: list[ScoredPassage]) -> list[str]:
    """Give the ids of the articles found."""
    return [scored.passage.article.id for scored in found]


@pytest.fixture
def embedding() -> HashEmbedding:
    """Words as vectors."""
    return HashEmbedding()


@pytest.fixture
def shelf() -> Shelf:
    """Two public articles and an internal one."""
    shelf = Shelf()
    shelf.put(EXPORT, INVOICE, SECRET)
    return shelf


@pytest.fixture
async def index(tmp_path: Path, embedding: HashEmbedding):
    """An open, empty index."""
    index = ArticleIndex(tmp_path / "index", embedding)
    await index.open()
    yield index
    await index.close()


async def test_what_the_library_holds_is_found(index, embedding, shelf):
    """After a reconcile the index knows each article's revision and finds it by its words."""
    assert await index.reconcile(shelf) == 3
    assert index.known() == await shelf.revisions()
    found = await find(index, embedding, "how do I export my data?")
    assert found[0].passage.article == EXPORT.ref
    assert found[0].passage.text == EXPORT.body
    assert found[0].dense > 0.1
    assert found[0].keyword > 0


async def test_nothing_changed_embeds_nothing_and_keeps_the_version(index, embedding, shelf):
    """A second reconcile of the same library does nothing."""
    await index.reconcile(shelf)
    version = index.version()
    assert await index.reconcile(shelf) == 0
    assert index.version() == version
    assert len(embedding.embedded) == 3


async def test_a_changed_article_embeds_its_changed_passages_only(index, embedding, shelf):
    """One of two sections edited: one passage is embedded."""
    shelf.put(article("two", "# One\n\nfirst part\n\n# Two\n\nsecond part", title="Both"))
    await index.reconcile(shelf)
    before = index.version()
    embedding.embedded.clear()
    shelf.put(article("two", "# One\n\nfirst part\n\n# Two\n\nanother part", title="Both"))
    assert await index.reconcile(shelf) == 1
    assert embedding.embedded == ["Both\nTwo\nanother part"]
    assert index.version() > before
    assert [passage.text for passage in index.passages_of(ArticleRef("help", "two"))] == [
        "first part",
        "another part",
    ]


async def test_a_change_of_audience_embeds_nothing_and_hides_at_once(index, embedding, shelf):
    """Who may read an article is no part of its vector."""
    await index.reconcile(shelf)
    hidden = article(EXPORT.id, EXPORT.body, title=EXPORT.title, audience=frozenset({"internal"}))
    shelf.put(hidden)
    assert await index.reconcile(shelf) == 0
    assert EXPORT.id not in articles_of(await find(index, embedding, "export data", frozenset({"public"})))


async def test_an_article_made_anew_is_embedded_whole_and_found_meanwhile(index, embedding, shelf):
    """Asked for by name, an article that did not change is embedded again; the others are not."""
    await index.reconcile(shelf)
    ref = next(iter(await shelf.revisions()))
    passages = index.passages_of(ref)
    assert await index.reconcile(shelf, None, [ref]) == len(passages)
    assert index.passages_of(ref) == passages


async def test_a_removed_article_is_gone(index, embedding, shelf):
    """What left the library is neither known nor found."""
    await index.reconcile(shelf)
    del shelf.articles[EXPORT.ref]
    await index.reconcile(shelf)
    assert EXPORT.ref not in index.known()
    assert EXPORT.id not in articles_of(await find(index, embedding, "export data"))


async def test_filters_apply_before_ranking(index, embedding, shelf):
    """Whoever may not read an article gets the next best, not fewer."""
    await index.reconcile(shelf)
    found = await find(index, embedding, "signing key for invoices", frozenset({"public"}))
    assert sorted(articles_of(found)) == ["export", "invoice"]
    found = await find(index, embedding, "signing key", frozenset({"internal"}))
    assert articles_of(found) == ["keys"]
    found = await find(index, embedding, "invoices", exclude=frozenset({"keys", "export"}))
    assert articles_of(found) == ["invoice"]
    assert await find(index, embedding, "invoices", sources=frozenset({"other"})) == []


async def test_an_article_without_text_is_known_and_has_no_passages(index, shelf):
    """It would otherwise be read again by each sync."""
    empty = article("empty", "\n\n")
    shelf.put(empty)
    await index.reconcile(shelf)
    assert index.known()[empty.ref] == empty.revision
    assert index.passages_of(empty.ref) == []


async def test_a_killed_run_embeds_only_what_is_missing(tmp_path, shelf):
    """The vectors of finished batches are kept, even when no article was whole yet."""
    shelf.put(
        article("long", "\n\n".join(f"# Part {number}\n\nwords of part {number}" for number in range(20)))
    )
    dying = HashEmbedding(fail_after_batches=3)
    index = ArticleIndex(tmp_path / "index", dying)
    with pytest.raises(ConnectionAbortedError):
        await index.reconcile(shelf)
    await index.close()
    fresh = HashEmbedding()
    index = ArticleIndex(tmp_path / "index", fresh)
    assert await index.reconcile(shelf) == 23 - len(dying.embedded) == len(fresh.embedded)
    assert index.known() == await shelf.revisions()
    await index.close()


async def test_another_process_s_writes_are_seen(tmp_path, index, embedding, shelf):
    """A second index over the same folder finds what the first wrote, and sees the version move."""
    other = ArticleIndex(tmp_path / "index", embedding)
    await other.open()
    assert await find(other, embedding, "export data") == []
    before = other.version()
    await index.reconcile(shelf)
    assert other.version() == index.version() > before
    assert articles_of(await find(other, embedding, "export data"))[0] == "export"
    await other.close()


async def test_what_others_wrote_is_taken_up_beside_once_it_is_seen(tmp_path, index, embedding, shelf):
    """Whoever sees the version move starts it, and the end of a sync does it: the next search finds it done."""
    await index.reconcile(shelf)
    await index.warm()
    other = ArticleIndex(tmp_path / "index", embedding)
    await other.open()
    store = PassageStore(tmp_path / "index" / f"{index.version().generation}.sqlite")
    assert store.standing() == (index.version().counter, False)  # nothing was read, nothing is behind
    store.follow()
    assert store.standing()[1] is False
    assert store.count() == 3
    shelf.put(article("new", "Something quite new.", title="News"))
    await other.reconcile(shelf)
    assert store.standing() == (other.version().counter, True)
    store.follow()
    assert store.standing() == (other.version().counter, False)
    store.close()
    assert index.version() == other.version()
    index._beside.result()
    with index._current.using() as current:
        assert not current.store.standing()[1]
    await other.close()


async def test_passages_of_an_article_are_the_newest_before_the_first_search_and_after(
    tmp_path, index, embedding, shelf
):
    """From the file, and from memory; another source's article of the same id is another."""
    twin = replace(EXPORT, source="wiki", body="Of another source.")
    shelf.put(twin)
    await index.reconcile(shelf)
    cold = ArticleIndex(tmp_path / "index", embedding)
    await cold.open()
    from_file = cold.passages_of(EXPORT.ref)
    assert [passage.text for passage in from_file] == [EXPORT.body]
    await index.warm()
    assert index.passages_of(EXPORT.ref) == from_file
    assert [passage.text for passage in index.passages_of(twin.ref)] == ["Of another source."]
    shelf.put(article(EXPORT.id, "Exports are gone.", title=EXPORT.title))
    await cold.reconcile(shelf)
    assert [passage.text for passage in index.passages_of(EXPORT.ref)] == ["Exports are gone."]
    assert index.passages_of(ArticleRef("help", "unknown")) == []
    await cold.close()


async def test_a_rebuild_switches_everyone_and_leaves_one_file(tmp_path, index, embedding, shelf):
    """Another process follows the switch, and the old generation's file goes when nobody uses it."""
    other = ArticleIndex(tmp_path / "index", embedding)
    await other.open()
    await index.reconcile(shelf)
    before = index.version()
    assert await index.rebuild(shelf) == 3
    assert other.version() == index.version()
    assert index.version().generation != before.generation
    assert articles_of(await find(other, embedding, "export data"))[0] == "export"
    await other.close()
    assert len(list((tmp_path / "index").glob("*.sqlite"))) == 1


async def test_a_killed_rebuild_answers_from_the_old_and_is_taken_up(tmp_path, embedding, shelf):
    """Until the new generation is whole the old one answers; the next rebuild embeds what the first left."""
    dying = HashEmbedding(batch_size=1)
    index = ArticleIndex(tmp_path / "index", dying)
    await index.reconcile(shelf)
    dying.embedded.clear()
    dying.fail_after_batches = 2
    before = index.version()
    with pytest.raises(ConnectionAbortedError):
        await index.rebuild(shelf)
    assert index.version() == before
    assert articles_of(await find(index, dying, "export data"))[0] == "export"
    dying.fail_after_batches = None
    assert await index.rebuild(shelf) == 1
    assert index.version().generation != before.generation
    await index.close()


async def test_another_model_rebuilds_and_until_then_keywords_answer(tmp_path, embedding, shelf):
    """Vectors of two models are never compared, whatever their length."""
    index = ArticleIndex(tmp_path / "index", embedding)
    await index.reconcile(shelf)
    await index.close()
    other = HashEmbedding(HashModel("hash-2", 32, 64))
    index = ArticleIndex(tmp_path / "index", other)
    found = await find(index, other, "export data")
    assert [scored.dense for scored in found] == [0.0]
    assert await index.reconcile(shelf) == 3
    assert (await find(index, other, "export data"))[0].dense > 0
    assert await index.reconcile(shelf) == 0
    await index.close()


@pytest.mark.parametrize("damage", ["no database", "torn page"])
async def test_a_damaged_file_is_set_aside_and_rebuilt(tmp_path, embedding, shelf, damage):
    """The next reconcile finds an empty index and fills it; the damaged file is kept beside."""
    folder = tmp_path / "index"
    index = ArticleIndex(folder, embedding)
    shelf.put(*(article(f"a{number}", f"filler {number} " * 200) for number in range(30)))
    await index.reconcile(shelf)
    await index.close()
    (path,) = folder.glob("*.sqlite")
    content = bytearray(path.read_bytes())
    start, stop = (0, 4096) if damage == "no database" else (8192, len(content) - 4096)
    content[start:stop] = b"x" * (stop - start)
    path.write_bytes(content)
    index = ArticleIndex(folder, embedding)
    await index.open()
    try:
        await index.reconcile(shelf)
    except PassageIndexError:
        await index.reconcile(shelf)
    assert index.known() == await shelf.revisions()
    assert articles_of(await find(index, embedding, "export data"))[0] == "export"
    assert list(folder.glob("*.damaged"))
    await index.close()


async def test_progress_reaches_its_total(index, shelf):
    """The last report of each stage says that all of it is done."""
    seen: dict[str, tuple[int, int]] = {}
    await index.reconcile(shelf, lambda label, done, total: seen.update({label: (done, total)}))
    assert seen == {"reading articles": (3, 3), "embedding passages": (3, 3)}


async def test_vectors_that_do_not_fit_the_plan_are_refused(index):
    """A caller that embedded something else gets an error, not a wrong ranking."""
    with pytest.raises(ValueError, match="5 vectors"):
        await index.search(np.zeros((5, 64), np.float32), "question", audience=None)


async def test_a_sync_leaves_the_next_start_its_snapshot(index, embedding, shelf, monkeypatch, tmp_path):
    """Who only syncs, as the command line does, spares a bot that starts later the making; so does a rebuild."""
    monkeypatch.setattr("knowledge.stores.store.WORTH_KEEPING", 1)
    for write in (index.reconcile, index.rebuild):
        await write(shelf)
        generation, counter = index.version()
        assert kept_until(tmp_path / "index" / f"{generation}.sqlite") == counter
    assert await find(index, embedding, "how do I export my data?")
