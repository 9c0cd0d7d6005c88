"""What can be done with an answer that was given: its sources, why, share it, say that it did not help."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from bot.commands.answers import NOT_FOR_ALL, UNKNOWN
from bot.tables import ratings
from connectors.base import Address
from tests.bot.people_desk import (
    ADMIN,
    CHANNEL,
    COLLEAGUE,
    GUEST,
    INSIDE,
    INTERNAL,
    MEMBER,
    PeopleDesk,
    told,
)

if TYPE_CHECKING:
    from connectors.base import Reply

VPN = "How do I get access to the vpn?"


async def asked(desk: PeopleDesk, **more: object) -> Reply:
    """Ask, and give the answer."""
    reply = await desk.say(VPN, **more)  # type: ignore[arg-type]
    assert reply is not None
    return reply


async def test_sources_shows_what_was_quoted(desk: PeopleDesk) -> None:
    """Each cited article with its date, and its passage as a quotation; for whoever clicked alone."""
    await desk.put("VPN access", "Open the app.\nThen wait.")
    answer = await asked(desk)
    assert "sources" in [action.name for action in answer.actions]
    shown = await desk.do("sources", answer.reference, COLLEAGUE)
    assert shown.private
    assert "**VPN access**" in shown.text
    assert "> Open the app.\n> Then wait." in shown.text
    assert [link.title for link in shown.links] == ["VPN access"]


async def test_sources_are_those_of_today(desk: PeopleDesk) -> None:
    """What changed is not quoted as it was; what is gone, or for others now, is not shown."""
    article = await desk.put("VPN access", "Open the app.")
    answer = await asked(desk)
    await desk.put("VPN access", "Open the other app.")
    shown = await desk.do("sources", answer.reference)
    assert "has changed since" in shown.text
    assert "Open the" not in shown.text
    await desk.put("VPN access", "Open the app.", INTERNAL)
    assert "VPN access" not in repr(await desk.do("sources", answer.reference))
    await (await desk.app.library()).remove(article.ref)
    assert "not there any more" in (await desk.do("sources", answer.reference)).text
    assert (await desk.do("sources", "a999")).text == UNKNOWN


async def test_who_stands_in_a_channel_may_look_at_its_answers(desk: PeopleDesk) -> None:
    """There, not elsewhere; a guest may not, and nobody at what was asked in private."""
    await desk.put("VPN access", "Open the inner app.", INTERNAL)
    answer = await asked(desk, sender=COLLEAGUE, address=INSIDE)
    for command in ("sources", "why"):
        assert "VPN access" in (await desk.do(command, answer.reference, address=INSIDE)).text
        assert (await desk.do(command, answer.reference)).text == UNKNOWN
        assert (await desk.do(command, answer.reference, GUEST, address=INSIDE)).text == UNKNOWN
        reply = await desk.do(command, answer.reference, address=INSIDE, outsiders=True)
        assert reply.text == UNKNOWN
    own = await asked(desk, sender=COLLEAGUE, address=INSIDE, direct=True)
    assert (await desk.do("why", own.reference, address=INSIDE)).text == UNKNOWN
    assert "VPN access" in (await desk.do("why", own.reference, COLLEAGUE)).text


async def test_why_is_for_reading(desk: PeopleDesk) -> None:
    """The question as it was searched, passages, what was left out; figures of the inside for admins only."""
    await desk.put("VPN access", "Open the app.")
    thread = replace(CHANNEL, thread="1.0")
    await desk.say("how do i get vpn access on my macbook?", address=thread)
    await desk.say("and on android?", address=thread)
    text = (await desk.do("why")).text
    assert "searched as: how do i get vpn access on android?" in text
    assert "article: VPN access" in text
    assert "`help/VPN-access#0`" in text
    assert "left out, which no article bears out: 1" in text
    assert "{" not in text
    for inside in ("gate:", "A sentence that nothing"):
        assert inside not in text
        assert inside in (await desk.do("why", sender=ADMIN)).text


async def test_why_of_the_channel_finds_what_stands_in_its_threads(desk: PeopleDesk) -> None:
    """The last one that the asker may know of: nothing that somebody asked in private."""
    await desk.put("VPN access", "Open the app.")
    assert "nothing here yet" in (await desk.do("why")).text
    await asked(desk, address=replace(CHANNEL, thread="1.0"))
    await desk.say("Is my vpn private?", COLLEAGUE, direct=True)
    assert VPN in (await desk.do("why")).text
    assert "Is my vpn private?" in (await desk.do("why", sender=COLLEAGUE)).text
    assert "Is my vpn private?" not in (await desk.do("why", sender=ADMIN)).text
    assert "nothing here yet" in (await desk.do("why", address=replace(CHANNEL, channel="C9"))).text


async def test_why_names_no_article_that_is_for_others_now(desk: PeopleDesk) -> None:
    """Nor a passage of it."""
    await desk.put("VPN access", "Open the app.")
    answer = await asked(desk)
    await desk.put("VPN access", "Open the app.", INTERNAL)
    text = (await desk.do("why", answer.reference)).text
    assert "VPN access" not in text
    assert "VPN-access" not in text


async def test_a_private_answer_is_shared_afresh(desk: PeopleDesk) -> None:
    """With what everyone there may read, once, naming who shared it; its buttons work there."""
    await desk.put("VPN access", "Open the app.")
    await desk.put("VPN secrets and access", "Inside only.", INTERNAL)
    own = Address("slack", "U2", None, "T1")
    answer = await asked(desk, sender=COLLEAGUE, address=own, direct=True, asked_in=CHANNEL)
    assert "Inside only." in answer.text
    assert [action.name for action in answer.actions][-1] == "share"
    reply = await desk.do("share", answer.reference, COLLEAGUE)
    assert reply.private
    ((address, shared),) = await desk.outgoing()
    assert address == CHANNEL
    assert "Edith" in shared.text
    assert VPN in shared.text
    assert "Open the app." in shared.text
    assert "Inside only" not in repr(shared)
    assert "share" not in [action.name for action in shared.actions]
    assert "already" in (await desk.do("share", answer.reference, COLLEAGUE)).text
    assert await desk.outgoing() == []
    assert "VPN access" in (await desk.do("sources", shared.reference)).text


@pytest.mark.parametrize("outsiders", [True, False])
async def test_what_the_channel_may_not_read_is_not_shared(desk: PeopleDesk, outsiders: bool) -> None:  # noqa: FBT001 - a case
    """It is refused in plain words; with outsiders there, also where the channel is internal."""
    await desk.put("VPN access", "Inside only.", INTERNAL)
    answer = await asked(desk, sender=COLLEAGUE, direct=True, asked_in=INSIDE)
    place = INSIDE if outsiders else CHANNEL
    reply = await desk.do("share", answer.reference, COLLEAGUE, address=place, outsiders=outsiders)
    assert reply.text == NOT_FOR_ALL
    assert await desk.outgoing() == []


async def test_only_who_asked_shares(desk: PeopleDesk) -> None:
    """Another's private question is not known; and what is no private answer has no such button."""
    await desk.put("VPN access", "Open the app.")
    answer = await asked(desk, direct=True, asked_in=CHANNEL)
    assert (await desk.do("share", answer.reference, ADMIN)).text == UNKNOWN
    assert "share" not in [action.name for action in (await asked(desk)).actions]
    assert "share" not in [action.name for action in (await asked(desk, direct=True)).actions]


