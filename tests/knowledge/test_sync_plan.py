"""Planning a sync: nothing is removed without evidence, and nothing is passed over in silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.models import Article, Failed, Found, ListingComplete, Removed, SyncPlan, Unchanged
from knowledge.sync import plan_sync
from tests.knowledge.conftest import make_article

IDS = st.sampled_from("abcdefgh")
REVISIONS = st.sampled_from(["1", "2", "3"])
KNOWN = st.dictionaries(IDS, REVISIONS)
ARTICLES = st.builds(lambda i, r: make_article(i, revision=r), IDS, REVISIONS)
ITEMS = st.one_of(
    ARTICLES,
    st.builds(Unchanged, IDS),
    st.builds(Removed, IDS),
    st.builds(Failed, IDS, st.just("broken")),
)
LISTINGS = st.lists(ITEMS, max_size=12)


def _applied(plan: SyncPlan, known: dict[str, str]) -> dict[str, str]:
    changed = {article.id: article.revision for article in (*plan.added, *plan.updated)}
    return {key: value for key, value in known.items() if key not in plan.removed} | changed


@given(KNOWN, LISTINGS)
def test_removes_on_positive_evidence_only(known: dict[str, str], found: list[Found]) -> None:
    """A listing that did not end removes only what it says is gone."""
    said_gone = {item.article_id for item in found if isinstance(item, Removed)}
    assert set(plan_sync("desk", known, found).removed) <= said_gone & set(known)


@given(KNOWN, st.dictionaries(IDS, REVISIONS, min_size=1))
def test_applying_the_plan_gives_the_listing(known: dict[str, str], listed: dict[str, str]) -> None:
    """After a whole listing the bot holds exactly what was listed; each kind of change is told apart."""
    found: list[Found] = [
        Unchanged(i) if known.get(i) == r == "3" else make_article(i, revision=r) for i, r in listed.items()
    ]
    plan = plan_sync("desk", known, [*found, ListingComplete()], accepted=known)
    assert _applied(plan, known) == listed
    assert {article.id for article in plan.added} == listed.keys() - known.keys()
    assert {article.id for article in plan.updated} == {
        i for i in listed if i in known and known[i] != listed[i]
    }
    assert set(plan.removed) == known.keys() - listed.keys()
    assert plan.unchanged + len(plan.added) + len(plan.updated) == len(listed)
    assert plan.failed == ()
    again = plan_sync("desk", listed, [*found, ListingComplete()])
    assert again.is_empty
    assert again.unchanged == len(listed)


@given(KNOWN, LISTINGS, st.booleans())
def test_every_item_is_accounted_for(known: dict[str, str], found: list[Found], complete: bool) -> None:  # noqa: FBT001
    """No article is changed twice, and a failed or listed one is never removed by absence."""
    plan = plan_sync("desk", known, [*found, ListingComplete()] if complete else found)
    touched = [article.id for article in (*plan.added, *plan.updated)]
    assert not [name for name, times in Counter([*touched, *plan.removed]).items() if times > 1]
    assert set(plan.removed) <= set(known)
    assert not set(touched) & {article.id for article in plan.added} & set(known)
    last: dict[str, Found] = {}
    for item in found:
        if not isinstance(item, ListingComplete):
            last[item.id if isinstance(item, Article) else item.article_id] = item
    for article_id, item in last.items():
        assert isinstance(item, Removed) or article_id not in plan.removed


@given(st.lists(REVISIONS, min_size=2, max_size=5))
def test_duplicates_are_named(revisions: list[str]) -> None:
    """Of articles with one id the first counts, and each of the others is named."""
    found = [make_article("a", title=f"Title {n}", revision=r) for n, r in enumerate(revisions)]
    plan = plan_sync("desk", {}, found)
    assert plan.added == (found[0],)
    assert [failed.article_id for failed in plan.failed] == ["a"] * (len(found) - 1)
    assert "two articles have the id a: “Title 0” was taken, “Title 1” was left out" in plan.failed[0].reason


@pytest.mark.parametrize(
    "first",
    [Unchanged("a"), make_article("a", revision="1")],
    ids=["unchanged", "article"],
)
def test_a_duplicate_of_what_is_unchanged(first: Found) -> None:
    """A second article with the id of an unchanged one does not replace it."""
    plan = plan_sync("desk", {"a": "1"}, [first, make_article("a", revision="2"), ListingComplete()])
    assert plan.is_empty
    assert len(plan.failed) == 1


def test_failed_articles_keep_their_last_good_revision() -> None:
    """What could not be read is neither changed nor removed, and the rest goes on."""
    known = {"a": "1", "b": "1", "c": "1"}
    found = [Failed("a", "broken PDF"), make_article("b", revision="2"), ListingComplete()]
    plan = plan_sync("desk", known, found)
    assert plan.removed == ("c",)
    assert plan.failed == (Failed("a", "broken PDF"),)
    assert [article.id for article in plan.updated] == ["b"]


def test_a_failure_without_an_id_keeps_everything() -> None:
    """When it is not known which article failed, none is removed for not being listed."""
    found = [make_article("a", revision="1"), Failed("", "line 7 is cut in half"), ListingComplete()]
    assert plan_sync("desk", {"a": "1", "b": "1"}, found).removed == ()


@pytest.mark.parametrize(("accept", "removed"), [(False, ()), (True, ("a", "b"))])
def test_an_empty_listing(accept: bool, removed: tuple[str, ...]) -> None:  # noqa: FBT001
    """A whole listing without one article removes nothing unless that is accepted."""
    known = {"a": "1", "b": "1"}
    assert plan_sync("desk", known, [ListingComplete()], accept_empty=accept).removed == removed


def test_the_last_word_counts() -> None:
    """A tombstone after an article removes it; an article after a tombstone keeps it."""
    article = make_article("a", revision="2")
    known = {"a": "1"}
    assert plan_sync("desk", known, [article, Removed("a")]) == SyncPlan("desk", removed=("a",))
    assert plan_sync("desk", known, [Removed("a"), article]) == SyncPlan("desk", updated=(article,))
    assert plan_sync("desk", known, [Removed("a"), Unchanged("a")]) == SyncPlan("desk", unchanged=1)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (make_article(" "), "has no id"),
        (make_article("a\x00"), "no database can hold"),
        (make_article("a", "wiki"), "of source wiki"),
        (replace(make_article("a"), audience=frozenset()), "no audience"),
        (Unchanged("a"), "the bot does not hold it"),
    ],
    ids=["no id", "NUL", "other source", "no audience", "unchanged but unknown"],
)
def test_what_cannot_be_taken_is_named(item: Found, reason: str) -> None:
    """An article that cannot be taken is Failed with the reason; the others are taken."""
    good = make_article("good")
    plan = plan_sync("desk", {}, [item, good, ListingComplete()])
    assert plan.added == (good,)
    assert [reason in failed.reason for failed in plan.failed] == [True]


@given(KNOWN, LISTINGS, st.sets(IDS))
def test_large_removals_are_held(known: dict[str, str], found: list[Found], accepted: set[str]) -> None:
    """Over a fifth of a source, and more than one article, goes only as far as an admin accepted it."""
    whole = [*found, ListingComplete()]
    plan = plan_sync("desk", known, whole, accepted=accepted)
    everything = plan_sync("desk", known, whole, accepted=known)
    assert not set(plan.removed) & set(plan.held)
    assert set(plan.removed) | set(plan.held) == set(everything.removed)
    unasked = set(everything.removed) - accepted
    assert bool(plan.held) == (len(unasked) > 1 and len(unasked) > len(known) / 5)
    assert not set(plan.held) & accepted
