"""What the bot says, made of what it knows."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import replies
from bot.replies import ago, from_answer, web_url, without_human
from bot.reply_words import reply_words
from config.persona import load_persona
from connectors.base import Link
from knowledge.models import Answer, Citation, Failed, SyncReport, Verdict
from tests.bot.conftest import NOW

if TYPE_CHECKING:
    from config.persona import Persona


def citation(
    title: str, *, article_id: str = "", days: int | None = None, url: str | None = None
) -> Citation:
    """A citation of an article that was updated `days` ago."""
    updated = None if days is None else NOW - timedelta(days=days)
    return Citation(title, "docs", title, url, "r1", updated, "words")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"),
        (1, "yesterday"),
        (2, "2 days ago"),
        (6, "6 days ago"),
        (7, "1 week ago"),
        (22, "3 weeks ago"),
        (30, "1 month ago"),
        (364, "12 months ago"),
        (365, "1 year ago"),
        (800, "2 years ago"),
        (-3, "today"),
    ],
)
def test_ages_are_said_in_whole_units(days: int, words: str) -> None:
    """An age has one unit, rounded down; a date in the future is today."""
    assert ago(NOW - timedelta(days=days), NOW) == words


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2090, 1, 1)))  # noqa: DTZ001 - made aware below
def test_every_age_can_be_said(then: datetime) -> None:
    """Whatever the date, the words are short and have no zero in them."""
    words = ago(then.replace(tzinfo=NOW.tzinfo), NOW)
    assert 0 < len(words) < 20
    assert not words.startswith("0")


@pytest.mark.parametrize(("verdict", "ends"), [(Verdict.ANSWERED, "Cheers!"), (Verdict.UNSURE, "*Reset*.")])
def test_a_persona_signs_what_it_is_sure_of(persona: Persona, verdict: Verdict, ends: str) -> None:
    """Under a guess "I hope that helps" would be glib."""
    signing = replace(persona, sign_off="Cheers!")
    answer = Answer("a1", "?", "Press *Reset*.", verdict, 0.4, (citation("Reset"),))
    assert from_answer(answer, signing, NOW).text.endswith(ends)


def test_an_answer_shows_each_article_once_with_its_age(persona: Persona) -> None:
    """Two quotes of one article are one link, in the order of the citations, with its age if known."""
    answer = Answer(
        "a1",
        "?",
        "Press *Reset*.",
        Verdict.ANSWERED,
        0.9,
        (
            citation("Reset", days=21, url="https://help.example/reset"),
            citation("Keys"),
            citation("Reset", days=21, url="https://help.example/reset"),
        ),
    )
    reply = from_answer(answer, persona, NOW)
    assert reply.text.startswith("Press *Reset*.")
    assert reply.links == (
        Link("Reset", "https://help.example/reset", "updated 3 weeks ago"),
        Link("Keys", None, ""),
    )
    assert [(action.name, action.value) for action in reply.actions] == [
        ("helpful", "a1"),
        ("not_helpful", "a1"),
        ("human", ""),
        ("sources", "a1"),
    ]


def test_an_old_article_is_marked(persona: Persona) -> None:
    """Past `old` its age has a warning; at it, and without a limit, it has none."""
    cited = (citation("Reset", days=731), citation("Keys", days=730), citation("Doors"))
    answer = Answer("a1", "?", "Press *Reset*.", Verdict.ANSWERED, 0.9, cited)
    old = [link.note for link in from_answer(answer, persona, NOW, old=timedelta(days=730)).links]
    assert old == ["updated 2 years ago, may be outdated", "updated 2 years ago", ""]
    assert "outdated" not in str(from_answer(answer, persona, NOW).links)


def test_no_answer_offers_to_tell_later_where_that_can_be_done(persona: Persona) -> None:
    """The button names the answer; under a story nobody would find again there is none."""
    answer = Answer("a1", "?", persona.no_answer, Verdict.UNANSWERED, 0.1)
    assert [one.value for one in from_answer(answer, persona, NOW, wish=True).actions] == ["", "a1"]
    story = replace(answer, question="so " * 400)
    assert [one.name for one in from_answer(story, persona, NOW, wish=True).actions] == ["human"]


def test_no_answer_offers_the_closest_articles_and_a_person(persona: Persona) -> None:
    """The persona's refusal comes with three titles at most, and with the way to a person."""
    near = tuple(citation(f"Article {number}") for number in range(5))
    answer = Answer("a1", "?", persona.no_answer, Verdict.UNANSWERED, 0.1, closest=near)
    reply = from_answer(answer, persona, NOW)
    assert reply.text.startswith(persona.no_answer)
    assert [link.title for link in reply.links] == ["Article 0", "Article 1", "Article 2"]
    assert [action.name for action in reply.actions] == ["human"]


