"""Which voice speaks, and in which language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.helpdesk import without_articles
from bot.personas import spoken_language
from bot.replies import busy, no_files, too_many
from tests.bot.conftest import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.personas import Personas
    from config.persona import Persona
    from connectors.base import Reply
    from tests.bot.people_desk import PeopleDesk


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("danke", "de"),
        ("Hallo", "de"),
        ("merci beaucoup", "fr"),
        ("gracias!", "es"),
        ("thanks", "en"),
        ("wie kann ich mein Passwort zurücksetzen?", "de"),
        ("und auf dem Handy?", "de"),
        ("comment changer mon mot de passe", "fr"),
        ("how do I reset my password", "en"),
        ("cancel oder", None),
        ("VPN Mac", None),
        ("ya", None),
        ("パスワード", "ja"),
        ("", None),
    ],
)
def test_the_language_of_a_message(text: str, language: str | None) -> None:
    """Few words in letters that many languages share tell nothing, but a greeting or thanks does."""
    assert spoken_language(text) == language


def test_the_voice_speaks_the_language_of_the_message_or_of_what_came_before(personas: Personas) -> None:
    """A short follow-up stays in the thread's language; a language without words changes nothing."""
    address = message().address
    german = personas.of(address, None, ("und iOS?", "wie verbinde ich mich mit dem VPN?"))
    assert (german.name, german.language) == ("friendly", "de")
    assert personas.of(address, None, ("パスワードを忘れました",)) == personas.default
    assert personas.of(address, None, ("how do I connect?", "wie verbinde ich mich?")) == personas.default
    assert personas.of(address) == personas.default


async def test_what_stands_around_an_answer_is_in_the_askers_language(desk: PeopleDesk) -> None:
    """Sign-off, age and buttons; the article keeps its own words, and its citation its own title."""
    await desk.put("Drucker einrichten", "Drücken Sie den grünen Knopf.")
    reply = await desk.say("Wie kann ich den Drucker einrichten?")
    assert reply is not None
    assert reply.text == "Drücken Sie den grünen Knopf.\n\nIch hoffe, das hilft dir!"
    assert [(link.title, link.note) for link in reply.links] == [("Drucker einrichten", "aktualisiert heute")]
    assert [action.label for action in reply.actions][:2] == ["👍 Hilfreich", "👎 Nicht hilfreich"]
    declined = await desk.say("Wie hoch ist der Eiffelturm?")
    assert declined is not None
    assert (
        declined.text == "Ich habe nachgesehen, aber in unseren Hilfeartikeln keine Antwort darauf gefunden."
    )
    english = await desk.say("What is the best way to the moon?")
    assert english is not None
    assert english.text == "I looked, but I could not find an answer to that in our help articles."


def test_small_talk_is_answered_in_its_language(personas: Personas) -> None:
    """Thanks in French get the French words, whatever the persona's own language."""
    for text, words in (
        ("merci", "De rien !"),
        ("thanks", "You're welcome!"),
        ("ok danke", "Gern geschehen!"),
    ):
        answer = without_articles(text, personas.of(message().address, None, (text,)))
        assert answer is not None
        assert answer.text == words


@pytest.mark.parametrize("make", [no_files, too_many, busy])
def test_the_bots_other_words_follow_too(personas: Personas, make: Callable[[Persona], Reply]) -> None:
    """Each language that the bot has words for has its own."""
    voice = personas.default
    said = {make(voice.speaking(language)).text for language in ("en", "de", "fr", "es", "it", "pt", "nl")}
    assert len(said) == 7
