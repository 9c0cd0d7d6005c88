"""Law 3: nobody reads what they may not. Every surface of people and places, for every viewer, in every place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import pytest

from connectors.base import Address, Person
from connectors.forms import Wanted
from tests.bot.people_desk import (
    ADMIN,
    CHANNEL,
    COLLEAGUE,
    GUEST,
    INSIDE,
    MEMBER,
    STAFF,
    DeskApp,
    PeopleDesk,
    desk_settings,
    said,
    told,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.bot.conftest import Clock

BILLING = Person("slack:T1/BILL", "Bill")
MARKS = {"public": "Pubmark", "internal": "Intmark", "team:billing": "Billmark"}
QUESTION = "What is known about access?"
HELD = {
    GUEST: {"public"},
    MEMBER: {"public"},
    COLLEAGUE: {"public", "internal"},
    ADMIN: {"public", "internal"},
    BILLING: {"public", "team:billing"},
}
PEOPLE = {"guest": GUEST, "member": MEMBER, "colleague": COLLEAGUE, "admin": ADMIN, "billing": BILLING}


@dataclass(frozen=True)
class Where:
    """A place and who reads there."""

    address: Address
    labels: frozenset[str]
    outsiders: bool = False


PLACES = {
    "channel": Where(CHANNEL, frozenset({"public"})),
    "thread": Where(replace(CHANNEL, thread="1.0"), frozenset({"public"})),
    "inside": Where(INSIDE, frozenset({"public", "internal"})),
    "inside thread": Where(replace(INSIDE, thread="2.0"), frozenset({"public", "internal"})),
    "inside with outsiders": Where(INSIDE, frozenset({"public"}), outsiders=True),
}


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[PeopleDesk]:
    """An article for each label, and whoever holds one has asked for it: in private, and in every channel."""
    people = {COLLEAGUE.id: ["internal"], ADMIN.id: ["internal"], BILLING.id: ["team:billing"]}
    settings = desk_settings(
        tmp_path / "data", access={"admins": [ADMIN.id], "people": people}, limits={"per_person": 0}
    )
    async with DeskApp(settings, clock=clock) as app:
        desk = PeopleDesk(app, await app.delivery(), clock)
        for label, mark in MARKS.items():
            await desk.put(f"{mark} access", f"Body of {mark}.", frozenset({label}))
        yield desk


async def ask_everywhere(desk: PeopleDesk) -> dict[str, set[str]]:
    """Let everybody ask in private, and somebody everywhere; give the answers' ids with who read them."""
    known: dict[str, set[str]] = {}
    for (name, person), place in product(PEOPLE.items(), (CHANNEL, INSIDE)):
        reply = await desk.say(f"{QUESTION} private-to-{name}", person, direct=True, address=place)
        assert reply is not None
        known[reply.reference] = {name}
    for where in PLACES.values():
        reply = await desk.say(QUESTION, BILLING, address=where.address, outsiders=where.outsiders)
        assert reply is not None
        known[reply.reference] = set(PEOPLE)
    return known


def held_by(desk: PeopleDesk, name: str) -> set[str]:
    """The labels of a person; an admin may hold them all."""
    person = PEOPLE[name]
    whole = person is ADMIN and desk.app.access.person_audience(CHANNEL, person) is None
    return set(MARKS) if whole else HELD[person]


def marks_in(text: str) -> set[str]:
    """The labels whose articles show through."""
    return {label for label, mark in MARKS.items() if mark.casefold() in text.casefold()}


@pytest.mark.parametrize("place", PLACES)
async def test_what_stands_in_a_place_is_for_all_who_read_there(desk: PeopleDesk, place: str) -> None:
    """Whoever asks: a mention, and auto mode; with every label of the asker left out that the others lack."""
    where = PLACES[place]
    more = {"address": where.address, "outsiders": where.outsiders}
    for person in PEOPLE.values():
        reply = await desk.say(QUESTION, person, **more)
        assert marks_in(repr(reply)) == where.labels
    top = replace(where.address, thread=None)
    await desk.do("channel", "auto", ADMIN, address=top)
    for person in PEOPLE.values():
        reply = await desk.say(QUESTION, person, addressed=False, **{**more, "address": top})
        assert marks_in(repr(reply)) == where.labels


@pytest.mark.parametrize("name", PEOPLE)
async def test_what_is_said_in_private_is_what_the_person_may_read(desk: PeopleDesk, name: str) -> None:
    """In every place: direct answers, suggestions, the page, lists, and why, sources and forms of every answer."""
    known = await ask_everywhere(desk)
    for where in PLACES.values():
        await shows_what_may_be_read(desk, name, where)
        await tells_of_answers_that_may_be_read(desk, name, where, known)


