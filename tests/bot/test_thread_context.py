"""What is asked in a thread: the question that stands there, and nothing else of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.thread_context import asked_above, points_up, searched_for
from connectors.base import Reply, Said
from tests.bot.people_desk import ADMIN, CHANNEL, MEMBER, PeopleDesk

if TYPE_CHECKING:
    from collections.abc import Sequence

ASKER, OTHER, BOT = (lambda text, who=who: Said(who, text) for who in ("asker", "other", "bot"))
THREAD = replace(CHANNEL, thread="1.0")
VPN = "How do I get vpn access?"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "^",
        "^^",
        "?",
        "can you help?",
        "Could you please help us here",
        "any ideas?",
        "thoughts?",
        "this",
        "see above",
        "please answer this",
        "do you know?",
        "kannst du helfen?",
        "👆",
        "hey, can you help with this one please?",
    ],
)
def test_a_message_that_says_nothing_points_up(text: str) -> None:
    """It means what stands above it."""
    assert points_up(text)


@pytest.mark.parametrize(
    "text",
    [
        "can you help me reset my password?",
        "and on android?",
        "this printer is broken",
        "help with my invoice",
        "yes",
    ],
)
def test_a_message_that_says_something_does_not(text: str) -> None:
    """It is its own question, or a follow-up."""
    assert not points_up(text)


@pytest.mark.parametrize(
    ("earlier", "found"),
    [
        ([OTHER("How do I reset it all?"), OTHER("no idea")], "How do I reset it all?"),
        (
            [ASKER("My vpn is broken since today"), OTHER("What does it say there?")],
            "My vpn is broken since today",
        ),
        ([OTHER("How do I reset it all?"), BOT("Do you mean the password?")], "How do I reset it all?"),
        ([ASKER("one more question here?"), ASKER("why is it so slow?")], "why is it so slow?"),
        ([ASKER("hello"), OTHER("good morning all")], ""),
        ([BOT("How can I help you today?")], ""),
        ([], ""),
    ],
)
def test_the_last_question_of_a_person_is_taken(earlier: Sequence[Said], found: str) -> None:
    """The asker's own first; never what the bot said."""
    assert asked_above(earlier) == found


def test_memory_comes_before_the_thread() -> None:
    """What the bot remembers knows how it was searched; without it, the thread's own question is followed up."""
    earlier = [OTHER("how do i get on the vpn with my macbook?")]
    assert searched_for("and on android?", [], earlier)[1] == "how do i get on the vpn on android?"
    turns = ["how do i print with my macbook?"]
    assert searched_for("and on android?", turns, earlier)[1] == "how do i print on android?"
    assert searched_for("can you help?", [], [])[1] == "can you help?"
    whole = "How do I reset my password for the shop?"
    assert searched_for(whole, [], earlier) == (whole, whole)


async def test_a_bare_mention_is_answered_with_what_stands_above(desk: PeopleDesk) -> None:
    """The record has the question, not the pointer."""
    await desk.put("VPN access", "Open the app.")
    reply = await desk.say("", address=THREAD, earlier=(OTHER(VPN), ASKER("hm")))
    assert reply is not None
    assert "Open the app." in reply.text
    (asked,) = await (await desk.app.questions()).of_person(MEMBER.id, 5)
    assert asked.text == VPN
    await desk.say("and on android?", address=THREAD)
    assert (await desk.app.helpdesk()).asked[-1] == "How do I get vpn access on android?"


async def test_help_below_a_question_is_help_with_it(desk: PeopleDesk) -> None:
    """Where nothing is asked above, it lists what the bot knows."""
    await desk.put("VPN access", "Open the app.")
    for earlier, words in (((OTHER(VPN),), "Open the app."), ((OTHER("good morning"),), "I also know")):
        reply = await desk.say("help", address=THREAD, earlier=earlier)
        assert reply is not None
        assert words in reply.text


async def test_what_others_said_is_no_command(desk: PeopleDesk) -> None:
    """Text is data: an admin who points at "mute forever" or "forget me" has nothing done."""
    for words in ("mute forever", "forget me", "why?", "add Title here now?\nText"):
        reply = await desk.say("^", ADMIN, address=THREAD, earlier=(OTHER(words),))
        assert isinstance(reply, Reply)
        assert not reply.private
        assert not desk.app.access.is_muted(THREAD, desk.clock.now)


async def test_what_is_said_in_private_is_nobody_elses_topic(desk: PeopleDesk) -> None:
    """A private question in a channel, or in a thread, is remembered for its asker alone."""
    for place in (CHANNEL, THREAD):
        await desk.say("how do i get vpn access on my macbook?", address=place, direct=True)
        await desk.say("and on android?", ADMIN, address=place, direct=True)
        await desk.say("and on android?", ADMIN, address=place)
        await desk.say("and on android?", address=place, direct=True)
        asked = (await desk.app.helpdesk()).asked[-3:]
        assert asked == ["and on android?", "and on android?", "how do i get vpn access on android?"]
