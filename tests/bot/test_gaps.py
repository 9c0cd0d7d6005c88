"""Gaps: what is asked and not answered, grouped by meaning, and quoted only where all could read it."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from bot.errors import CommandError
from bot.grouping import grouped
from bot.handoff.store import Handoffs
from bot.handoff.tickets import HandoffRequest
from bot.tables import questions, ratings
from connectors.base import Address
from tests.bot.admin_desk import GRACE, MEMBER, Desk, clicked, open_desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_ids = count(1)


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A desk of this test's own."""
    async for opened in open_desk(tmp_path, request):
        await opened.do("sync")
        yield opened


async def asked(desk: Desk, text: str, *, person: str = MEMBER, public: bool = True, **row: object) -> str:
    """Record a question as the router does; gives the answer's id."""
    answer_id = f"a{next(_ids)}"
    row = {
        "asked_at": desk.clock().timestamp(),
        "platform": "slack",
        "channel": "C1" if public else "D1",
        "thread": "",
        "person": person,
        "text": text,
        "audience": '["public"]',
        "persona": "friendly",
        "verdict": "unanswered",
        "answer_id": answer_id,
        "confidence": 0.1,
        "cache": "miss",
        "trace": "{}",
        "public": int(public),
        **row,
    }
    async with (await desk.app.database()).write() as connection:
        await connection.execute(insert(questions).values(row))
    return answer_id


async def test_questions_of_one_meaning_are_one_gap(desk: Desk) -> None:
    """The most asked first, with how often and by how many; what the articles answer by now is not there."""
    await asked(desk, "Can I bring my dog to the office?")
    await asked(desk, "Is it allowed to bring a dog into the office?", person=GRACE)
    await asked(desk, "May I bring my dog to the office", person="slack:T1/U5")
    await asked(desk, "Where do I park my car?")
    await asked(desk, "How do I reset my password?")
    told = (await desk.do("gaps")).text
    assert "3 times by 3 people" in told
    assert told.index("dog") < told.index("park my car")
    assert told.count("**") == 4
    assert "password" not in told


async def test_what_was_asked_in_private_is_counted_and_never_quoted(desk: Desk) -> None:
    """Not its words, not as a label of others', and not by its number."""
    secret = "My salary of 43210 is wrong, whom do I ask?"
    await asked(desk, secret, public=False)
    await asked(desk, "Where do I park my car?")
    await asked(desk, "Where can I park my own car, the red one of Ada?", public=False)
    told = (await desk.do("gaps")).text
    assert "park my car" in told
    assert "2 times" in told
    for words in ("43210", "salary", "red one"):
        assert words not in told
    assert "1 question that was asked in private" in told
    for number in ("1", "3"):
        assert "there is no gap" in (await desk.do("draft", number)).text


async def test_what_was_asked_where_one_may_not_read_is_not_quoted(desk: Desk) -> None:
    """A place for `team:secret` is public to its own readers alone: others are told of the number only."""
    await asked(desk, "What is project Falcon?", audience='["public", "team:secret"]')
    gaps = await desk.app.gaps()
    outside = await gaps.find(frozenset({"public", "internal"}))
    assert (outside.gaps, outside.in_private) == ((), 1)
    with pytest.raises(CommandError, match="no gap 1"):
        await gaps.question(1, frozenset({"public"}))
    (gap,) = (await gaps.find(frozenset({"public", "team:secret"}))).gaps
    assert gap.label == "What is project Falcon?"


async def test_an_answer_that_did_not_help_is_a_gap(desk: Desk) -> None:
    """Rated so by one person, it stands there although the articles answer it; a helpful one does not."""
    bad = await asked(desk, "How do I reset my password?", verdict="answered")
    await asked(desk, "Where is my e-mail?", verdict="answered")
    row = {"answer_id": bad, "person": MEMBER, "helpful": 0, "rated_at": desk.clock().timestamp()}
    async with (await desk.app.database()).write() as connection:
        await connection.execute(insert(ratings).values(row))
    told = (await desk.do("gaps")).text
    assert "reset my password" in told
    assert "1 not helpful" in told
    assert "e-mail" not in told


async def test_what_is_older_than_ninety_days_is_left_out(desk: Desk) -> None:
    """The articles are for what is asked now."""
    old = (desk.clock() - timedelta(days=91)).timestamp()
    await asked(desk, "Where do I park my car?", asked_at=old)
    assert "Nothing that was asked" in (await desk.do("gaps")).text


async def test_from_a_gap_to_an_article_that_closes_it(desk: Desk) -> None:
    """The button opens a form with the question as title; the article is internal unless said, and ends the gap."""
    await asked(desk, "Where do I park my car?")
    shown = await desk.do("gaps")
    name, number = clicked(shown, "Draft 1")
    form = await desk.form(name, number)
    assert form is not None
    assert (form.command, form.fields[0].value, form.fields[2].value) == (
        "add",
        "Where do I park my car",
        "internal",
    )
    assert "park my car" in (await desk.do(name, number)).text
    fields = {
        "title": form.fields[0].value,
        "text": "You park your car in the yard behind building 2.",
        "readers": "internal",
    }
    await desk.do("add", fields=fields)
    assert "park my car" in (await desk.do("gaps")).text  # those who asked may not read it
    edit = await desk.form("edit", "where-do-i-park-my-car")
    assert edit is not None
    now = {field.name: field.value for field in edit.fields} | {"readers": "public"}
    await desk.do("edit", edit.arguments, fields=now)
    assert "Nothing that was asked" in (await desk.do("gaps")).text


@given(st.lists(st.integers(0, 3), max_size=12))
def test_every_text_is_in_one_group_and_the_heaviest_first(kinds: list[int]) -> None:
    """Nothing is lost or doubled; equal vectors are together, opposite ones apart; the order is by weight."""
    axes = np.eye(4, dtype=np.float32)
    vectors = axes[kinds] if kinds else np.empty((0, 4), np.float32)
    weights = np.ones(len(kinds))
    groups = grouped(vectors, weights)
    assert sorted(index for group in groups for index in group) == list(range(len(kinds)))
    assert {frozenset(kinds[index] for index in group) for group in groups} == {frozenset({k}) for k in kinds}
    sizes = [len(group) for group in groups]
    assert sizes == sorted(sizes, reverse=True)


async def test_a_draft_begins_with_what_a_person_answered(desk: Desk) -> None:
    """The agent's words to whoever asked this very question stand in the form; without any it is empty."""
    await asked(desk, "Where do I park my car?")
    await asked(desk, "Can I bring my dog to the office?")
    place = Address("slack", "C1", "5.5", "T1")
    store = Handoffs(await desk.app.database(), desk.clock)
    request = HandoffRequest("k1", "where do I park  my CAR?", "Ada")
    handoff, _ = await store.add(place, place, MEMBER, request)
    await store.answered(handoff.id, "In the yard behind the house.")
    texts = {}
    for number in ("1", "2"):
        form = await desk.form("draft", number)
        assert form is not None
        fields = {field.name: field.value for field in form.fields}
        texts[fields["title"]] = fields["text"]
    assert texts == {
        "Where do I park my car": "In the yard behind the house.",
        "Can I bring my dog to the office": "",
    }
