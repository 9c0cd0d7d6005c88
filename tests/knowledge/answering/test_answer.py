"""Answers in the articles' words."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from config.settings import AnswerSettings
from knowledge.answering.answer import AnswerPipeline
from knowledge.answering.serialise import answer_to_json
from knowledge.models import Evidence, Question, Verdict
from tests.knowledge.answering.conftest import ARTICLES, INTERNAL, PERSONA, PUBLIC, article

if TYPE_CHECKING:
    from tests.knowledge.answering.conftest import Desk


async def test_the_steps_for_the_platform_that_was_asked_about(desk: Desk) -> None:
    """The section of that platform, whole and in order, led in by its name, without the screenshot."""
    answer = await desk.at(0.2, 0.1).ask("How do I connect to the VPN on my Mac?")
    assert answer.text == (
        "On a Mac:\n\n"
        "1. Install Tunnelblick.\n"
        "2. Import `acme.ovpn`, which you find in [the portal](https://portal.acme.example/vpn).\n"
        "3. Select **Connect**."
    )
    (citation,) = answer.citations
    assert citation.article_id == "vpn"
    assert citation.url == "https://help.acme.example/vpn"
    assert citation.updated_at == datetime(2025, 2, 3, tzinfo=UTC)
    assert citation.quote in ARTICLES[0].body
    windows = await desk.at(0.2, 0.1).ask("connect to the VPN from windows")
    assert windows.text.startswith("On Windows:")
    assert "Tunnelblick" not in windows.text


async def test_without_a_platform_each_gets_its_steps(desk: Desk) -> None:
    """Somebody who does not say which machine it is sees the steps for each."""
    answer = await desk.at(0.2, 0.1).ask("How do I connect to the VPN?")
    assert "On a Mac:" in answer.text
    assert "On Windows:" in answer.text
    assert [citation.article_id for citation in answer.citations] == ["vpn"]


async def test_an_answer_keeps_opening_steps_and_note(desk: Desk) -> None:
    """The sentence that answers, the steps, the note: without the pointer to a picture, and harmless."""
    answer = await desk.ask("How do I reset my password?")
    assert answer.verdict is Verdict.ANSWERED
    assert answer.text.startswith(
        "You can set a new password as long as you can read your e-mail.\n\n1. Select"
    )
    assert "picture below" not in answer.text
    assert "3. Choose a password of at least 12 characters." in answer.text
    assert "**Note:**" in answer.text
    assert "@everyone" not in answer.text
    assert answer.persona == "plain"
    assert answer.closest == ()


async def test_every_statement_stands_in_a_cited_article(desk: Desk) -> None:
    """Numbers and words of an answer are those of its articles, whatever was asked."""
    bodies = {entry.id: entry.body for entry in ARTICLES}
    for text in ("password", "what does Business cost", "vpn windows", "when are invoices sent?"):
        answer = await desk.at(0.0, 0.0).ask(text)
        cited = "\n".join(bodies[citation.article_id] for citation in answer.citations)
        for line in answer.text.split("\n"):
            plain = line.replace("\u200b", "").strip()
            if plain.startswith(("|", "1.", "2.", "3.")):
                assert plain in cited


async def test_two_articles_that_disagree_are_both_shown_with_their_dates(desk: Desk) -> None:
    """30 days in one, 14 in the other: the reader sees both, and how old each is."""
    answer = await desk.at(0.0, 0.0).ask("Within how many days can a paid invoice be refunded?")
    assert "Two articles differ here:" in answer.text
    assert "within 30 days after the payment. (Invoices and prices, 2025-02-03)" in answer.text
    assert "within 14 days after the payment. (Refund policy, 2023-05-06)" in answer.text
    assert {citation.article_id for citation in answer.citations} == {"invoices", "refunds"}
    assert "[1]" in answer.text


async def test_unanswered_says_so_and_names_the_closest(desk: Desk) -> None:
    """The persona's refusal, nothing of the articles, and the nearest titles that the asker may see."""
    answer = await desk.ask("How high is the bonus of the sales team?")
    assert (answer.verdict, answer.text, answer.citations) == (Verdict.UNANSWERED, PERSONA.no_answer, ())
    assert 1 <= len(answer.closest) <= 3
    assert "bonus" not in {citation.article_id for citation in answer.closest}
    internal = await desk.ask("How high is the bonus of the sales team?", INTERNAL)
    assert internal.citations[0].article_id == "bonus"
    nothing = await desk.ask("😀")
    assert (nothing.verdict, nothing.closest) == (Verdict.UNANSWERED, ())


async def test_unsure_says_that_it_is_and_names_others(desk: Desk) -> None:
    """Between the thresholds the extract comes with a warning, in the persona's language."""
    unsure = desk.at(1.0, 0.0)
    answer = await unsure.ask("How do I reset my password?")
    assert answer.verdict is Verdict.UNSURE
    assert answer.text.startswith("I am not sure that this answers your question")
    assert {c.article_id for c in answer.closest}.isdisjoint(c.article_id for c in answer.citations)
    german = await unsure.ask("How do I reset my password?", persona=replace(PERSONA, language="de"))
    assert german.text.startswith("Ich bin nicht sicher")


