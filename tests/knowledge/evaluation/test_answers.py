"""Answers held against what they cite: what is counted, and against which article."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from config.persona import load_persona
from knowledge.answering.grounding.grounder import source_text
from knowledge.answering.phrases import phrases, unsure_words
from knowledge.evaluation.answers import AnswerJudge
from knowledge.models import (
    Answer,
    ArticleRef,
    Citation,
    CorpusVersion,
    Evidence,
    Passage,
    Question,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.persona import Persona
    from knowledge.evaluation.outcomes import AnswerOutcome

PERSONA = load_persona("friendly")
QUESTION = Question("How?", None)
EVIDENCE = Evidence(QUESTION, (), 0.9, Verdict.ANSWERED, CorpusVersion("g", 1))
TEXTS = {
    "a": "The link works for 60 minutes. Write to help@desk.example.\n\n```\ncurl -X POST https://a.example\n```",
    "b": "The trial lasts 14 days, see **Billing**.",
}


@dataclass
class Says:
    """Gives one answer to all."""

    text: str
    verdict: Verdict = Verdict.ANSWERED
    trace: dict[str, Any] | None = None

    async def run(self, question: Question, evidence: Evidence, persona: Persona) -> Answer:
        """Answer, citing a and b."""
        assert (evidence, persona) == (EVIDENCE, PERSONA)
        cited = tuple(
            Citation(name, "s", f"About {name}", None, "1", datetime(2026, 3, 4, tzinfo=UTC), "")
            for name in "ab"
        )
        return Answer(
            "1", question.text, self.text, self.verdict, 0.9, cited, language="fr", trace=self.trace or {}
        )


class WordForWord:
    """Holds a sentence to be supported when it stands in the passages."""

    async def fault(self, sentence: str, passages: Sequence[Passage]) -> str | None:
        """Compare."""
        return None if sentence in source_text(passages) else "not said"


def passages_of(ref: ArticleRef) -> list[Passage]:
    """Give the one passage of an article."""
    return [
        Passage(f"{ref}#0", ref, "1", 0, f"About {ref.id}", (), TEXTS[ref.id], frozenset({"public"})),
    ]


async def judged(says: Says) -> AnswerOutcome:
    """Judge what is said."""
    judge = AnswerJudge(says, lambda _: WordForWord(), passages_of)
    return await judge.judge(QUESTION, EVIDENCE, PERSONA)


async def test_a_sentence_is_held_against_the_articles_that_it_cites() -> None:
    """By its own marker, else by that of its block, else by that of the block before."""
    right = await judged(
        Says("The link works for 60 minutes. [1]\n\nThe trial lasts 14 days, see **Billing**. [2]")
    )
    assert (right.sentences, right.faults, right.facts, right.facts_found) == (2, (), 3, 3)
    wrong = await judged(
        Says("The link works for 60 minutes. [2]\n\n- The trial lasts 14 days, see **Billing**.")
    )
    assert [fault.sentence for fault in wrong.faults] == ["The link works for 60 minutes."]
    assert (wrong.facts, wrong.facts_found) == (3, 2)


async def test_without_markers_every_cited_article_counts_and_so_does_its_date() -> None:
    """What an answer says of the citation itself is in no passage."""
    found = await judged(
        Says("The link works for 60 minutes. The trial lasts 99 days (About a, 2026-03-04).")
    )
    assert found.sentences == 2
    assert [fault.sentence for fault in found.faults] == ["The trial lasts 99 days (About a, 2026-03-04)."]
    assert (found.facts, found.facts_found) == (3, 2)


async def test_code_is_compared_line_by_line() -> None:
    """A line of code is a fact, not a sentence."""
    found = await judged(Says("```\ncurl -X POST https://a.example\ncurl -X DELETE https://a.example\n```"))
    assert (found.sentences, found.facts, found.facts_found) == (0, 2, 1)


async def test_the_bots_own_words_are_no_statement() -> None:
    """Neither what opens an unsure answer, nor the note on its language, nor the heading of a conflict."""
    own = f"{unsure_words(PERSONA, None)}\n\n**{phrases('en').conflict}**\n\n{phrases('en').note('fr')}"
    assert (await judged(Says(own, Verdict.UNSURE))).sentences == 0


async def test_what_is_declined_is_not_held_and_what_a_model_cost_is_counted() -> None:
    """A refusal states nothing; tokens and money come from the trace, also of an answer that was not used."""
    trace = {"llm": {"tokens_read": 900, "tokens_written": 40, "cost": 0.002}}
    found = await judged(Says("I do not know 99.", Verdict.UNANSWERED, trace))
    assert (found.sentences, found.facts) == (0, 0)
    assert (found.asked_model, found.tokens_read, found.tokens_written, found.cost) == (True, 900, 40, 0.002)
    assert not (await judged(Says("x"))).asked_model
