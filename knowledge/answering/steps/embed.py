"""Step 1: the question as vectors."""

from typing import Any

from haystack import component
from numpy import float32
from numpy.typing import NDArray

from knowledge.answering.words import clip
from knowledge.embedding.engine import Embedding
from knowledge.models import Question
from knowledge.stores.query import plan_query


@component
class EmbedQuestion:
    """Embeds the texts that the index plans to search for."""

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding

    @component.output_types(vectors=NDArray[float32])
    def run(self, question: Question) -> dict[str, Any]:
        """Refuse: the model is reached by `run_async` only."""
        raise NotImplementedError("run the pipeline with run_async")

    @component.output_types(vectors=NDArray[float32])
    async def run_async(self, question: Question) -> dict[str, Any]:
        """Give `vectors`, one row for each text of `plan_query`."""
        texts = plan_query(clip(question.text)).texts
        return {"vectors": await self._embedding.embed_questions(texts)}