async def test_an_article_in_another_language_says_so(desk: Desk) -> None:
    """An English question that a German article answers is told that it is German."""
    answer = await desk.at(0.0, 0.0).ask("How do I apply for Urlaub in the Portal?")
    assert answer.language == "de"
    assert answer.text.endswith("(The article is in German.)")
    same = await desk.at(0.0, 0.0).ask("Wie kann ich Urlaub im Portal beantragen?")
    assert "(The article" not in same.text


async def test_steps_cut_between_passages_are_whole_again(desk: Desk) -> None:
    """A list longer than the model's window is quoted from its first step to its last."""
    steps = "\n".join(f"{n}. Turn the valve number {n} a quarter to the left and wait." for n in range(1, 41))
    await desk.put(article("boiler", "Drain the boiler", f"## How to drain the boiler\n\n{steps}"))
    assert len(desk.index.passages_of(article("boiler", "", "").ref)) > 1
    answer = await desk.at(0.0, 0.0).ask("How do I drain the boiler?")
    assert [line for line in answer.text.split("\n") if line[:1].isdigit()] == steps.split("\n")


@pytest.mark.parametrize("limit", [200, 500, 1200])
async def test_no_answer_is_longer_than_allowed(desk: Desk, limit: int) -> None:
    """Prose, bullets, tables and code are cut to whole pieces; only steps may be longer."""
    prose = " ".join(f"The pump of kind {n} moves {n * 10} litres of water each hour." for n in range(1, 60))
    bullets = "\n".join(f"- Pump {n} is for houses with {n} floors." for n in range(1, 60))
    rows = "\n".join(f"| pump {n} | {n} bar |" for n in range(1, 60))
    code = "\n".join(f"pump --set {n}" for n in range(1, 99))
    await desk.put(
        article("prose", "How pumps move water", prose),
        article("bullets", "Which pump for which house", bullets),
        article("table", "Pressure of pumps", f"| Pump | Pressure |\n|---|---|\n{rows}"),
        article("code", "Pump commands", f"```sh\n{code}\n```"),
    )
    pipeline = AnswerPipeline(desk.index, desk.embedding, AnswerSettings(max_characters=limit))
    for text in (
        "how much water do pumps move",
        "which pump for a house",
        "pressure of pump 7",
        "pump commands",
    ):
        question = Question(text, PUBLIC)
        evidence = replace(await desk.evidence.run(question), verdict=Verdict.ANSWERED)
        answer = await pipeline.run(question, evidence, PERSONA)
        assert answer.citations, text
        quoted = answer.text.split("\n\n", 1)[-1] if answer.text.count("\n\n") else answer.text
        assert 0 < len(quoted) <= limit
        assert answer.text.count("```") % 2 == 0


async def test_evidence_without_a_quotable_word_is_unanswered(desk: Desk) -> None:
    """An article of pictures alone answers nothing, however well its title fits."""
    await desk.put(article("map", "Map of the office", "![The map](map.png)\n\n[image: the map again]"))
    answer = await desk.at(0.0, 0.0).ask("Where is the map of the office?")
    assert "map" not in {citation.article_id for citation in answer.citations}


async def test_simultaneous_questions_do_not_mix(desk: Desk) -> None:
    """Many questions at once through one pipeline each get their own answer."""
    asked = ["How do I reset my password?", "connect to the vpn on windows"] * 6
    answers = await asyncio.gather(*(desk.at(0.0, 0.0).ask(text) for text in asked))
    assert [answer.citations[0].article_id for answer in answers] == ["password", "vpn"] * 6
    assert [answer.question for answer in answers] == asked
    assert len({answer.id for answer in answers}) == 12


async def test_json_has_the_shape_that_scripts_read(desk: Desk) -> None:
    """`ask --json`: ids, verdict, text, citations with ISO dates, confidence, cache, persona, timings."""
    data = answer_to_json(await desk.ask("How do I reset my password?"))
    wanted = {"answer_id", "verdict", "text", "citations", "confidence", "cache", "persona", "timings_ms"}
    assert wanted <= data.keys()
    assert data["citations"][0].keys() == {
        "article_id", "source", "title", "url", "revision", "updated_at", "quote"
    }  # fmt: skip
    assert data["citations"][0]["updated_at"] == "2025-02-03T00:00:00+00:00"
    assert (data["verdict"], data["cache"]) == ("answered", "off")


async def test_unanswered_evidence_never_reaches_the_generator(desk: Desk) -> None:
    """With the verdict unanswered, the best passages in the world are not quoted."""
    question = Question("How do I reset my password?", PUBLIC)
    evidence = await desk.evidence.run(question)
    declined: Evidence = replace(evidence, verdict=Verdict.UNANSWERED)
    answer = await desk.answers.run(question, declined, PERSONA)
    assert (answer.text, answer.citations) == (PERSONA.no_answer, ())


async def test_a_script_as_an_address_never_reaches_a_citation(desk: Desk) -> None:
    """Whatever a source says: only http and https addresses are kept, so answers link to nothing else."""
    await desk.put(replace(ARTICLES[0], url="javascript:alert(1)", revision="scripted"))
    answer = await desk.at(0.2, 0.1).ask("How do I connect to the VPN on my Mac?")
    assert [citation.article_id for citation in answer.citations] == ["vpn"]
    assert answer.citations[0].url is None
