"""Step 3: nothing that the library does not hold as it is now."""

from typing import Any

from haystack import component

from knowledge.library import ArticleLibrary
from knowledge.models import Question, ScoredPassage


@component
class KeepCurrent:
    """Drops passages whose revision or audience is not the library's current one.

    The index follows the library; between the two writes, and where a server's index was changed by other
    hands, it may hold what is gone, or show what was hidden.
    """

    def __init__(self, library: ArticleLibrary) -> None:
        self._library = library

    @component.output_types(passages=list[ScoredPassage], stale=int)
    def run(self, question: Question, passages: list[ScoredPassage]) -> dict[str, Any]:
        """Refuse: the library is reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(passages=list[ScoredPassage], stale=int)
    async def run_async(self, question: Question, passages: list[ScoredPassage]) -> dict[str, Any]:
        """Give the `passages` that are current, in their order, and the number of `stale` ones."""
        rows = await self._library.current({scored.passage.article for scored in passages})
        kept = [
            scored
            for scored in passages
            if rows.get(scored.passage.article) == (scored.passage.revision, scored.passage.audience)
            and (question.audience is None or question.audience & scored.passage.audience)
        ]
        return {"passages": kept, "stale": len(passages) - len(kept)}
