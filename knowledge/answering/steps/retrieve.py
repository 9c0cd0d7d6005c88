"""Step 2: the passages nearest to the question, among those that its reader may see."""

from typing import Any

from haystack import component
from numpy import float32
from numpy.typing import NDArray

from knowledge.answering.words import clip
from knowledge.index import ArticleIndex
from knowledge.models import CorpusVersion, Question, ScoredPassage


@component
class RetrievePassages:
    """Searches the index; takes more than will be used, since the next step may drop some."""

    def __init__(self, index: ArticleIndex, candidates: int) -> None:
        self._index = index
        self._candidates = candidates

    @component.output_types(passages=list[ScoredPassage], version=CorpusVersion)
    def run(self, question: Question, vectors: NDArray[float32], top_k: int) -> dict[str, Any]:
        """Refuse: the index is reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(passages=list[ScoredPassage], version=CorpusVersion)
    async def run_async(self, question: Question, vectors: NDArray[float32], top_k: int) -> dict[str, Any]:
        """Give `passages`, best first, and the corpus `version` read before the search."""
        version = self._index.version()
        passages = await self._index.search(
            vectors,
            clip(question.text),
            audience=question.audience,
            sources=question.sources,
            exclude=question.exclude,
            top_k=top_k,
            candidates=max(self._candidates, top_k),
        )
        return {"passages": passages, "version": version}
