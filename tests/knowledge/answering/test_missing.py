"""Things that a question names and the articles do not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answering.gate import EvidenceGate, load_gate
from knowledge.answering.missing import LONGEST_THING, find_missing, words_to_look_up
from knowledge.answering.phrases import refusal
from knowledge.models import Missing, Verdict
from tests.knowledge.answering.conftest import INTERNAL, PERSONA, PUBLIC, article
from tests.knowledge.answering.test_gate import found

if TYPE_CHECKING:
    from tests.knowledge.answering.conftest import Desk

STORY = (
    "through the portal, although Jane approved another currency, discount, language and address last week"
)


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("How do I connect Tallyho to Salesforce?", "Salesforce"),
        ("how do i connect my account to salesforce", "salesforce"),
        ("Do you have an app for Apple Watch?", "Apple Watch"),
        ("can I send invoices by fax", "fax"),
        ("can I pay with bitcoin, please?", "bitcoin"),
        ("Kann ich Rechnungen per Fax senden?", "Fax"),
        ("puis-je envoyer une facture par télécopie ?", "télécopie"),
        ("what does ERR_SESSION_999 mean", "ERR_SESSION_999"),
        ("what does err_session_999 mean", "err_session_999"),
    ],
)
def test_a_named_thing_is_missing(question: str, thing: str) -> None:
    """Names, codes, and what stands after a preposition of means."""
    have = {"account", "app", "apple", "tallyho", "invoices", "send", "pay", "rechnungen", "facture", "mean"}
    held = words_to_look_up(question) & (have | {"Apple", "Tallyho"})
    assert find_missing(question, [], frozenset(word for word in held if word != "apple")) == Missing(thing)


@pytest.mark.parametrize(
    "question",
    [
        "hi, i wanna umm change my thingy pls",
        "Hello Anna, how do I reset my password?",
        "what happens on Monday",
        "who approves a refund of 400 euros",
        'the "Xyzzy" button is gone',
        "see https://evil.example/Quux and mail Bob@evil.example",
        "HOW DO I RESET MY ZORBLE",
        "How Do I Reset My Zorble Account",
        "Wo finde ich die Einstellungen für meinen Kalender?",
        "can I do it by myself",
        "how do I turn on 2FA",
        "umlauts are broken when I open the export",
        f"our client Contoso in Oslo wants to pay the overdue invoice with Klarna, {STORY}",
    ],
)
def test_what_may_be_meant_otherwise_is_not_missing(question: str) -> None:
    """Chat, greetings, days, amounts, quotations, addresses, all capitals, German nouns, long stories."""
    known = frozenset(words_to_look_up(question) & {"two-factor", "Contoso"})
    assert find_missing(question, [found("A", "b")], known) is None


def test_a_platform_is_missing_where_the_topic_is_told_for_others() -> None:
    """VPN on Android: an article on Android and two on the VPN are no answer; a neutral one on the VPN may be."""
    mac, windows = found("VPN on a Mac", "Open it."), found("VPN on Windows", "Open it.")
    app = found("The app on Android", "Install it.")
    asked = "how do i get on the vpn on android?"
    assert find_missing(asked, [app, mac, windows], frozenset()) == Missing("Android", anywhere=False)
    assert find_missing(asked, [app, mac, found("VPN", "On Android too.")], frozenset()) is None
    assert find_missing(asked, [found("VPN", "Open it."), mac], frozenset()) is None
    assert find_missing("vpn on my macbook", [mac, windows], frozenset()) is None
    assert find_missing("vpn on android or a mac", [mac, windows], frozenset()) is None


def test_a_missing_thing_lowers_the_confidence_below_an_answer() -> None:
    """Whatever the similarity; and `/why` shows what it would have been."""
    gate = EvidenceGate(load_gate(), 0.5, 0.3)
    sure = [found("Reset it", "Reset it.", 0.99, 1.5)]
    before, verdict, _ = gate.judge("Reset it", sure)
    assert verdict is Verdict.ANSWERED
    after, verdict, features = gate.judge("Reset it", sure, Missing("Fax"))
    assert verdict is not Verdict.ANSWERED
    assert after < 0.5 < before == features["without_rules"]


@given(st.text(max_size=200))
def test_a_thing_is_short_and_can_do_nothing_in_a_chat(question: str) -> None:
    """Letters, digits, hyphens, underscores and spaces, at most forty, for any question."""
    missing = find_missing(question, [], frozenset())
    if missing is not None:
        assert 0 < len(missing.thing) <= LONGEST_THING
        assert all(c.isalnum() or c in "-_ " or not c.isascii() for c in missing.thing)


def test_the_refusal_speaks_the_personas_language() -> None:
    """In a language without phrases the persona's own words are said."""
    missing = Missing("Android", anywhere=False)
    assert refusal(PERSONA, Missing("Fax")) == "I found nothing about Fax in our articles."
    german = replace(PERSONA, language="de-AT")
    assert refusal(german, missing) == "Für Android habe ich dazu in unseren Artikeln nichts gefunden."
    assert refusal(replace(PERSONA, language="ja"), missing) == PERSONA.no_answer
    assert refusal(PERSONA, None) == PERSONA.no_answer


async def test_the_refusal_names_what_is_missing_and_gives_the_topic(desk: Desk) -> None:
    """VPN articles for Mac and Windows are the closest to a question about Android."""
    answer = await desk.at(0.99, 0.99).ask("how do i get on the vpn on android?")
    assert (answer.verdict, answer.text) == (
        Verdict.UNANSWERED,
        "I found nothing on that for Android in our articles.",
    )
    assert answer.closest[0].article_id == "vpn"
    assert answer.trace["missing"] == {"thing": "Android", "anywhere": False}


async def test_a_word_of_internal_articles_is_missing_for_the_public(desk: Desk) -> None:
    """The same question, by audience; an article that mentions the word changes the evidence's fingerprint."""
    await desk.put(
        article("sf", "Salesforce", "Connect Salesforce to the office network.", audience=INTERNAL)
    )
    asked = "How do I connect the VPN to Salesforce?"
    public = await desk.at(0.99, 0.99).ask(asked)
    assert public.text == "I found nothing about Salesforce in our articles."
    inside = await desk.at(0.99, 0.99).ask(asked, PUBLIC | INTERNAL)
    assert "missing" not in inside.trace
