"""Personas: do extracts keep to their style, and does every voice state the same facts?

    python bench/personas.py [--data FOLDER] [--quick] [--json FILE]

Every question of the sample help centre (and, with --data, the first of wixqa and sumo) is answered once from the
articles' own words in each shipped voice and in one that has room for a single sentence. Measured by rules
(knowledge/answering/style.py): the share of a persona's rules that its answers keep, and which rule is broken most;
what a persona says itself; and whether citations, quoted passages, numbers, addresses, commands and steps are those
of a voice without any style (knowledge/answering/said_facts.py). The share of rules has no target here: extracts are
the articles' words, and a persona may not change those.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from desk import Rows, arguments
from sets import SAMPLE, SETS, desk_over

from config.persona import load_persona, shipped_personas
from config.style import Style
from knowledge.answering.said_facts import said_facts
from knowledge.answering.style import adherence, check_style
from knowledge.models import Question, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from config.persona import Persona
    from knowledge.models import Answer

PUBLIC = frozenset({"public"})
MOST_QUESTIONS = 60
_SAID_OF_ANSWERS = frozenset({"exclamation marks", "opening", "closing"})
"""Rules of an answer, not of a greeting."""


def voices() -> list[Persona]:
    """Give the shipped personas, and one with room for one sentence."""
    found = [load_persona(name) for name in shipped_personas()]
    terse = replace(
        load_persona("friendly"), name="one sentence", style=Style(max_sentences=1, max_characters=1)
    )
    return [*found, terse]


def questions(name: str, data: Path | None, *, quick: bool) -> list[str]:
    """Give the questions of a set."""
    if name == "sample":
        lines = (SAMPLE / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    elif data is None or quick or not (data / name / "queries.jsonl").exists():
        return []
    else:
        lines = (data / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()[:MOST_QUESTIONS]
    return [json.loads(line)["question"] for line in lines]


async def answers(name: str, data: Path | None, asked: list[str]) -> list[dict[str, Answer]]:
    """Answer each question in every voice, and in none (""), from one retrieval; what is declined is left out."""
    found = []
    async with desk_over(name, data) as app:
        if app is None:
            return []
        evidence_of, answering = await app.evidence(), await app.answering()
        plain = replace(load_persona("friendly"), style=Style())
        for text in asked:
            evidence = await evidence_of.run(Question(text, PUBLIC))
            if evidence.verdict is Verdict.UNANSWERED:
                continue
            spoken = [("", plain), *((voice.name, voice) for voice in voices())]
            made = {key: await answering.run(evidence.question, evidence, voice) for key, voice in spoken}
            found.append(made)
    return found


def add_set(rows: Rows, name: str, made: list[dict[str, Answer]]) -> None:
    """Add the rows of a set: adherence by persona, and how many questions keep their facts in all voices."""
    for voice in (load_persona(each) for each in shipped_personas()):
        found = adherence(voice, [one[voice.name].text for one in made])
        kept, applied = min(found.by_rule.values(), key=lambda pair: pair[0] / pair[1], default=(1, 1))
        worst = next((rule for rule, pair in found.by_rule.items() if pair == (kept, applied)), "")
        rows.add(
            f"{name} ({len(made)} answers), {voice.name}: rules kept",
            f"{found.share:.3f} (all of them by {found.clean:.0%}; least {worst}, {kept} of {applied})",
        )
    same = sum(len({said_facts(answer) for answer in one.values()}) == 1 for one in made)
    rows.add(
        f"{name}: same citations, passages, numbers, addresses, commands, steps in all {len(voices())} voices",
        f"{same} of {len(made)}",
        "all",
        met=same == len(made),
    )
    short = sum(len(one["one sentence"].text) < len(one[""].text) for one in made)
    saved = sum(len(one["one sentence"].text) for one in made) / max(
        1, sum(len(one[""].text) for one in made)
    )
    rows.add(
        f"{name}: shortened by one sentence's room",
        f"{short} of {len(made)}, to {saved:.0%} of the characters",
    )


def spoken_voices() -> Iterator[Persona]:
    """Give every shipped persona in each language that it has words for."""
    for persona in map(load_persona, shipped_personas()):
        yield persona
        yield from (persona.speaking(words.language) for words in persona.words)


def add_own(rows: Rows) -> None:
    """Add what the shipped personas say themselves: greeting, refusal, apology, thanks, sign-off."""
    lines = broken = 0
    for voice in spoken_voices():
        for line in (voice.greeting, voice.no_answer, voice.apology, voice.thanks, voice.sign_off):
            found = check_style(voice, line, language=voice.language).violations if line else ()
            lines += bool(line)
            broken += bool({one.rule for one in found} - _SAID_OF_ANSWERS)
    rows.add(
        "personas' own words that keep their style", f"{lines - broken} of {lines}", "all", met=not broken
    )


def main() -> None:
    """Measure."""
    options = arguments(__doc__)
    rows = Rows()
    add_own(rows)
    for name in ("sample", *SETS):
        if asked := questions(name, options.data, quick=options.quick):
            add_set(rows, name, asyncio.run(answers(name, options.data, asked)))
    rows.write(options.json)


if __name__ == "__main__":
    main()
