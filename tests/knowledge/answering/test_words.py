"""Language, small talk and words of a question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.answering.language import detect_language, same_language
from knowledge.answering.smalltalk import is_smalltalk, without_courtesy
from knowledge.answering.words import MAX_QUESTION, clip, content_stems, names, numbers, platforms


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I reset my password?", "en"),
        ("Wie setze ich mein Passwort zurück?", "de"),
        ("Comment réinitialiser mon mot de passe ?", "fr"),
        ("¿Cómo cambio mi contraseña?", "es"),
        ("Come posso cambiare la password?", "it"),
        ("Como faço para mudar a minha senha?", "pt"),
        ("Hoe kan ik mijn wachtwoord wijzigen?", "nl"),
        ("Как сбросить пароль?", "ru"),
        ("パスワードを忘れた", "ja"),
        ("如何重置密码", "zh"),
        ("비밀번호 재설정", "ko"),
        ("vpn", None),
        ("😀😀", None),
        ("", None),
        ("`the and of` https://the.and.of/is", None),
    ],
)
def test_the_language_is_read_from_script_and_common_words(text: str, language: str | None) -> None:
    """Sentences show their language; a lone name, emoji, code and links do not."""
    assert detect_language(text) == language


def test_languages_compare_without_their_regions() -> None:
    """en-GB is en, and what is not known may be anything."""
    assert same_language("en-GB", "en_US")
    assert same_language(None, "de")
    assert not same_language("en", "de")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hi", "greeting"),
        ("Hello there!", "greeting"),
        ("Grüß Gott", "greeting"),
        ("नमस्ते", "greeting"),
        ("👋🏽", "greeting"),
        ("Thanks a lot!! 🙏", "thanks"),
        ("ok, that worked, thank you", "thanks"),
        ("Vielen Dank", "thanks"),
        ("hi, how do I reset my password?", None),
        ("thanks, but the link is dead", None),
        ("good morning, the VPN is down", None),
        ("history", None),
        ("", None),
        ("hi " * 5000, None),
    ],
)
def test_only_a_whole_greeting_is_small_talk(text: str, kind: str | None) -> None:
    """A question that begins or ends politely is a question."""
    assert is_smalltalk(text) == kind


def test_content_words_are_stemmed_without_stop_words() -> None:
    """What is left of a question is its subject, in the stems of its language."""
    assert content_stems("How do I reset my passwords?", "en") == ["reset", "password"]
    assert content_stems("Wie bezahle ich meine Rechnungen?", "de") == ["bezahl", "rechnung"]
    assert content_stems("C++ and C# on node", "en") == ["c++", "c#", "node"]


def test_platforms_names_and_numbers_are_found() -> None:
    """The words that a passage must not miss: what the question names."""
    assert platforms("on my MacBook and an iPad, not Windows") == {"mac", "ios", "windows"}
    assert platforms("macaroni windowsill") == frozenset()
    assert names("Does it work with Salesforce and ERR_504? Maybe.") == {"salesforce", "err"}
    assert numbers("Error 504 after 1.5 hours in v2, 10,000 rows") == {"504", "1.5", "10,000"}


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    """No text makes these functions fail."""
    clipped = clip(text)
    assert len(clipped) <= MAX_QUESTION
    content_stems(clipped, detect_language(clipped))
    names(clipped)
    is_smalltalk(text)
    assert without_courtesy(text) in text


def test_a_huge_question_is_cut() -> None:
    """50,000 characters are read as the first 4,000, without control characters and lone surrogates."""
    assert len(clip("word " * 10_000)) <= MAX_QUESTION
    assert clip("a\x00b\ud800c\u200bd") == "a b c d"


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("hey there! how can I add Bob to our workspace? thanks", "how can I add Bob to our workspace?"),
        ("Hi how do I cancel", "how do I cancel"),
        ("good morning, where is my invoice. Thanks in advance!", "where is my invoice."),
        ("Bonjour, comment payer ? merci beaucoup", "comment payer ?"),
        ("Hello team - vpn down, thx", "vpn down"),
        ("how do I say thank you", "how do I say thank you"),
        ("morning reports are missing", "morning reports are missing"),
        ("hi-res images", "hi-res images"),
        ("Yo-yo settings", "Yo-yo settings"),
        ("hi", "hi"),
        ("thanks", "thanks"),
    ],
)
def test_courtesy_around_a_question_is_left_out(text: str, bare: str) -> None:
    """A greeting before a question and thanks after it do not count among its words; words that look alike do."""
    assert without_courtesy(text) == bare


def test_thanks_may_begin_with_a_greeting() -> None:
    """A greeting and thanks in one are thanks; with a question behind them it is a question."""
    assert is_smalltalk("hey, thanks a lot!") == "thanks"
    assert is_smalltalk("hey, thanks a lot! and on android?") is None
