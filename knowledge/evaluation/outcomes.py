"""What became of each question of a set: the rows that an evaluation is measured from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from knowledge.evaluation.metrics import recall_at, reciprocal_rank_at

if TYPE_CHECKING:
    from knowledge.evaluation.question_set import QuestionRow
    from knowledge.models import ScoredPassage, Verdict

RANKED = 10
RIGHT_WITHIN = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence of an answer that its cited passages do not hold, and why."""

    sentence: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnswerOutcome:
    """An answer, held against what it cites.

    `sentences` counts those that state something, `faults` are the ones that do not hold; `facts` counts the numbers,
    addresses, commands and labels, `facts_found` those that stand in a cited passage. Tokens and cost are a
    language model's, 0 without one; `cost` is in the currency of `[llm]` prices.
    """

    text: str
    verdict: Verdict
    milliseconds: float
    sentences: int = 0
    faults: tuple[Fault, ...] = ()
    facts: int = 0
    facts_found: int = 0
    asked_model: bool = False
    tokens_read: int = 0
    tokens_written: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question. `ranked` are article ids, `found` the best passage of each.

    `milliseconds` are those of retrieval and gate; `answer` is None where none was made.
    """

    row: QuestionRow
    ranked: tuple[str, ...]
    found: tuple[ScoredPassage, ...]
    confidence: float
    verdict: Verdict
    milliseconds: float
    topic: str = ""
    answer: AnswerOutcome | None = None

    @property
    def reciprocal_rank(self) -> float:
        """1 / rank of the first gold article within ten."""
        return reciprocal_rank_at(self.ranked, self.row.gold, RANKED)

    @property
    def is_right(self) -> bool:
        """Whether the evidence could answer: answerable, and a gold article is among the first three."""
        return self.row.answerable and recall_at(self.ranked, self.row.gold, RIGHT_WITHIN) > 0

    @property
    def total_ms(self) -> float:
        """Milliseconds of all steps."""
        return self.milliseconds + (self.answer.milliseconds if self.answer else 0.0)


@dataclass(frozen=True, slots=True)
class FollowUpOutcome:
    """A later turn of a conversation: as it was searched, and whether an article that answers it was in the first five.

    `in_full` is the same for the question as somebody wrote it out, `as_said` for the message alone.
    """

    talk: str
    said: str
    standalone: str
    searched: str
    changed: bool
    found: bool
    in_full: bool
    as_said: bool


@dataclass(frozen=True, slots=True)
class PersonaOutcome:
    """How well a persona's answers keep to its style: the mean share of rules kept, and of answers that break none."""

    persona: str
    answers: int
    share: float
    clean: float
    broken: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """The article that a question should have found: its title and the beginning of its text."""

    title: str
    text: str
