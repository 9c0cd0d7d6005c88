"""Shadow mode: nothing goes out that nobody has sent, and what is sent goes out once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.shadow import BEING_LOOKED_AT
from connectors.base import Person, Reply
from tests.bot.people_desk import (
    ADMIN,
    CHANNEL,
    COLLEAGUE,
    GUEST,
    INTERNAL,
    MEMBER,
    PUBLIC,
    STAFF,
    PeopleDesk,
    said,
    told,
)

if TYPE_CHECKING:
    from connectors.base import Action

THREAD = replace(CHANNEL, thread="5.0")
QUESTION = "How do I get access to the vpn?"
AGENT = Person("slack:T1/AGENT", "Agnes")


@pytest.fixture
async def shadowed(desk: PeopleDesk) -> PeopleDesk:
    """The channel is in shadow mode, and one article answers."""
    await desk.put("VPN access", "Open the app.")
    await desk.do("channel", "shadow", ADMIN)
    return desk


async def draft(desk: PeopleDesk, **more: object) -> tuple[Reply, dict[str, Action]]:
    """Let somebody ask, and give the draft with its buttons."""
    await desk.say(QUESTION, address=THREAD, starts_thread=True, addressed=False, **more)
    ((address, reply),) = await desk.outgoing()
    assert address == STAFF
    return reply, {action.name: action for action in reply.actions}


async def click(desk: PeopleDesk, action: Action, person: Person = AGENT, **more: object) -> Reply:
    """Click a button in the staff channel."""
    return await desk.do(action.name, action.value, person, **{"address": STAFF, **more})


async def test_a_draft_goes_to_the_staff_only(shadowed: PeopleDesk) -> None:
    """Question and answer with its articles; nothing in the channel."""
    assert await shadowed.say(QUESTION, address=THREAD, starts_thread=True, addressed=False) is None
    ((address, reply),) = await shadowed.outgoing()
    assert address == STAFF
    assert "Ada asked" in reply.text
    assert QUESTION in reply.text
    assert "Open the app." in reply.text
    assert [(link.title, link.note) for link in reply.links] == [("VPN access", "updated today")]
    assert [action.label for action in reply.actions] == ["Send", "Edit", "Discard"]


async def test_who_mentions_the_bot_is_told_meanwhile(shadowed: PeopleDesk) -> None:
    """One reply to them, and the draft to the staff, also of what has no answer; small talk needs nobody."""
    for text in (QUESTION, "Who is the unanswerable?"):
        reply = await shadowed.say(text)
        assert reply is not None
        assert (reply.text, reply.private) == (BEING_LOOKED_AT.text, True)
    assert [address for address, _ in await shadowed.outgoing()] == [STAFF, STAFF]


async def test_what_nobody_asked_and_nothing_answers_is_no_draft(shadowed: PeopleDesk) -> None:
    """The staff is not bothered with it."""
    assert await shadowed.say("Where is lunch today?", addressed=False) is None
    assert await shadowed.outgoing() == []


async def test_a_sent_draft_stands_in_its_thread_once(shadowed: PeopleDesk) -> None:
    """The staff's message becomes who did it; a second click, or one at the same time, finds it done."""
    _, buttons = await draft(shadowed)
    clicks = await asyncio.gather(
        click(shadowed, buttons["draft_send"]), click(shadowed, buttons["draft_discard"], ADMIN)
    )
    done = [reply for reply in clicks if reply.replaces]
    assert len(done) == 1
    again = await click(shadowed, buttons["draft_send"])
    assert "taken care of" in again.text
    posted = await shadowed.outgoing()
    if "Sent by Agnes" in done[0].text:
        ((address, reply),) = posted
        assert address == THREAD
        assert reply.text.startswith("Open the app.")
        assert "helpful" in [action.name for action in reply.actions]
    else:
        assert "Discarded by Grace" in done[0].text
        assert posted == []


async def test_a_draft_is_edited_in_a_form(shadowed: PeopleDesk) -> None:
    """It is filled in; what is sent are the person's words."""
    _, buttons = await draft(shadowed)
    edit = told("draft_edit", buttons["draft_edit"].value, AGENT, address=STAFF)
    form = await shadowed.delivery.form(edit)
    assert form is not None
    assert form.fields[0].value.startswith("Open the app.")
    assert await shadowed.delivery.form(replace(edit, address=CHANNEL)) is None
    reply = await shadowed.do(
        form.command, form.arguments, AGENT, address=STAFF, fields={"text": "Open the *new* app."}
    )
    assert "Edited and sent by Agnes" in reply.text
    ((address, posted),) = await shadowed.outgoing()
    assert (address, posted.text) == (THREAD, "Open the *new* app.")


