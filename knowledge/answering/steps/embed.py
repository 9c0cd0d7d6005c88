"""Step 1: the question as vectors."""

from dataclasses import replace

from haystack import component

from knowledge.answering.steps.payload import Query
from knowledge.answering.words import clip
from knowledge.embedding.engine import Embedding
from knowledge.stores.query import plan_query


@component
class EmbedQuestion:
    """Embeds the texts that the index plans to search for."""

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding

    @component.output_types(query=Query)
    def run(self, query: Query) -> dict[str, Query]:
        """Refuse: the model is reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(query=Query)
    async def run_async(self, query: Query) -> dict[str, Query]:
        """Give the `query` with its vectors, one row for each text of `plan_query`."""
        texts = plan_query(clip(query.question.text)).texts
        return {"query": replace(query, vectors=await self._embedding.embed_questions(texts))}
