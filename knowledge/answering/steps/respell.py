"""Step 0: typing mistakes in words that the articles have."""

from dataclasses import replace

from haystack import component

from knowledge.answering.gate_words import load_word_vectors
from knowledge.answering.spelling import respell, suspects
from knowledge.answering.steps.payload import Query
from knowledge.index import ArticleIndex


@component
class RepairSpelling:
    """Puts words right that no article in sight has and that are nearly one that such an article has."""

    def __init__(self, index: ArticleIndex) -> None:
        self._index = index

    @component.output_types(query=Query)
    def run(self, query: Query) -> dict[str, Query]:
        """Refuse: the index is reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(query=Query)
    async def run_async(self, query: Query) -> dict[str, Query]:
        """Give the `query` with its question put right, and what was `repaired`."""
        doubtful = suspects(query.question.text, load_word_vectors())
        repairs = await self._index.respelled(doubtful, query.question) if doubtful else {}
        if not repairs:
            return {"query": query}
        question = replace(query.question, text=respell(query.question.text, repairs))
        return {"query": replace(query, question=question, repaired=tuple(sorted(repairs.items())))}