async def test_a_bad_rating_has_a_reason(desk: PeopleDesk) -> None:
    """A form asks for it; what is said with the click, or in a form, is kept."""
    await desk.put("VPN access", "Open the app.")
    answer = await asked(desk)
    form = await desk.delivery.form(told("not_helpful", answer.reference))
    assert form is not None
    assert {choice.value for choice in form.fields[0].options} == {"wrong", "outdated", "incomplete", "other"}
    fields = {"reason": "outdated", "comment": " It moved. "}
    await desk.do(form.command, form.arguments, fields=fields)
    await desk.do("not_helpful", f"{answer.reference} wrong", COLLEAGUE)
    assert await desk.delivery.form(told("not_helpful", f"{answer.reference} wrong")) is None
    async with (await desk.app.database()).read() as connection:
        rows = (await connection.execute(select(ratings).order_by(ratings.c.id))).all()
    assert [(row.helpful, row.reason, row.comment) for row in rows] == [
        (0, "outdated", "It moved."),
        (0, "wrong", ""),
    ]
    await desk.do("helpful", answer.reference, MEMBER)
    async with (await desk.app.database()).read() as connection:
        row = (await connection.execute(select(ratings).where(ratings.c.person == MEMBER.id))).one()
    assert (row.helpful, row.reason, row.comment) == (1, "", "")