async def test_an_edit_without_a_form_sends_nothing(shadowed: PeopleDesk) -> None:
    """No form opened, or it was empty: the draft waits as it is, and whoever comes too late is told that."""
    _, buttons = await draft(shadowed)
    for fields in ({}, {"text": " "}):
        reply = await click(shadowed, buttons["draft_edit"], fields=fields)
        assert "nothing to send" in reply.text
    assert await shadowed.outgoing() == []
    await click(shadowed, buttons["draft_send"])
    (_, posted), *_ = await shadowed.outgoing()
    assert [link.note for link in posted.links] == ["updated today"]
    assert "taken care of" in (await click(shadowed, buttons["draft_edit"])).text


async def test_a_discarded_draft_goes_nowhere(shadowed: PeopleDesk) -> None:
    """And the staff sees by whom."""
    _, buttons = await draft(shadowed)
    reply = await click(shadowed, buttons["draft_discard"])
    assert reply.replaces
    assert "Discarded by Agnes" in reply.text
    assert await shadowed.outgoing() == []


@pytest.mark.parametrize("change", ["text", "audience", "gone"])
async def test_a_draft_whose_articles_changed_is_made_anew(shadowed: PeopleDesk, change: str) -> None:
    """Instead of going out; what is not for the channel any more is in the new one neither."""
    _, buttons = await draft(shadowed)
    library = await shadowed.app.library()
    if change == "text":
        await shadowed.put("VPN access", "Open the other app.")
    elif change == "audience":
        await shadowed.put("VPN access", "Open the secret app.", INTERNAL)
    else:
        (article,) = await library.find("VPN-access")
        await library.remove(article.ref)
    reply = await click(shadowed, buttons["draft_send"])
    assert "Not sent" in reply.text
    assert reply.replaces
    assert ("Open the other app." in reply.text) == (change == "text")
    assert "secret" not in reply.text
    assert await shadowed.outgoing() == []
    (send,) = [action for action in reply.actions if action.name == "draft_send"]
    await click(shadowed, send)
    assert [address for address, _ in await shadowed.outgoing()] == [THREAD]


async def test_drafts_are_for_their_staff(shadowed: PeopleDesk) -> None:
    """Whoever guesses a button's value elsewhere, and a guest, is refused, and the draft stays."""
    _, buttons = await draft(shadowed)
    for person, address in ((MEMBER, CHANNEL), (COLLEAGUE, THREAD), (GUEST, STAFF)):
        for button in buttons.values():
            reply = await shadowed.do(button.name, button.value, person, address=address)
            assert "staff" in reply.text
            assert reply.private
    assert (await click(shadowed, buttons["draft_send"])).replaces


async def test_the_draft_holds_what_both_channels_may_read(desk: PeopleDesk) -> None:
    """A staff channel with fewer labels than the channel is shown nothing more than its own."""
    await desk.put("VPN access", "Open the app.")
    await desk.put("VPN secrets about access", "Inside only.", INTERNAL)
    inside = replace(THREAD, channel="INSIDE")
    await desk.do("channel", "shadow staff=slack:T1/OPEN", ADMIN, address=replace(inside, thread=None))
    await desk.say(QUESTION, COLLEAGUE, address=inside, addressed=False, starts_thread=True)
    ((_, reply),) = await desk.outgoing()
    assert "Open the app." in reply.text
    assert "Inside only" not in repr(reply)


async def test_outsiders_get_public_words_also_when_it_is_made_anew(shadowed: PeopleDesk) -> None:
    """Whoever reads there when it is asked decides."""
    await shadowed.put("Internal access", "Inside only.", INTERNAL)
    _, buttons = await draft(shadowed, outsiders=True)
    await shadowed.put("VPN access", "Open the other app.")
    reply = await click(shadowed, buttons["draft_send"])
    assert "Inside only" not in repr(reply)


async def test_an_accepted_question_of_a_shadow_channel_is_recorded(shadowed: PeopleDesk) -> None:
    """So that its buttons work when it was sent."""
    _, buttons = await draft(shadowed)
    await click(shadowed, buttons["draft_send"])
    ((_, reply),) = await shadowed.outgoing()
    found = await (await shadowed.app.questions()).find(reply.reference, PUBLIC)
    assert found is not None
    assert found.text == QUESTION


async def test_a_redelivered_question_is_one_draft(shadowed: PeopleDesk) -> None:
    """As one message is one reply."""
    event = said(QUESTION, addressed=False)
    await shadowed.delivery.handle(event)
    await shadowed.delivery.handle(event)
    assert len(await shadowed.outgoing()) == 1
