"""Questions in a language that the articles are not in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.persona import load_persona
from knowledge.answering.glossary import in_other_words
from knowledge.models import Question, Verdict
from tests.fakes.llm_server import Turn
from tests.knowledge.answering.conftest import PERSONA, PUBLIC

if TYPE_CHECKING:
    from tests.knowledge.answering.conftest import Desk
    from tests.knowledge.answering.llm.conftest import Scripted


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("Passwort zur\u00fccksetzen", "de", "password reset"),
        ("Passwort zuruecksetzen", "de", "password reset"),
        ("Abonnementkuendigung", "de", "subscription cancel"),
        ("Wo erstelle ich einen API-Schl\u00fcssel?", "de", "where do i create a API key?"),
        ("Wie f\u00fcge ich einen neuen Benutzer hinzu?", "de", "how do i add a new user?"),
        ("Comment r\u00e9initialiser mon mot de passe ?", "fr", "how reset my password ?"),
    ],
)
def test_a_question_is_put_word_by_word(text: str, language: str, said: str) -> None:
    """Compounds in their parts, umlauts in either spelling, and names as they are."""
    found = in_other_words(text, language, "en")
    assert found is not None
    assert found[0] == said


@pytest.mark.parametrize("text", ["Wie backe ich einen Apfelkuchen?", "Slack", "", "Was ist das?"])
def test_what_the_table_does_not_know_is_not_put(text: str) -> None:
    """No word that says what it is about, no other words."""
    assert in_other_words(text, "de", "en") is None
    assert in_other_words(text, "de", "de") is None
    assert in_other_words(text, "ja", "en") is None


@pytest.mark.parametrize(
    "text", ["Wie kann ich mein Passwort zuruecksetzen?", "Kennwort \u00e4ndern, wie geht das?"]
)
async def test_an_english_article_answers_a_german_question(desk: Desk, text: str) -> None:
    """In its own words, with the language told in the asker's; `why` tells which words were read as which."""
    persona = load_persona("friendly").speaking("de")
    answer = await desk.ask(text, persona=persona)
    assert answer.verdict in {Verdict.ANSWERED, Verdict.UNSURE}
    assert answer.citations[0].article_id == "password"
    assert answer.question == text
    assert "Englisch" in answer.text
    assert answer.trace["repaired"]


async def test_a_german_article_answers_an_english_question(desk: Desk) -> None:
    """The other way round, where the only article on it is a German one."""
    answer = await desk.ask("How do I request holiday?")
    assert answer.verdict in {Verdict.ANSWERED, Verdict.UNSURE}
    assert answer.citations[0].article_id == "urlaub"
    assert "German" in answer.text


async def test_what_no_article_says_is_declined_in_the_askers_language(desk: Desk) -> None:
    """No article is named for it, and what is missing is named as the asker did."""
    persona = load_persona("friendly").speaking("de")
    answer = await desk.ask("Wie backe ich einen Apfelkuchen?", persona=persona)
    assert answer.verdict is Verdict.UNANSWERED
    assert not answer.closest
    printer = await desk.ask("Wie verbinde ich den Drucker mit dem Computer?", persona=persona)
    assert printer.verdict is Verdict.UNANSWERED
    assert "printer" not in printer.text


async def test_a_model_gets_the_question_as_it_was_asked(scripted: Scripted) -> None:
    """Words put one by one are for the search; a model reads German."""
    text = "Wie kann ich mein Passwort zuruecksetzen?"
    evidence = await scripted.evidence(text)
    assert evidence.reworded == "en"
    question = (await scripted.evidence(text)).question
    assert question.text != text
    scripted.server.turns = [Turn("NO_ANSWER")]
    asked = Question(text, PUBLIC)
    await scripted.pipeline().run(asked, evidence, PERSONA)
    prompt = scripted.server.requests[0]["messages"][1]["content"]
    assert text in prompt
    assert question.text not in prompt
