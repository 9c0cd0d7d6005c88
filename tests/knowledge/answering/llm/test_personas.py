"""A persona changes the words around the facts, never the facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from config.persona import load_persona, shipped_personas
from tests.fakes.llm_server import Turn
from tests.knowledge.answering.llm.conftest import GOOD, RESET

if TYPE_CHECKING:
    from knowledge.models import Answer
    from tests.knowledge.answering.llm.conftest import Scripted

QUESTIONS = (RESET, "How do I connect to the VPN on Windows?", "What does the Business plan cost?")
_VOICES = {
    "friendly": "You can set a new password as long as you can read your e-mail [{n}].\n\n",
    "formal": "A new password can be set as long as you can read your e-mail [{n}].\n\n",
    "concise": "",
    "german": "You can set a new password as long as you can read your e-mail [{n}].\n\n",
}


def facts(answer: Answer) -> tuple[frozenset[str], ...]:
    """Give the cited articles, numbers, URLs and commands."""
    bare = re.sub(r"\[\d+\]|(?m:^\s*\d+\.)", " ", answer.text)
    return (
        frozenset(c.article_id for c in answer.citations),
        frozenset(re.findall(r"\d+(?:[.,]\d+)*", bare)),
        frozenset(re.findall(r"https?://[^\s)]+", bare)),
        frozenset(re.findall(r"`([^`]+)`", bare)),
    )


async def test_extracts_state_the_same_facts_in_every_voice(scripted: Scripted) -> None:
    """Citations, passages, numbers, addresses and commands do not depend on the persona."""
    for question in QUESTIONS:
        found = set()
        for name in shipped_personas():
            evidence = await scripted.evidence(question)
            answer = await scripted.desk.answers.run(evidence.question, evidence, load_persona(name))
            passages = tuple(p for part in answer.trace["quoted"] for p in part["passages"])
            found.add((facts(answer), passages))
        assert len(found) == 1, question


async def test_a_model_states_the_same_facts_in_every_voice(scripted: Scripted) -> None:
    """Each voice gets its own words, and its own tone in the prompt; what it adds of its own is dropped."""
    found = set()
    for name in shipped_personas():
        persona = load_persona(name)
        said = GOOD.split("\n\n", 1)[1]
        added = "\n\nI recommend that you change it every 45 days with `acme rotate` [{n}]."
        answer = await scripted.ask(Turn(_VOICES[name] + said + added), persona=persona)
        assert persona.tone[0] in scripted.server.prompts[-1]
        found.add(facts(answer))
    assert len(found) == 1
