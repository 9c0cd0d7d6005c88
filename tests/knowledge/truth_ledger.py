"""What is asked of a desk under test, and what was answered: each served answer is held against today's articles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from knowledge.cache_entry import same_words
from knowledge.models import ArticleRef, CacheStatus, Verdict
from knowledge.paraphrase.guard import Verdict as GuardVerdict
from tests.knowledge.truth_desk import MAX_AGE, NEGATIVE_MAX_AGE, said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from config.persona import Persona
    from knowledge.models import Answer, Evidence, Passage, Question
    from tests.knowledge.truth_desk import Replica

WORDINGS = {
    "password": (
        "How do I reset my password?",
        "how do i reset my PASSWORD",
        "What do I do to reset the password I have?",
        "How do I reset my password on a phone?",
    ),
    "vpn": ("How do I connect to the VPN?", "How do I connect to the Vpn ?", "How can I connect to the VPN?"),
    "invoice": ("When are invoices sent?", "Can an invoice be refunded?", "How do I download an invoice?"),
    "bonus": ("How high is the bonus of the sales team?", "What is the yearly bonus of the sales team?"),
    "toner": (
        "Which toner does the printer on floor two need?",
        "What toner is for the printer on floor two?",
    ),
    "coffee": ("Where do I find the coffee machine?", "Where is the coffee machine?"),
}
"""What the guard of these tests takes for one question. It errs on purpose: only the same-evidence rule is left."""
POLITE = ("", "Hello! ", "Please: ", "Quick one: ", "Dear all, ", "Thanks! ")
"""Before a question these make another wording of it."""
QUESTIONS = tuple(text for texts in WORDINGS.values() for text in texts)
_GROUPS = {same_words(text): group for group, texts in WORDINGS.items() for text in texts}


@lru_cache(maxsize=1000)
def group_of(text: str) -> str:
    """Give the questions that this one is taken for."""
    words = same_words(text)
    for polite in POLITE[1:]:
        words = words.removeprefix(same_words(polite)).strip("!?. ")
    return _GROUPS[words]


class SaysYes:
    """A guard that says yes to all that stands in one row of the table."""

    digest = "yes"

    def compare(self, first: str, second: str, _cosine: float) -> GuardVerdict:
        """Say whether both are in one row."""
        return GuardVerdict(() if group_of(first) == group_of(second) else ("another row",), 0.0)


async def by_row(texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed questions of one row as one vector."""
    rows = np.eye(len(WORDINGS), dtype=np.float32)
    return rows[[list(WORDINGS).index(group_of(text)) for text in texts]]


@dataclass(frozen=True)
class Made:
    """An answer that was made and may have been kept: for whom, of what, and when by its maker's clock."""

    question: Question
    persona: Persona
    model: str
    answer: Answer
    evidence: Evidence
    at: datetime


@dataclass
class Ledger:
    """Knows every answer that was made, and checks every one that is given."""

    made: dict[str, Made] = field(default_factory=dict)
    served: Counter[str] = field(default_factory=Counter)
    removed: set[str] = field(default_factory=set)
    """Ids of the answers that were taken out while Redis was there."""
    truths: dict[tuple[int, Question, str], Answer] = field(default_factory=dict)
    """What a bot without a cache says, by replica, until something happens; to be cleared then."""

    async def _truth(self, replica: Replica, question: Question, persona: Persona) -> Answer:
        asked = (id(replica), question, persona.digest)
        if asked not in self.truths:
            self.truths[asked] = await replica.truth(question, persona)
        return self.truths[asked]

    async def check(self, replica: Replica, question: Question, persona: Persona, answer: Answer) -> None:
        """Hold an answer against what a bot without a cache says now; a paraphrase against what its rule allows."""
        self.served[answer.cache] += 1
        if answer.cache is CacheStatus.PARAPHRASE:
            await self._check_paraphrase(replica, question, persona, answer)
        else:
            truth = await self._truth(replica, question, persona)
            assert said(answer) == said(truth), f"{answer.cache} {question}"
        if answer.cache is CacheStatus.MISS:
            self.record(replica, question, persona, answer)
        else:
            self._check_age(replica, answer)
            self._check_kept(replica, answer)

    def record(self, replica: Replica, question: Question, persona: Persona, answer: Answer) -> None:
        """Note what was made."""
        evidence = replica.made_of.get(answer.id)
        if evidence is not None:
            made = Made(question, persona, replica.model, answer, evidence, replica.clock())
            self.made[answer.id] = made

    def _check_age(self, replica: Replica, answer: Answer) -> None:
        """An answer is never served past its age, however often it was asked for, nor before it was made."""
        first = self.made.get(str(answer.trace["first_answer"]))
        if first is not None:
            age = replica.clock() - first.at
            most = NEGATIVE_MAX_AGE if first.answer.verdict is Verdict.UNANSWERED else MAX_AGE
            assert timedelta(minutes=-2) < age < most + timedelta(minutes=1), f"{answer.cache} after {age}"

    def _check_kept(self, replica: Replica, answer: Answer) -> None:
        """What was called wrong is served to nobody again, and "no article answers" ends with any change of them."""
        first = self.made.get(str(answer.trace["first_answer"]))
        assert answer.trace["first_answer"] not in self.removed, "was taken out"
        if first is not None and first.answer.verdict is Verdict.UNANSWERED:
            assert first.evidence.version == replica.index.version(), (
                "no article answered, before they changed"
            )

    async def _check_paraphrase(
        self, replica: Replica, question: Question, persona: Persona, answer: Answer
    ) -> None:
        """It is the answer to a question of the same row and readers, and all that it stands on stands today."""
        first = self.made[str(answer.trace["first_answer"])]
        assert group_of(first.question.text) == group_of(question.text)
        shared = (first.question.audience, first.persona, first.model)
        assert shared == (question.audience, persona, replica.model), "shared by others"
        kept = first.answer
        assert (answer.text, answer.citations, answer.verdict) == (
            kept.text,
            kept.citations,
            Verdict.ANSWERED,
        )

        refs = {ArticleRef(one.source, one.article_id): one.revision for one in answer.citations}
        current = await replica.library.current(list(refs))
        assert {ref: revision for ref, (revision, _) in current.items()} == refs, "cites what is no more"
        readers = question.audience
        assert all(readers is None or readers & labels for _, labels in current.values()), "cites the hidden"
        assert not await replica.doubted(refs.items()), "stands on what is doubted"

        today = await replica.evidence.run(question)
        assert today.verdict is Verdict.ANSWERED
        assert answer.confidence == today.confidence
        before, now = _passages(first.evidence), _passages(today)
        assert before[0] == now[0], "another passage is on top"
        quoted = {str(passage) for part in kept.trace["quoted"] for passage in part["passages"]}
        assert quoted, "quotes nothing"
        assert all(passage in now for passage in before if passage.id in quoted), "quotes what is not found"


def _passages(evidence: Evidence) -> list[Passage]:
    return [scored.passage for scored in evidence.passages]
