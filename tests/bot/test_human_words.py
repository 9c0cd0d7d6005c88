"""Asking for a person in one's own words."""

from __future__ import annotations

import pytest

from bot.access import Access
from bot.human_words import asks_for_a_person
from bot.spoken import as_command
from config.settings import AccessSettings
from connectors.base import Command
from tests.bot.conftest import message


@pytest.mark.parametrize(
    "text",
    [
        "talk to a human",
        "Talk to a human!",
        "human please",
        "a real person, please",
        "i want to speak to a person",
        "I'd like to talk to an agent",
        "can I speak with someone real?",
        "Could I please talk to a human being?",
        "let me chat with a person",
        "connect me to an agent",
        "I need a human",
        "agent",
        "mit einem menschen sprechen",
        "Ich möchte bitte mit einem Menschen sprechen.",
        "kann ich mit einer Mitarbeiterin reden?",
        "bitte einen Menschen",
        "Mitarbeiter bitte",
    ],
)
def test_they_are_the_command_human(text: str) -> None:
    """Whoever says nothing else wants a person, and no article about persons."""
    said = as_command(message(text, thread="1.0"), Access(AccessSettings()))
    assert isinstance(said, Command)
    assert (said.name, said.arguments) == ("human", "")


@pytest.mark.parametrize(
    "text",
    [
        "how do I talk to a human resources manager?",
        "can I talk to an agent about my refund policy?",
        "which person approves my travel?",
        "agent installation fails on Windows",
        "user agent",
        "I want to speak to a person in France, which number format is right?",
        "wie lege ich eine Person an?",
        "mit einem Menschen sprechen die Geräte wie?",
        "please",
        "bitte",
    ],
)
def test_questions_about_persons_stay_questions(text: str) -> None:
    """More than that is a question."""
    assert not asks_for_a_person(text)


def test_what_is_said_to_others_opens_nothing() -> None:
    """Only who speaks to the bot asks it for a person."""
    event = message("human please", addressed=False)
    assert as_command(event, Access(AccessSettings())) is event
