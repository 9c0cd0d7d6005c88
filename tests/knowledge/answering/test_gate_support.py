"""Whether passages hold the very thing that is asked for, and not its opposite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answering.gate_opposites import asks_the_opposite
from knowledge.answering.gate_support import related, support_for, topic_words
from knowledge.answering.gate_words import load_word_vectors
from knowledge.answering.spelling import respell, suspects
from tests.knowledge.answering.test_gate import found

WORDS = load_word_vectors()


def held(question: str, *texts: str) -> dict[str, float]:
    """Give how well the best of the texts holds each topic word."""
    support = support_for(question, texts, WORDS)
    return {
        word: round(float(share), 2)
        for word, share in zip(support.words, support.of(range(len(texts))), strict=True)
    }


def test_the_topic_is_what_is_left_without_the_form_of_the_question() -> None:
    """Stop words, politeness and "how long" say nothing of the subject; devices do."""
    assert topic_words("Hi, how do I find the lift code please?") == ["lift", "code"]
    assert topic_words("can I use it on my laptop") == ["laptop"]
    assert topic_words("Wo finde ich die Rechnung?", "de") == ["rechnung"]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("resetting passwords", "Reset your password."),
        ("the login code", "The log-in codes"),
        ("turn on 2FA", "Turn on two-factor authentication"),
        ("Passwort ändern", "Die Passwortregeln ändern sich."),
        ("my ipad", "On iOS"),
    ],
)
def test_a_word_is_held_as_stem_compound_or_by_another_name(question: str, text: str) -> None:
    """All of the topic words stand in the text in some form."""
    assert support_for(question, [text], WORDS).mean([0]) == pytest.approx(1.0, abs=0.1)


def test_a_word_that_means_the_same_holds_more_than_one_of_the_same_kind() -> None:
    """A price is a cost and a user nearly a member; a lift is no door and a gamma no delta."""
    assert held("the price", "It costs 14 euros.")["price"] > 0.6
    assert held("add a user", "Invite a member.")["user"] > 0.6
    assert held("the lift code", "The door code is 9022.") == {"lift": 0.0, "code": 1.0}
    assert held("gamma widget", "The delta widget")["gamma"] < 0.1


def test_the_opposite_is_no_word_that_means_the_same() -> None:
    """The vectors of "enable" and "disable" are near each other; one does not stand for the other."""
    assert WORDS.cosines([WORDS.row("enable") or 0], [WORDS.row("disable") or 0]) > 0.6
    assert held("disable it", "Enable it.")["disable"] < 0.5


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How do I turn OFF two-factor?", "Turn on two-factor authentication"),
        ("turn two-factor off", "Enable two-factor"),
        ("remove a member", "Invite a member"),
        ("downgrade my plan", "Upgrade your plan"),
        ("export contacts", "Import contacts"),
        ("unlock the account", "Lock an account"),
        ("who deleted it", "Create a project"),
        ("Wie schalte ich das aus?", "Zwei-Faktor einschalten"),
        ("Benachrichtigungen deaktivieren", "Benachrichtigungen aktivieren"),
        ("désactiver les notifications", "Activer les notifications"),
    ],
)
def test_an_article_on_the_opposite_is_noticed(question: str, text: str) -> None:
    """In English, German and French; the same question is answered where its own operation is told too."""
    assert asks_the_opposite(question, [text])
    assert not asks_the_opposite(question, [text, question])
    assert not asks_the_opposite(text, [text])


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("disable rounding", "Round times"),
        ("move it to the other office", "Turn on the light"),
        ("the app is locked up and slow", "Restart the app."),
    ],
)
def test_what_is_no_pair_of_opposites_is_left(question: str, text: str) -> None:
    """Nothing is told of the operation, one way or the other."""
    assert not asks_the_opposite(question, [text])


def test_names_codes_addresses_and_common_words_are_not_respelled() -> None:
    """Only what is no common word, no name, no code and no address may be a slip."""
    asked = "Pasword for Tryllo: see bob@exmaple.com, ERR_5O4, two-factr and the lift"
    assert suspects(asked, WORDS) == ["Pasword"]
    assert respell(asked, {"Pasword": "password"}).startswith("Password for Tryllo: see bob@exmaple.com")


def test_a_longer_word_is_asked_for_where_no_list_of_common_words_helps() -> None:
    """In German a word of five letters that is not known is more often right than wrong."""
    assert suspects("Wo finde ich die Rechnng für mein Konto?", WORDS) == ["Rechnng"]


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_weighed(question: str, text: str) -> None:
    """Shares are between 0 and 1, for any question and any text."""
    support = support_for(question, [text, question], WORDS)
    assert ((support.held >= 0) & (support.held <= 1)).all()
    assert 0.0 <= support.mean([0]) <= 1.0
    assert respell(question, {}) == question
    assert all(word in question or not word.isascii() for word in suspects(question, WORDS))
    asks_the_opposite(question, [text])


def test_only_what_has_to_do_with_a_question_is_named_as_closest() -> None:
    """Near in meaning, or somewhat near with a word of the topic in its title; the capital of Portugal has nothing."""
    near, titled, far = (
        found("Printing", "Print it.", 0.4),
        found("Toner for the printer", "Change it.", 0.25),
        found("Refunds", "Get it back.", 0.25),
    )
    assert related("order toner", [near, titled, far], WORDS) == [near, titled]
    assert related("What is the capital of Portugal?", [far], WORDS) == []
