"""Questions in a language that the article is not in, without a language model and with the default model.

    python bench/cross_language.py [--misses]

Each question of bench/cross_language.toml is answered over the sample help centre. Right: answered from an article that
answers, and told in the asker's language which language that is in. Wrong: answered from another one. What is declined
should be declined in the asker's language, and name no article that has nothing to do with it.
"""

from __future__ import annotations

import asyncio
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sets import desk_over

from bot.personas import spoken_language
from config.persona import load_persona
from knowledge.answering.phrases import phrases
from knowledge.models import Question, Verdict

if TYPE_CHECKING:
    from knowledge.models import Answer

QUESTIONS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)["questions"]
PUBLIC = frozenset({"public"})


def outcome(row: dict[str, Any], answer: Answer) -> str:
    """Say what became of a question."""
    gold = set(row["gold"])
    cited = {citation.article_id for citation in answer.citations}
    sure = "" if answer.verdict is Verdict.ANSWERED else "unsure, "
    if answer.verdict in {Verdict.ANSWERED, Verdict.UNSURE}:
        return f"{sure}right" if cited & gold else f"{sure}wrong"
    named = {citation.article_id for citation in answer.closest}
    if not named:
        return "declined, names none"
    return "declined, names it" if named & gold else "declined, names others"


async def measure(*, misses: bool) -> dict[str, Counter[str]]:
    """Answer them all, and count by whether anything answers."""
    found: dict[str, Counter[str]] = {"answerable": Counter(), "not answerable": Counter()}
    voice = load_persona("friendly")
    async with desk_over("sample", None) as app:
        assert app is not None
        evidence_of, answering = await app.evidence(), await app.answering()
        for row in QUESTIONS:
            left_out = frozenset(row.get("without", ()))
            question = Question(row["text"], PUBLIC, exclude=left_out)
            persona = voice.speaking(spoken_language(row["text"]))
            answer = await answering.run(question, await evidence_of.run(question), persona)
            what = outcome(row, answer)
            found["answerable" if row["gold"] else "not answerable"][what] += 1
            if answer.citations and phrases(persona.language).note(answer.language or "") in answer.text:
                found["answerable" if row["gold"] else "not answerable"]["says which language"] += 1
            if misses:
                shown = [c.article_id for c in (*answer.citations, *answer.closest)]
                print(f"{what:24} {persona.language} {answer.confidence:.2f} {row['text']} {shown}")
    return found


def main() -> None:
    """Measure and print."""
    for kind, counted in asyncio.run(measure(misses="--misses" in sys.argv)).items():
        print(f"{kind}: {dict(counted.most_common())}")


if __name__ == "__main__":
    main()