async def shows_what_may_be_read(desk: PeopleDesk, name: str, where: Where) -> None:
    """What a person is shown in private, whatever was answered before."""
    person, held = PEOPLE[name], held_by(desk, name)
    direct = await desk.say(QUESTION, person, direct=True, address=where.address)
    assert marks_in(repr(direct)) == held
    assert marks_in(repr(await desk.delivery.home(where.address, person))) <= held
    for kind in ("question", "article", "removed", "source", "label", "persona"):
        wanted = Wanted(kind, where.address, person, "", 100, where.outsiders)  # type: ignore[arg-type]
        shown = repr(await desk.delivery.suggest(wanted))
        assert marks_in(shown) <= (held if not where.outsiders else {"public"})
        assert "private-to-" not in shown
    commands = await desk.app.commands()
    for command in ("list", "sources", "status", "help", "persona", "channel"):
        asked = told(command, "", person, address=where.address, outsiders=where.outsiders)
        assert marks_in(repr(await commands.run(asked, desk.app.access.audience(asked)))) <= held


async def tells_of_answers_that_may_be_read(
    desk: PeopleDesk, name: str, where: Where, known: dict[str, set[str]]
) -> None:
    """What a person is told of answers, by their ids or as the last one here."""
    person, held, commands = PEOPLE[name], held_by(desk, name), await desk.app.commands()
    here = held if name == "guest" or where.outsiders else held | where.labels
    for command, answer_id in product(("why", "sources", "human"), ("", *known)):
        asked = told(command, answer_id, person, address=where.address, outsiders=where.outsiders)
        assert marks_in(repr(await desk.delivery.form(asked))) <= held
        shown = repr(await commands.run(asked, desk.app.access.audience(asked)))
        assert marks_in(shown) <= here, (command, answer_id)
        if name not in known.get(answer_id, PEOPLE):
            assert "private-to-" not in shown
    for other in PEOPLE:
        if other != name:
            asked = told("why", "", person, address=where.address, outsiders=where.outsiders)
            assert f"private-to-{other}" not in repr(
                await commands.run(asked, desk.app.access.audience(asked))
            )


@pytest.mark.parametrize("name", PEOPLE)
async def test_what_is_shared_is_for_all_who_read_there(desk: PeopleDesk, name: str) -> None:
    """Of one's own answers, and of anybody else's nothing at all."""
    person = PEOPLE[name]
    other = await desk.say(QUESTION, BILLING if name != "billing" else ADMIN, direct=True)
    assert other is not None
    for where in PLACES.values():
        more = {"address": where.address, "outsiders": where.outsiders}
        own = await desk.say(QUESTION, person, direct=True, asked_in=where.address)
        assert own is not None
        for answer_id in (own.reference, other.reference):
            assert marks_in(repr(await desk.do("share", answer_id, person, **more))) == set()
        ((address, shared),) = await desk.outgoing()
        assert address == where.address
        assert marks_in(repr(shared)) == where.labels


@pytest.mark.parametrize("place", PLACES)
async def test_drafts_hold_what_both_sides_may_read(desk: PeopleDesk, place: str) -> None:
    """The staff's message, the form, what is posted and what the buttons tell others."""
    where = PLACES[place]
    top = replace(where.address, thread=None)
    await desk.do("channel", "shadow", ADMIN, address=top)
    await desk.delivery.handle(
        said(QUESTION, BILLING, address=top, addressed=False, outsiders=where.outsiders)
    )
    ((_, draft),) = await desk.outgoing()
    assert marks_in(repr(draft)) == where.labels
    (send, edit, discard) = draft.actions
    for person, action in product((GUEST, MEMBER, BILLING), (send, edit, discard)):
        refused = told(action.name, action.value, person, address=CHANNEL, outsiders=where.outsiders)
        assert marks_in(repr(await desk.delivery.form(refused))) == set()
        assert marks_in(repr(await desk.delivery.handle(refused))) == set()
    await desk.do(send.name, send.value, MEMBER, address=STAFF)
    ((address, posted),) = await desk.outgoing()
    assert address == top
    assert marks_in(repr(posted)) == where.labels


async def test_the_log_names_no_persons_words(desk: PeopleDesk, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither questions nor answers nor comments, at the level that runs."""
    reply = await desk.say("Where is my quokka, and what about access?")
    assert reply is not None
    await desk.do("not_helpful", reply.reference, fields={"reason": "other", "comment": "my quokka is gone"})
    await desk.do("forget_me")
    logged = capsys.readouterr()
    assert "question_answered" in logged.out + logged.err
    assert "quokka" not in logged.out + logged.err
