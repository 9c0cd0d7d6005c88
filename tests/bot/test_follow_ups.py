"""Follow-ups by rules: what is searched for after an earlier question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.follow_ups import standalone

CARRIED = [
    ("how do i get on the vpn with my macbook?", "and on android?", "how do i get on the vpn on android?"),
    (
        "how do i get on the vpn with my macbook?",
        "what about windows?",
        "how do i get on the vpn on windows?",
    ),
    ("how do i get on the vpn with my macbook?", "android?", "how do i get on the vpn on android?"),
    (
        "how do I install the desktop app on Windows",
        "and linux",
        "how do I install the desktop app on linux?",
    ),
    (
        "how much is the Team plan per seat?",
        "and the Business plan?",
        "how much is the Business plan per seat?",
    ),
    (
        "how much is the Business plan?",
        "and if we pay yearly?",
        "how much is the Business plan if we pay yearly?",
    ),
    ("can I export a report to csv?", "and as pdf?", "can I export a report to csv as pdf?"),
    (
        "who has to approve a refund of 100 euros?",
        "and for 400 euros?",
        "who has to approve a refund of 400 euros?",
    ),
    ("How do I reset my password?", "how long does it take?", "reset password: how long does it take?"),
    ("how do I delete my account?", "can I undo that?", "delete account: can I undo that?"),
    ("what does 409 locked mean", "why?", "409 locked: why?"),
    ("how long do you keep the audit log on Team", "and on Business?", None),
    (
        "Wie setze ich mein Passwort zurück?",
        "und ohne E-Mail?",
        "Wie setze ich mein Passwort zurück ohne E-Mail?",
    ),
    ("Comment envoyer une facture à mon client ?", "et en anglais ?", None),
    (
        "how do I share a folder",
        "and if the link is broken?",
        "how do I share a folder if the link is broken?",
    ),
    ("how do I print a badge", "which paper size?", "print badge: which paper size?"),
    ("how do I book a desk", "how long until you free it?", None),
    ("how do I book a desk", "how many may we book?", "book desk: how many may we book?"),
    ("how do I share a folder", "as a zip file?", "how do I share a folder as a zip file?"),
    ("how do I book desks", "are they cleaned?", "book desks: are they cleaned?"),
    ("Wie teile ich einen Ordner?", "und wie lange gilt der Link?", None),
    ("how do I share a folder", "only the newest files?", "how do I share a folder only the newest files?"),
    ("how do I book a desk", "every week?", "how do I book a desk every week?"),
    ("how do I book a desk", "is there a limit?", "book desk: is there a limit?"),
    ("how do I book a desk", "it says access denied", "book desk: it says access denied?"),
    ("how do I book a desk", "the button is greyed out", "book desk: the button is greyed out?"),
    ("how do I book a desk", "how do I add another", "book desk: how do I add another?"),
]
LEFT_ALONE = [
    ("how do i get on the vpn with my macbook?", "how do I cancel?"),
    ("How do I reset my password?", "and how do I cancel my plan?"),
    ("How do I reset my password?", "in which country is our data stored?"),
    ("how much is the Team plan per seat?", "I forgot to log yesterday, can I add it now?"),
    ("can I pay with PayPal?", "start a timer from slack"),
    ("can I pay with PayPal?", "install on my android phone"),
    ("what does 409 locked mean", "is it possible to delete my account?"),
    ("who can unlock an approved week", "export to DATEV"),
    ("turn on 2FA", "thanks!"),
    ("turn on 2FA", "and if I want to cancel my plan?"),
    ("turn on 2FA", "which plan has single sign-on?"),
    ("turn on 2FA", "how much does the Team plan cost a year?"),
    ("turn on 2FA", "Wie kündige ich mein Abo?"),
    ("turn on 2FA", "also export invoices to DATEV"),
    ("turn on 2FA", "is there a limit to the size of files?"),
    ("turn on 2FA", "it is possible to pay by card?"),
]


@pytest.mark.parametrize(("first", "second", "searched"), CARRIED)
def test_a_follow_up_takes_the_topic_along(first: str, second: str, searched: str | None) -> None:
    """What is missing in the message comes from the question before; None: at least all its words do."""
    found = standalone(second, [first])
    if searched is not None:
        assert found == searched
    assert found != second
    assert set(second.strip("?! .").casefold().split()[-1:]) <= set(found.strip("?! .").casefold().split())


@pytest.mark.parametrize(("first", "second"), LEFT_ALONE)
def test_another_topic_drags_nothing_in(first: str, second: str) -> None:
    """A question that is complete is searched as it stands."""
    assert standalone(second, [first]) == second


def test_of_a_long_story_the_words_said_most_are_the_topic() -> None:
    """People tell what happened around what they ask; what they come back to is carried on."""
    story = (
        "Since I came back from holiday on Monday nothing works here, my colleague Jane had the same thing on her "
        "desk in spring. The printer does not print badges. The badges stay white, and the printer asks for a badge "
        "ribbon although a new ribbon of the right colour lies in it."
    )
    found = standalone("how do I switch it off", [story])
    assert {"printer", "badges", "ribbon"} <= set(found.replace(":", "").split())
    assert len(found.split()) <= 16 + 6


def test_a_third_turn_builds_on_what_was_searched() -> None:
    """The platform changes again; the topic stays."""
    first = "how do i get on the vpn with my macbook?"
    second = standalone("and on android?", [first])
    assert standalone("and with linux?", [first, second]) == "how do i get on the vpn with linux?"


def test_without_a_thread_nothing_is_rewritten() -> None:
    """The first message is the question."""
    assert standalone("and on android?", []) == "and on android?"


@given(st.text(max_size=300), st.lists(st.text(max_size=300), max_size=3))
def test_any_text_gives_a_question_of_bounded_length(text: str, earlier: list[str]) -> None:
    """Never longer than the two together and a few characters."""
    assert len(standalone(text, earlier)) <= len(text) + max(map(len, earlier), default=0) + 10
