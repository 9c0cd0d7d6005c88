"""Plain Haystack: InMemoryDocumentStore, SentenceTransformers embedders and the embedding retriever in a pipeline.

It has no re-sync of its own. The nearest way: documents are named by a hash of what they hold, those whose id is in the
store are left out before the embedder, and what is no longer listed is deleted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from haystack import Document, Pipeline
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.document_stores.types import DuplicatePolicy
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from adapters.protocol import TOP_K, Passage, read_passages, read_vectors

if TYPE_CHECKING:
    from pathlib import Path


class Haystack:
    """An indexing pipeline and a query pipeline over one store."""

    def __init__(self, folder: Path, model: str) -> None:
        self._file, self._model = folder / "haystack.json", model
        self._embedder = SentenceTransformersDocumentEmbedder(model=model, progress_bar=False)
        self._embedder.warm_up()
        self._passages: list[Passage] = []
        self._known: dict[str, list[float]] = {}
        self._store = InMemoryDocumentStore()
        self._query: Any = None

    def load(self, passages: str, vectors: str | None = None) -> int:
        """Read passages."""
        self._passages = read_passages(passages)
        self._known.update(read_vectors(self._passages, vectors))
        return len(self._passages)

    def index(self) -> None:
        """Make a new store of everything."""
        self._over(InMemoryDocumentStore())
        self._write(self._documents())

    def begin_sync(self) -> None:
        """Make a store that can be brought in step."""
        self.index()

    def resync(self) -> dict[str, int]:
        """Write what is new, delete what is gone."""
        documents = {document.id: document for document in self._documents()}
        held = {document.id for document in self._store.filter_documents()}
        fresh = [document for name, document in documents.items() if name not in held]
        self._write(fresh)
        gone = list(held - documents.keys())
        self._store.delete_documents(gone)
        return {"written": len(fresh), "deleted": len(gone)}

    def forget(self) -> None:
        """Drop what was only needed for filling, so that memory is the store's own."""
        self._passages = []
        self._known.clear()

    def retrieve(self, question: str) -> list[str]:
        """Run the query pipeline."""
        found = self._query.run({"embedder": {"text": question}})["retriever"]["documents"]
        return [document.meta["article_id"] for document in found]

    def save(self) -> None:
        """Write the store to a file."""
        self._store.save_to_disk(str(self._file))

    def open(self) -> None:
        """Read the store from its file."""
        self._over(InMemoryDocumentStore.load_from_disk(str(self._file)))

    def _documents(self) -> list[Document]:
        return [
            Document(content=text, meta={"article_id": article_id, "passage_id": passage_id})
            for passage_id, article_id, text in self._passages
        ]

    def _write(self, documents: list[Document]) -> None:
        unknown = [document for document in documents if document.content not in self._known]
        ready = [
            replace(document, embedding=self._known[document.content])
            for document in documents
            if document.content in self._known
        ]
        if unknown:
            ready += self._embedder.run(unknown)["documents"]
        DocumentWriter(self._store, policy=DuplicatePolicy.SKIP).run(ready)

    def _over(self, store: InMemoryDocumentStore) -> None:
        self._store = store
        self._query = Pipeline()
        embedder = SentenceTransformersTextEmbedder(model=self._model, progress_bar=False)
        self._query.add_component("embedder", embedder)
        self._query.add_component("retriever", InMemoryEmbeddingRetriever(store, top_k=TOP_K))
        self._query.connect("embedder.embedding", "retriever.query_embedding")
        self._query.warm_up()


def build(name: str, folder: Path, model: str) -> Haystack:
    """Build the adapter."""
    del name
    return Haystack(folder, model)
