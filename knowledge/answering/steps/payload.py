"""What the steps hand to each other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

from numpy import float32
from numpy.typing import NDArray

from config.persona import Persona
from knowledge.answering.compose import Composed
from knowledge.models import CorpusVersion, Evidence, Question, ScoredPassage


class Shared:
    """Is never changed, so it is its own copy: Haystack copies all that passes a step, several times.

    For a dozen passages that took more time than the search.
    """

    __slots__ = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Give itself."""
        return self


@dataclass(frozen=True, slots=True)
class Query(Shared):
    """A question, with how many passages are wanted, which of its words were put right, and its vectors."""

    question: Question
    top_k: int
    vectors: NDArray[float32] | None = None
    repaired: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Found(Shared):
    """Passages, best first, the corpus version read before the search, and how many were dropped as stale.

    `held` are those words of the question, as far as they were looked up, that the articles in sight have.
    """

    question: Question
    passages: tuple[ScoredPassage, ...]
    version: CorpusVersion
    stale: int = 0
    held: frozenset[str] = frozenset()
    repaired: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Judged(Shared):
    """The evidence, and all that was found before it was cut to its best passages."""

    evidence: Evidence
    found: Found


@dataclass(frozen=True, slots=True)
class Given(Shared):
    """What the generator gets; `on_text` takes the pieces of an answer while it is written.

    `asked` is the question as it was asked, where the evidence's is put word by word in another language.
    """

    evidence: Evidence
    persona: Persona
    on_text: Callable[[str], Awaitable[None]] | None = None
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Made(Shared):
    """What the generator gives.

    `opened`: the text already begins with the words for an uncertain answer. `doubtful`: the model that read the
    passages says that they do not answer.
    """

    composed: Composed
    trace: dict[str, Any]
    opened: bool = False
    doubtful: bool = False
