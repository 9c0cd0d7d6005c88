"""LangChain: the retriever over its in-memory store and over FAISS, with its indexing API for re-syncs.

As its documentation has it: HuggingFaceEmbeddings, `add_documents`, `as_retriever`; `index(…, cleanup="full")` with an
SQLRecordManager brings a store in step with a whole listing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import faiss
from langchain_classic.indexes import SQLRecordManager
from langchain_community.docstore.in_memory import InMemoryDocstore
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.indexing import index
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_huggingface import HuggingFaceEmbeddings

from adapters.protocol import TOP_K, Passage, read_passages, read_vectors

if TYPE_CHECKING:
    from pathlib import Path

DIMENSIONS = 384


class Embeddings(HuggingFaceEmbeddings):
    """The peer's own, but texts whose vectors are there already are looked up."""

    known: ClassVar[dict[str, list[float]]] = {}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed what is not known, in one call as without this class."""
        unknown = [text for text in texts if text not in self.known]
        fresh = iter(super().embed_documents(unknown) if unknown else [])
        return [self.known[text] if text in self.known else next(fresh) for text in texts]


class LangChain:
    """Either store."""

    def __init__(self, folder: Path, model: str, *, faiss_store: bool) -> None:
        self._folder, self._faiss = folder, faiss_store
        self._embeddings = Embeddings(model_name=model)
        self._passages: list[Passage] = []
        self._store: Any = None
        self._records: Any = None
        self._retriever: Any = None

    def load(self, passages: str, vectors: str | None = None) -> int:
        """Read passages."""
        self._passages = read_passages(passages)
        self._embeddings.known.update(read_vectors(self._passages, vectors))
        return len(self._passages)

    def index(self) -> None:
        """Make a new store of everything."""
        self._store = self._new_store()
        self._store.add_documents(self._documents())
        self._retriever = self._store.as_retriever(search_kwargs={"k": TOP_K})

    def begin_sync(self) -> None:
        """Make a new store by the indexing API, which then knows what is in it."""
        self._store = self._new_store()
        (self._folder / "records.sqlite").unlink(missing_ok=True)
        self._records = SQLRecordManager("bench", db_url=f"sqlite:///{self._folder / 'records.sqlite'}")
        self._records.create_schema()
        self._retriever = self._store.as_retriever(search_kwargs={"k": TOP_K})
        self.resync()

    def resync(self) -> dict[str, int]:
        """Index the whole listing; what is as it was is skipped, what is gone is deleted."""
        return dict(
            index(
                self._documents(),
                self._records,
                self._store,
                cleanup="full",
                source_id_key="article_id",
                key_encoder="sha256",
            )
        )

    def forget(self) -> None:
        """Drop what was only needed for filling, so that memory is the store's own."""
        self._passages = []
        self._embeddings.known.clear()

    def retrieve(self, question: str) -> list[str]:
        """Ask the retriever."""
        return [document.metadata["article_id"] for document in self._retriever.invoke(question)]

    def save(self) -> None:
        """Dump the store."""
        if self._faiss:
            self._store.save_local(str(self._folder / "faiss"))
        else:
            self._store.dump(str(self._folder / "memory.json"))

    def open(self) -> None:
        """Load the dump."""
        if self._faiss:
            folder = str(self._folder / "faiss")
            self._store = FAISS.load_local(folder, self._embeddings, allow_dangerous_deserialization=True)
        else:
            self._store = InMemoryVectorStore.load(str(self._folder / "memory.json"), self._embeddings)
        self._retriever = self._store.as_retriever(search_kwargs={"k": TOP_K})

    def _documents(self) -> list[Document]:
        return [
            Document(page_content=text, metadata={"article_id": article_id}, id=passage_id)
            for passage_id, article_id, text in self._passages
        ]

    def _new_store(self) -> Any:
        if not self._faiss:
            return InMemoryVectorStore(self._embeddings)
        return FAISS(
            embedding_function=self._embeddings,
            index=faiss.IndexFlatL2(DIMENSIONS),
            docstore=InMemoryDocstore(),
            index_to_docstore_id={},
        )


def build(name: str, folder: Path, model: str) -> LangChain:
    """Build the adapter for `langchain_stores:memory` or `:faiss`."""
    return LangChain(folder, model, faiss_store=name.endswith(":faiss"))
