"""Step 3: nothing that the library does not hold as it is now."""

from dataclasses import replace

from haystack import component

from knowledge.answering.steps.payload import Found
from knowledge.library import ArticleLibrary


@component
class KeepCurrent:
    """Drops passages whose revision or audience is not the library's current one.

    The index follows the library; between the two writes, and where a server's index was changed by other
    hands, it may hold what is gone, or show what was hidden.
    """

    def __init__(self, library: ArticleLibrary) -> None:
        self._library = library

    @component.output_types(found=Found)
    def run(self, found: Found) -> dict[str, Found]:
        """Refuse: the library is reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(found=Found)
    async def run_async(self, found: Found) -> dict[str, Found]:
        """Give what was `found` and is current, in its order."""
        audience = found.question.audience
        rows = await self._library.current({scored.passage.article for scored in found.passages})
        kept = tuple(
            scored
            for scored in found.passages
            if rows.get(scored.passage.article) == (scored.passage.revision, scored.passage.audience)
            and (audience is None or audience & scored.passage.audience)
        )
        return {"found": replace(found, passages=kept, stale=len(found.passages) - len(kept))}
