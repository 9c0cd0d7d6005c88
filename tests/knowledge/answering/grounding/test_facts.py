"""What must stand in a source letter by letter."""

from __future__ import annotations

import pytest

from knowledge.answering.grounding.facts import missing_fact
from knowledge.answering.grounding.meaning import opposed

SOURCE = """\
Reset your password
Open **Settings > Privacy** in Firefox 128.2 and run `acme reset --all`. It takes up to 60 minutes, or 5 GB.
Write to help@acme.example or see https://help.acme.example/reset for the Team plan. You must not share the link.
Only owners can delete a site. Enable the firewall before you start. Sync works if you are signed in to a work account.
The discount is 20 % since May 2024; the World Health Organization agrees.
"""


@pytest.mark.parametrize(
    "sentence",
    [
        "Open **Settings > Privacy** [1].",
        "Run `acme reset --all`, which takes up to 60 minutes.",
        "See https://help.acme.example/reset.",
        "See [the page](https://help.acme.example/reset).",
        "Write to help@acme.example about the Team plan.",
        "1. It is 20 percent since May 2024.",
        "In Firefox 128.2, open Settings > Privacy.",
        "The WHO agrees.",
        "It takes sixty minutes.",
    ],
)
def test_what_stands_there_passes(sentence: str) -> None:
    """The same facts in other words are no fault."""
    assert missing_fact(sentence, SOURCE) is None


@pytest.mark.parametrize(
    ("sentence", "what"),
    [
        ("It takes 90 minutes.", "number"),
        ("It takes 60 hours.", "unit"),
        ("It takes ninety minutes.", "number"),
        ("Use Firefox 128.3.", "number"),
        ("Run `acme reset --force`.", "command"),
        ("Open **Settings > Security**.", "label or menu"),
        ("Open Settings > Advanced.", "label or menu"),
        ("See https://help.acme.example/other.", "URL"),
        ("See https://help.acme.example/reset/now.", "URL"),
        ("See https://help.acme.example.evil.example/reset.", "URL"),
        ("Go to evil.example/login now.", "address"),
        ("Write to root@acme.example.", "e-mail"),
        ("Click [here](javascript:alert).", "link"),
        ("![x](https://help.acme.example/reset)", "an image"),
        ("<img src=x>", "an image"),
        ("Look, <b>bold</b>.", "HTML"),
        ("Do this in Chrome instead.", "name"),
        ("This is for Windows.", "platform"),
        ("It is since June 2024.", "name"),
    ],
)
def test_what_does_not_is_named(sentence: str, what: str) -> None:
    """The reason begins with the kind of fact that is missing."""
    assert (missing_fact(sentence, SOURCE) or "passed").startswith(what)


@pytest.mark.parametrize(
    "sentence",
    [
        "You may share the link.",
        "You must share the link.",
        "Do not enable the firewall before you start.",
        "Disable the firewall before you start.",
        "Enable the firewall after you start.",
        "Owners can delete a site.",
        "Sync works.",
    ],
)
def test_the_opposite_is_seen(sentence: str) -> None:
    """A lost or added "not", an opposite word, a condition that was left out."""
    assert opposed(sentence, SOURCE)


def test_a_condition_that_was_asked_about_need_not_be_repeated() -> None:
    """Whoever says that they are signed in to a work account may be told without it."""
    assert opposed("Sync works.", SOURCE, "I am signed in to a work account, does sync work?") is None
    assert opposed("You must not share the link.", SOURCE) is None
    assert opposed("Only owners can delete a site.", SOURCE) is None
