"""What the bot suggests, a person's own page, and what is forgotten because it was deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.assistance import FREQUENT_PEOPLE, HOW_TO_ASK, best
from bot.tables import inbox
from connectors.base import Address, Assists, Person
from connectors.forms import Choice, Wanted
from tests.bot.people_desk import ADMIN, CHANNEL, COLLEAGUE, GUEST, INSIDE, INTERNAL, MEMBER, said, told

if TYPE_CHECKING:
    from tests.bot.people_desk import PeopleDesk

QUESTION = "How do I change my password?"


async def labels(desk: PeopleDesk, kind: str, person: Person = MEMBER, **more: object) -> list[str]:
    """What is suggested."""
    wanted = Wanted(kind, CHANNEL, person, **more)  # type: ignore[arg-type]
    return [choice.label for choice in await desk.delivery.suggest(wanted)]


async def ask_by(desk: PeopleDesk, people: int, text: str = QUESTION, **more: object) -> None:
    """Let so many people ask it."""
    for number in range(people):
        await desk.say(text, Person(f"slack:T1/P{number}"), **more)


async def test_the_handler_assists(desk: PeopleDesk) -> None:
    """Connectors look for this."""
    assert isinstance(desk.delivery, Assists)


async def test_what_five_people_asked_in_public_is_suggested(desk: PeopleDesk) -> None:
    """Not what four did, what one did often, what was asked in private or inside, nor what had no answer."""
    await desk.put("Your password", "Press Reset.")
    await desk.put("Internal invoices", "Pay them.", INTERNAL)
    await ask_by(desk, FREQUENT_PEOPLE - 1)
    await desk.say(QUESTION, Person("slack:T1/P0"))
    assert QUESTION not in await labels(desk, "question")
    await desk.say(QUESTION.upper(), Person("slack:T1/P9"))
    assert QUESTION.casefold() in [label.casefold() for label in await labels(desk, "question")]
    for text, more in (
        ("Is my password private?", {"direct": True}),
        ("Are internal passwords inside?", {"address": INSIDE}),
        ("Who is the unanswerable?", {}),
        ("A password of another workspace?", {"address": replace(CHANNEL, workspace="T2")}),
    ):
        await ask_by(desk, FREQUENT_PEOPLE, text, **more)
        assert text not in await labels(desk, "question", COLLEAGUE)


async def test_titles_are_suggested_to_their_readers(desk: PeopleDesk) -> None:
    """By what was typed; a guest, and whoever asks where outsiders read, gets public ones."""
    await desk.put("Your password", "Press Reset.")
    await desk.put("Salary bands", "Secret.", INTERNAL)
    for kind in ("question", "article"):
        assert await labels(desk, kind) == ["Your password"]
        assert set(await labels(desk, kind, COLLEAGUE)) == {"Your password", "Salary bands"}
        assert await labels(desk, kind, GUEST) == ["Your password"]
        assert await labels(desk, kind, COLLEAGUE, outsiders=True) == ["Your password"]
    assert (await labels(desk, "article", COLLEAGUE, typed="salary band"))[0] == "Salary bands"
    assert "Salary bands" not in await labels(desk, "article", typed="salary")
    assert await labels(desk, "question", COLLEAGUE, typed="band sal") == ["Salary bands"]


async def test_names_are_suggested_to_whom_they_concern(desk: PeopleDesk) -> None:
    """Sources and labels that others have tell too much; admins know them all."""
    await desk.put("Salary bands", "Secret.", INTERNAL)
    assert await labels(desk, "source") == []
    assert await labels(desk, "source", ADMIN) == ["help"]
    assert await labels(desk, "label") == ["public"]
    assert await labels(desk, "label", ADMIN) == ["internal", "public"]
    assert "formal" in await labels(desk, "persona")
    article = await desk.put("Old salary bands", "Secret.", INTERNAL)
    await (await desk.app.library()).remove(article.ref)
    assert await labels(desk, "removed", COLLEAGUE) == []
    assert await labels(desk, "removed", ADMIN) == ["Old salary bands"]
    assert await labels(desk, "removed", ADMIN, outsiders=True) == []


def test_what_begins_with_the_typed_comes_first() -> None:
    """Each value once, at most as many as fit."""
    choices = [Choice("My VPN", "1"), Choice("VPN", "2"), Choice("VPN", "2"), Choice("Fax", "3")]
    assert [choice.value for choice in best(choices, "vpn", 5)] == ["2", "1"]
    assert [choice.value for choice in best(choices, "", 2)] == ["1", "2"]


async def test_a_persons_page(desk: PeopleDesk) -> None:
    """Everybody: how to ask, what they asked, and to be forgotten. Admins: how things stand."""
    await desk.put("Your password", "Press Reset.")
    await desk.say("Is *bold* my password?", direct=True)
    await desk.say("What does somebody else ask?", COLLEAGUE)
    page = await desk.delivery.home(Address("slack", MEMBER.id), MEMBER)
    assert page.text.startswith(HOW_TO_ASK)
    assert r"Is \*bold\* my password?" in page.text
    assert "somebody else" not in page.text
    assert "How things stand" not in page.text
    assert [action.name for action in page.actions] == ["forget_me"]
    page = await desk.delivery.home(CHANNEL, ADMIN)
    assert "articles: 1" in page.text
    assert "questions today: 2, unanswered: 1" in page.text
    assert "**help**" in page.text


async def test_without_a_database_nothing_is_raised(desk: PeopleDesk) -> None:
    """Whoever types or opens a page goes on."""
    await (await desk.app.database()).close()
    assert await labels(desk, "article") == []
    assert (await desk.delivery.home(CHANNEL, MEMBER)).text == HOW_TO_ASK
    assert await desk.delivery.form(told("persona", sender=ADMIN)) is None
    await desk.delivery.deleted(CHANNEL, "1")


@pytest.mark.parametrize("edited", [False, True])
async def test_a_deleted_message_is_not_answered(desk: PeopleDesk, edited: bool) -> None:  # noqa: FBT001 - a case
    """What was accepted and not answered yet is withdrawn, its words with it; what was answered stays answered."""
    event = said(QUESTION)
    if edited:
        event = replace(event, message_id=f"{event.message_id}/edit/7")
    assert await desk.delivery.accept(event)
    await desk.delivery.deleted(CHANNEL, event.message_id.partition("/")[0])
    assert await desk.delivery.answer(event) is None
    async with (await desk.app.database()).read() as connection:
        row = (await connection.execute(select(inbox))).one()
    assert (row.state, row.event) == ("ignored", "")


async def test_a_deleted_question_leaves_its_thread(desk: PeopleDesk) -> None:
    """The follow-up knows nothing of it."""
    await desk.put("VPN access", "Open the app.")
    thread = replace(CHANNEL, thread="1.0")
    first = said("how do i get vpn access on my macbook?", address=thread)
    await desk.delivery.handle(first)
    helpdesk = await desk.app.helpdesk()
    await desk.say("and on android?", address=thread)
    assert helpdesk.asked[-1] == "how do i get vpn access on android?"
    await desk.delivery.deleted(CHANNEL, first.message_id)
    turns = await (await desk.app.conversation()).turns(first, frozenset({"public"}))
    assert [turn.asked for turn in turns] == ["and on android?"]


async def test_what_is_deleted_while_it_is_answered_is_not_remembered(desk: PeopleDesk) -> None:
    """Its turn does not enter the thread after its deletion."""
    event = said("how do i get vpn access on my macbook?", address=replace(CHANNEL, thread="1.0"))
    await desk.delivery.deleted(CHANNEL, event.message_id)
    await desk.delivery.handle(event)
    assert await (await desk.app.conversation()).turns(event, frozenset({"public"})) == []
