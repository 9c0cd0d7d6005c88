"""A persona changes the words around the facts, never the facts; a model that breaks its style is mended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from config.persona import load_persona, shipped_personas
from config.style import Style
from knowledge.answering.said_facts import said_facts
from knowledge.answering.style import check_style
from knowledge.models import Verdict
from tests.fakes.llm_server import Turn
from tests.knowledge.answering.conftest import PERSONA
from tests.knowledge.answering.llm.conftest import GOOD, RESET

if TYPE_CHECKING:
    from tests.knowledge.answering.llm.conftest import Scripted

_LEAD = "{} [{{n}}].\n\n"
VOICES = {
    "friendly": "You can set a new password as long as you can read your e-mail",
    "formal": "A new password can be set as long as you can read your e-mail",
    "concise": "",
    "german": "You can set a new password as long as you can read your e-mail",
    "german-formal": "A new password can be set as long as you can read your e-mail",
}
PRICES = "What does the Business plan cost?"
SAID = {
    (RESET, "password"): GOOD.split("\n\n", 1)[1],
    ("How do I connect to the VPN on Windows?", "vpn"): (
        "1. Install OpenVPN Connect [{n}].\n2. Import `acme.ovpn` [{n}].\n3. Switch the profile on [{n}]."
    ),
    (PRICES, "invoices"): "The price of Business is 14 euros a month [{n}].",
}
GERMAN = "Wählen Sie ein Passwort, das mindestens zwölf Zeichen lang ist und das Sie kennen [{n}]."


@pytest.mark.parametrize(("asked", "said"), SAID.items(), ids=[about for _, about in SAID])
async def test_a_model_states_the_same_facts_in_every_voice(
    scripted: Scripted, asked: tuple[str, str], said: str
) -> None:
    """Each voice gets its own words, and its own tone in the prompt; what it adds of its own is dropped."""
    found = set()
    text, about = asked
    added = (
        "\n\nI recommend that you change it every 45 days with `acme rotate` on https://acme.example/x [{n}]."
    )
    for name in shipped_personas():
        persona = load_persona(name)
        lead = _LEAD.format(VOICES[name]) if VOICES[name] and about == "password" else ""
        answer = await scripted.ask(Turn(lead + said + added), text=text, about=about, persona=persona)
        prompt = scripted.server.prompts[-1]
        assert persona.tone[0] in prompt
        assert persona.style.emoji or "- no emoji" in prompt
        assert not persona.style.address or f'"{persona.style.address}"' in prompt
        facts = said_facts(answer)
        found.add((facts.articles, facts.numbers, facts.addresses, facts.commands, facts.steps))
    assert len(found) == 1
    (articles, numbers, addresses, commands, _) = found.pop()
    assert {article for _, article in articles} == {about}
    assert "45" not in numbers
    assert not addresses & {"https://acme.example/x"}
    assert "acme rotate" not in commands


async def test_emoji_and_exclamation_marks_are_taken_out(scripted: Scripted) -> None:
    """Before they go out, where the style forbids them; where it does not, they stay. The trace tells."""
    said = "Choose a password of at least 12 characters \U0001f600! [{n}]"
    pieces: list[str] = []

    async def hear(piece: str) -> None:
        pieces.append(piece)

    formal = await scripted.ask(said, persona=load_persona("formal"), on_text=hear)
    assert formal.text == "".join(pieces) == "Choose a password of at least 12 characters. [1]"
    assert formal.trace["toned"] is True
    loud = await scripted.ask(said)
    assert "!" in loud.text
    assert "toned" not in loud.trace


async def test_a_model_twice_too_long_is_shortened_from_its_end(scripted: Scripted) -> None:
    """Sentences that nobody misses go; numbers and steps after them bring back what stands before them."""
    persona = replace(PERSONA, style=Style(max_sentences=1))
    lead = "You can set a new password as long as you can read your e-mail [{n}]."
    note = "The sign-in page has the link [{n}]."
    twelve = "A password has at least 12 characters [{n}]."
    assert (await scripted.ask(f"{lead} {twelve}", persona=persona)).text.count("[1]") == 2
    full = await scripted.ask(f"{lead} {note}")
    short = await scripted.ask(f"{lead} {note}", persona=persona)
    assert "link" in full.text
    assert "link" not in short.text
    (left_out,) = short.trace["left_out"]
    assert left_out.startswith("The sign-in page has the link")
    back = await scripted.ask(f"{lead} {note} {twelve}", persona=persona)
    assert back.text.index("link") < back.text.index("12 characters")
    assert "left_out" not in back.trace


async def test_the_wrong_language_is_asked_for_again_then_quoted(scripted: Scripted) -> None:
    """One more try with the complaint; what then comes in the right language goes out, else the articles' words."""
    again = await scripted.ask(GERMAN, "Choose a password of at least 12 characters [{n}].")
    assert again.text == "Choose a password of at least 12 characters. [1]"
    assert len(scripted.server.requests) == 2
    assert "it is in another language than asked for" in scripted.server.prompts[-1]
    assert again.trace["llm"]["outcome"] == "whole"
    before = len(scripted.server.requests)
    quoted = await scripted.ask(GERMAN, GERMAN)
    assert len(scripted.server.requests) - before == 2
    assert quoted.verdict is Verdict.ANSWERED
    assert "mindestens" not in quoted.text
    assert quoted.trace["extract_instead_of"] == "unsupported"
    assert all(one["reason"].startswith("it is in another language") for one in quoted.trace["dropped"])


async def test_what_is_left_of_a_broken_style_stands_in_the_trace(scripted: Scripted) -> None:
    """A rule that cannot be mended without changing words is measured and told, and the answer goes out."""
    said = "Choose a password of at least 12 characters [{n}]."
    persona = replace(PERSONA, style=Style(forbidden=("choose",), max_sentence_words=3))
    answer = await scripted.ask(said, persona=persona)
    assert answer.trace["style"].keys() == {"sentence length", "forbidden words"}
    assert {v.rule for v in check_style(persona, answer.text).violations} == answer.trace["style"].keys()


async def test_refusals_stand_in_the_personas_words(scripted: Scripted) -> None:
    """In its language, whatever the model; nothing is generated for them."""
    for name in shipped_personas():
        persona = load_persona(name)
        evidence = replace(await scripted.evidence(), verdict=Verdict.UNANSWERED, missing=None)
        answer = await scripted.pipeline().run(evidence.question, evidence, persona)
        assert answer.text == persona.no_answer
    assert scripted.server.requests == []
