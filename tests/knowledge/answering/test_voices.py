"""Whoever speaks, an extract states the same facts: over all questions of the sample help centre."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import frontmatter
import pytest

from config.persona import Persona, load_persona, shipped_personas
from config.style import Style
from knowledge.answering.said_facts import said_facts
from knowledge.answering.style import prose_sentences
from knowledge.models import Article, Question, Verdict, revision_of
from tests.knowledge.answering.conftest import PERSONA, PUBLIC

if TYPE_CHECKING:
    from knowledge.models import Answer, Evidence
    from tests.knowledge.answering.conftest import Desk

SAMPLE = Path(__file__).resolve().parents[3] / "knowledge" / "samples" / "help_centre"
TERSE = replace(PERSONA, name="terse", style=Style(max_characters=1, max_sentences=1, emoji=False))
VOICES = (*(load_persona(name) for name in shipped_personas()), TERSE)


def articles() -> list[Article]:
    """Give the sample's articles, all of them public."""
    found = []
    for path in sorted(SAMPLE.rglob("*.md")):
        post = frontmatter.load(str(path))
        tongue = next((part for part in path.parts if part in {"de", "fr"}), None)
        revision = revision_of(post.content)
        made = Article(
            "s", str(post["id"]), str(post["title"]), post.content, revision, PUBLIC, language=tongue
        )
        found.append(made)
    return found


def questions() -> list[str]:
    """Give all questions of the sample."""
    lines = (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


async def answered(desk: Desk, evidence: Evidence, persona: Persona) -> Answer:
    """Answer from the same evidence in a voice."""
    return await desk.answers.run(evidence.question, evidence, persona)


@pytest.fixture
async def sample(desk: Desk) -> Desk:
    """The desk with the sample help centre beside its own articles."""
    await desk.put(*articles())
    return desk


async def test_every_question_gets_the_same_facts_in_every_voice(sample: Desk) -> None:
    """The verdict, what is cited and quoted, numbers, addresses, commands and steps: no voice changes any."""
    shorter = 0
    for text in questions():
        evidence = await sample.evidence.run(Question(text, PUBLIC))
        plain = await answered(sample, evidence, PERSONA)
        for persona in VOICES:
            spoken = await answered(sample, evidence, persona)
            assert spoken.verdict is plain.verdict
            if plain.verdict is Verdict.UNANSWERED:
                assert [c.article_id for c in spoken.closest] == [c.article_id for c in plain.closest]
                continue
            assert said_facts(spoken) == said_facts(plain), (persona.name, text)
            if persona.language == "en":
                said, whole = list(prose_sentences(spoken.text)), list(prose_sentences(plain.text))
                assert [one for one in whole if one in said] == said, (persona.name, text)
                assert len(whole) - len(said) == len(spoken.trace.get("left_out", ()))
                shorter += len(spoken.text) < len(plain.text)
    assert shorter > 0, "some voice is terse"


async def test_a_voice_leaves_out_at_the_end_and_says_so_in_the_trace(sample: Desk) -> None:
    """What was left out stands in the trace, and in the answer of a voice that has room for it."""
    for text in questions():
        evidence = await sample.evidence.run(Question(text, PUBLIC))
        terse = await answered(sample, evidence, TERSE)
        if left_out := terse.trace.get("left_out"):
            plain = await answered(sample, evidence, PERSONA)
            assert all(one in plain.text and one not in terse.text for one in left_out)
            return
    pytest.fail("nothing was left out of any answer")