def test_what_stands_over_the_articles_is_in_the_personas_language(persona: Persona) -> None:
    """A German persona has "Quellen"; the closest articles have words of their own in the text, and nothing more."""
    german = load_persona("german")
    answer = Answer("a1", "Wie?", "So.", Verdict.ANSWERED, 0.9, (citation("VPN", url="https://a.example/"),))
    assert from_answer(answer, german, NOW).heading == "Quellen"
    assert from_answer(answer, persona, NOW).heading == "Sources"
    near = replace(answer, verdict=Verdict.UNANSWERED, citations=(), closest=answer.citations)
    assert from_answer(near, german, NOW).heading == ""


def test_no_answer_without_articles_promises_none(persona: Persona) -> None:
    """Nothing close: the refusal stands alone."""
    answer = Answer("a1", "?", persona.no_answer, Verdict.UNANSWERED, 0.0)
    assert from_answer(answer, persona, NOW).text == persona.no_answer


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "data:x", "//x", "http://[", ""]
)
def test_only_web_addresses_become_links(url: str) -> None:
    """What a reader cannot follow, or should not, is left out."""
    assert web_url(url) is None
    assert web_url("https://help.example/a") == "https://help.example/a"


def test_a_sync_is_told_in_a_line_a_source() -> None:
    """Counts that are zero are left out; failures are named, five of them."""
    failed = tuple(Failed(f"a{number}", "no text") for number in range(7))
    report = SyncReport(
        "docs", added=2, unchanged=40, failed=failed, seconds=1.25, error="the server hung up"
    )
    text = replies.from_sync([report]).text
    assert "docs: 2 added, 40 unchanged, 7 failed (1.2 s)" in text
    assert "the server hung up" in text
    assert "a4: no text" in text
    assert "a5" not in text
    assert "and 2 more" in text


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "pt", "nl"])
def test_the_words_around_an_answer_are_in_the_personas_language(language: str) -> None:
    """Ages, buttons and what leads in the closest articles; nothing of it is left in English."""
    persona = replace(load_persona("german"), language=f"{language}-XX")
    english, said = reply_words("en"), reply_words(language)
    for field in fields(said):
        assert getattr(said, field.name) != getattr(english, field.name) or field.name == "sources"
    for days in (0, 1, 3, 8, 20, 40, 80, 400, 900):
        age = said.ago(NOW - timedelta(days=days), NOW)
        assert "{" not in age
        assert age != english.ago(NOW - timedelta(days=days), NOW)
    unanswered = Answer(
        "a1",
        "Wo?",
        "Nein.",
        Verdict.UNANSWERED,
        0.1,
        closest=(citation("Setup", days=900),),
        persona=persona.name,
    )
    shown = from_answer(unanswered, persona, NOW, wish=True, old=timedelta(0))
    assert said.closest in shown.text
    assert {action.label for action in shown.actions} == {said.human, said.wish}
    assert said.outdated in shown.links[0].note
    assert without_human(shown).actions == shown.actions[1:]


def test_a_language_without_words_gets_english() -> None:
    """As do its phrases; the persona's own words are still its own."""
    assert reply_words("xx") == reply_words() == reply_words("en-GB")


def test_a_sync_names_the_articles_that_speak_to_the_bot() -> None:
    """Whoever asked for the sync hears of them."""
    reply = replies.from_sync([SyncReport("help", added=2, addressed=("odd",))])
    assert "1 article has text that speaks to the bot; answers leave it out: odd" in reply.text
