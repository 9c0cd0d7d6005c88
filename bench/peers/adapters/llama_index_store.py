"""LlamaIndex: VectorStoreIndex with its defaults, `refresh_ref_docs` for re-syncs.

Each passage is a Document, so that its own splitter leaves it whole; the article's id is kept out of what is embedded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from llama_index.core import Document, Settings, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.schema import TextNode
from llama_index.embeddings.huggingface import HuggingFaceEmbedding

from adapters.protocol import TOP_K, Passage, read_passages, read_vectors

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = ["article_id"]


class Embedding(HuggingFaceEmbedding):
    """The peer's own, but texts whose vectors are there already are looked up."""

    known: ClassVar[dict[str, list[float]]] = {}

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        unknown = [text for text in texts if text not in self.known]
        fresh = iter(super()._get_text_embeddings(unknown) if unknown else [])
        return [self.known[text] if text in self.known else next(fresh) for text in texts]


class LlamaIndex:
    """VectorStoreIndex over the in-memory SimpleVectorStore."""

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = folder / "llama_index"
        self._embedding = Settings.embed_model = Embedding(model_name=model)
        Settings.llm = None
        self._passages: list[Passage] = []
        self._index: Any = None
        self._retriever: Any = None

    def load(self, passages: str, vectors: str | None = None) -> int:
        """Read passages."""
        self._passages = read_passages(passages)
        self._embedding.known.update(read_vectors(self._passages, vectors))
        return len(self._passages)

    def index(self) -> None:
        """Make a new index of everything; of nodes where all vectors are there, which spares it the splitting."""
        if len(self._embedding.known) >= len(self._passages):
            known = self._embedding.known
            nodes = [
                TextNode(
                    id_=passage.id,
                    text=passage.text,
                    metadata={"article_id": passage.article_id},
                    excluded_embed_metadata_keys=HIDDEN,
                    embedding=known[passage.text],
                )
                for passage in self._passages
            ]
            self._index = VectorStoreIndex(nodes)
        else:
            self._index = VectorStoreIndex.from_documents(self._documents())
        self._retriever = self._index.as_retriever(similarity_top_k=TOP_K)

    def begin_sync(self) -> None:
        """Make an index of documents, which can be refreshed."""
        self._index = VectorStoreIndex.from_documents(self._documents())
        self._retriever = self._index.as_retriever(similarity_top_k=TOP_K)

    def resync(self) -> dict[str, int]:
        """Refresh what differs, and delete what is gone."""
        documents = self._documents()
        refreshed = self._index.refresh_ref_docs(documents)
        gone = set(self._index.ref_doc_info) - {document.id_ for document in documents}
        for document_id in gone:
            self._index.delete_ref_doc(document_id, delete_from_docstore=True)
        return {"refreshed": sum(refreshed), "deleted": len(gone)}

    def forget(self) -> None:
        """Drop what was only needed for filling, so that memory is the store's own."""
        self._passages = []
        self._embedding.known.clear()

    def retrieve(self, question: str) -> list[str]:
        """Ask the retriever."""
        return [found.node.metadata["article_id"] for found in self._retriever.retrieve(question)]

    def save(self) -> None:
        """Persist the storage context."""
        self._index.storage_context.persist(persist_dir=str(self._folder))

    def open(self) -> None:
        """Load the index from its folder."""
        context = StorageContext.from_defaults(persist_dir=str(self._folder))
        self._index = load_index_from_storage(context)
        self._retriever = self._index.as_retriever(similarity_top_k=TOP_K)

    def _documents(self) -> list[Document]:
        return [
            Document(
                id_=passage_id,
                text=text,
                metadata={"article_id": article_id},
                excluded_embed_metadata_keys=HIDDEN,
            )
            for passage_id, article_id, text in self._passages
        ]


def build(name: str, folder: Path, model: str) -> LlamaIndex:
    """Build the adapter."""
    del name
    return LlamaIndex(folder, model)
