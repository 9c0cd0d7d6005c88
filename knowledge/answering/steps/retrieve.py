"""Step 2: the passages nearest to the question, among those that its reader may see."""

from haystack import component

from knowledge.answering.missing import words_to_look_up
from knowledge.answering.steps.payload import Found, Query
from knowledge.answering.words import clip
from knowledge.index import ArticleIndex


@component
class RetrievePassages:
    """Searches the index; takes more than will be used, since the next step may drop some."""

    def __init__(self, index: ArticleIndex, candidates: int) -> None:
        self._index = index
        self._candidates = candidates

    @component.output_types(found=Found)
    def run(self, query: Query) -> dict[str, Found]:
        """Refuse: the index is reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(found=Found)
    async def run_async(self, query: Query) -> dict[str, Found]:
        """Give what was `found`, best first, with the corpus version read before the search."""
        assert query.vectors is not None, "the step before embeds"
        question = query.question
        version = self._index.version()
        passages = await self._index.search(
            query.vectors,
            clip(question.text),
            audience=question.audience,
            sources=question.sources,
            exclude=question.exclude,
            top_k=query.top_k,
            candidates=max(self._candidates, query.top_k),
        )
        looked_up = words_to_look_up(question.text)
        held = await self._index.held(looked_up, question) if looked_up else frozenset()
        return {"found": Found(question, tuple(passages), version, held=held, repaired=query.repaired)}
