"""Names for one and the same thing."""

from __future__ import annotations

import pytest

from knowledge.aliases import in_plain_words, named_in, other_names, spoken
from knowledge.answering.gate_support import support_for
from knowledge.answering.gate_words import load_word_vectors
from knowledge.answering.missing import find_missing, words_to_look_up
from knowledge.stores.query import plan_query
from tests.knowledge.answering.test_gate import found


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("switch on mfa", "Turn on two-factor authentication"),
        ("2FA aktivieren", "Zwei-Faktor-Anmeldung einschalten"),
        ("comment activer la double authentification ?", "Activer A2F"),
        ("switch to a bigger plan", "Upgrade"),
        ("is there WLAN", "Guests use the Wi-Fi"),
        ("book time off", "book a holiday"),
    ],
)
def test_what_goes_by_another_name_is_held(asked: str, told: str) -> None:
    """Every word of the topic counts as standing there, and the search looks for the other name too."""
    support = support_for(asked, [told], load_word_vectors())
    assert support.mean([0]) == pytest.approx(1.0, abs=0.01)
    assert set(spoken(told).split()) & {
        word for text, _ in plan_query(asked).keywords for word in text.split()
    }


def test_a_bigger_plan_is_no_smaller_one() -> None:
    """Names of one row stand for each other, those of two do not."""
    (bigger,) = named_in("switch to a bigger plan")
    assert bigger.stands_in(spoken("How to upgrade."))
    assert not bigger.stands_in(spoken("How to downgrade, or move to a smaller plan."))


@pytest.mark.parametrize(
    ("asked", "plainly"),
    [
        ("2FA aktivieren", "two factor authentication aktivieren"),
        ("turn on Two-Factor", "turn on two factor authentication"),
        ("how do I add a user?", "how do I invite new user?"),
        ("wie kann ich einen Benutzer hinzufügen", "wie kann ich einen invite new user"),
        ("turn on two-factor authentication", ""),
        ("how do I export an invoice?", ""),
        ("is the vpngate up", ""),
    ],
)
def test_a_thing_is_searched_for_by_its_plain_name_too(asked: str, plainly: str) -> None:
    """The model knows the words of a name better than its letters; what is plain already stays as it is."""
    assert in_plain_words(asked) == plainly
    assert plan_query(asked).texts == ((asked, plainly) if plainly else (asked,))


def test_most_questions_have_no_other_names() -> None:
    """Then they are searched for as they are."""
    assert other_names("how do I export an invoice?") == ""
    assert plan_query("how do I export an invoice?").texts == ("how do I export an invoice?",)


def test_a_thing_under_another_name_is_not_missing() -> None:
    """The articles write "Wi-Fi"."""
    asked = "can I print with WLAN"
    looked_up = words_to_look_up(asked)
    assert "wi-fi" in looked_up
    assert find_missing(asked, [found("Print", "By Wi-Fi.")], frozenset({"wi-fi", "print"})) is None
