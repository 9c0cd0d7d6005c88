"""The passage index as a Haystack DocumentStore: one SQLite file, searched in memory."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from knowledge.embedding import block_torch

block_torch()

from haystack import Document, default_from_dict, default_to_dict  # noqa: E402 - haystack would pull torch in
from haystack.document_stores.errors import DuplicateDocumentError  # noqa: E402
from haystack.document_stores.types import DuplicatePolicy  # noqa: E402
from haystack.utils.filters import document_matches_filter  # noqa: E402

from knowledge.stores.entries import Hit, Scope  # noqa: E402
from knowledge.stores.fusion import BALANCED, MEANING_ALONE, Fusion  # noqa: E402
from knowledge.stores.passage_rows import PassageRow, RowExists  # noqa: E402
from knowledge.stores.query import QueryPlan, plan_query  # noqa: E402
from knowledge.stores.store import PassageStore  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXISTING: dict[DuplicatePolicy, Literal["replace", "keep", "refuse"]] = {
    DuplicatePolicy.NONE: "refuse",
    DuplicatePolicy.FAIL: "refuse",
    DuplicatePolicy.SKIP: "keep",
    DuplicatePolicy.OVERWRITE: "replace",
}

Filters = dict[str, Any]


class EmbeddedDocumentStore:
    """Documents with text in a SQLite file that several processes may share; created when it is not there.

    `meta` may hold what passages have (`title`, `heading_path`, `language`, `audience`, `source`, `article_id`);
    title and headings then count in keyword search. Documents leave without their embeddings, which nobody
    downstream needs and which are costly to carry. Filters are Haystack's own.
    """

    def __init__(self, path: str) -> None:
        """Open or create the file at `path`."""
        self._path = path
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._store = PassageStore(Path(path), create=True)

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._store.close()

    def to_dict(self) -> dict[str, Any]:
        """Describe the store so that `from_dict` opens the same file."""
        return default_to_dict(self, path=self._path)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Open the store that `to_dict` described."""
        store: Self = default_from_dict(cls, data)
        return store

    def count_documents(self) -> int:
        """Give the number of documents."""
        return self._store.count()

    def filter_documents(self, filters: Filters | None = None) -> list[Document]:
        """Give the documents that match, by id; all of them without filters. Raises FilterError."""
        documents = [_document(*item) for item in self._store.items()]
        return [
            document for document in documents if not filters or document_matches_filter(filters, document)
        ]

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Write documents in one transaction and give how many were written.

        Without a policy a known id is an error, as with FAIL. Raises DuplicateDocumentError, and ValueError for
        what is no document, has no text, or has an embedding of another length than the store's.
        """
        rows = self._rows(documents)
        try:
            return self._store.file.put_rows(rows, _EXISTING[policy])
        except RowExists as error:
            raise DuplicateDocumentError(f"Document {error} is in the store already.") from error

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete documents by id; unknown ids are passed over."""
        self._store.file.remove_rows(document_ids)

    def delete_by_filter(self, filters: Filters) -> int:
        """Delete the documents that match and give how many. Raises FilterError."""
        ids = [document.id for document in self.filter_documents(filters)]
        self._store.file.remove_rows(ids)
        return len(ids)

    def embedding_retrieval(
        self, query_embedding: Sequence[float], filters: Filters | None = None, top_k: int = 10
    ) -> list[Document]:
        """Give the documents nearest in meaning, the score being the cosine."""
        return self._retrieve(query_embedding, QueryPlan(("",), (1.0,), ()), filters, top_k, MEANING_ALONE)

    def bm25_retrieval(self, query: str, filters: Filters | None = None, top_k: int = 10) -> list[Document]:
        """Give the documents that share most words with the query, and none that shares nothing."""
        return self._retrieve(None, plan_query(query), filters, top_k)

    def hybrid_retrieval(
        self,
        query: str,
        query_embeddings: Sequence[Sequence[float]],
        filters: Filters | None = None,
        top_k: int = 10,
    ) -> list[Document]:
        """Give the best by meaning and words together; `query_embeddings` are those of `plan_query(query).texts`."""
        return self._retrieve(query_embeddings, plan_query(query), filters, top_k)

    async def count_documents_async(self) -> int:
        """See `count_documents`."""
        return await asyncio.to_thread(self.count_documents)

    async def filter_documents_async(self, filters: Filters | None = None) -> list[Document]:
        """See `filter_documents`."""
        return await asyncio.to_thread(self.filter_documents, filters)

    async def write_documents_async(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """See `write_documents`."""
        return await asyncio.to_thread(self.write_documents, documents, policy)

    async def delete_documents_async(self, document_ids: list[str]) -> None:
        """See `delete_documents`."""
        await asyncio.to_thread(self.delete_documents, document_ids)

    async def delete_by_filter_async(self, filters: Filters) -> int:
        """See `delete_by_filter`."""
        return await asyncio.to_thread(self.delete_by_filter, filters)

    async def embedding_retrieval_async(
        self, query_embedding: Sequence[float], filters: Filters | None = None, top_k: int = 10
    ) -> list[Document]:
        """See `embedding_retrieval`."""
        return await asyncio.to_thread(self.embedding_retrieval, query_embedding, filters, top_k)

    async def bm25_retrieval_async(
        self, query: str, filters: Filters | None = None, top_k: int = 10
    ) -> list[Document]:
        """See `bm25_retrieval`."""
        return await asyncio.to_thread(self.bm25_retrieval, query, filters, top_k)

    async def hybrid_retrieval_async(
        self,
        query: str,
        query_embeddings: Sequence[Sequence[float]],
        filters: Filters | None = None,
        top_k: int = 10,
    ) -> list[Document]:
        """See `hybrid_retrieval`."""
        return await asyncio.to_thread(self.hybrid_retrieval, query, query_embeddings, filters, top_k)

    def _retrieve(
        self,
        embeddings: Sequence[Any] | None,
        plan: QueryPlan,
        filters: Filters | None,
        top_k: int,
        fusion: Fusion = BALANCED,
    ) -> list[Document]:
        vectors = None if embeddings is None else np.atleast_2d(np.asarray(embeddings, np.float32))
        ids = {document.id for document in self.filter_documents(filters)} if filters else None
        hits = self._store.search(vectors, plan, Scope(ids=ids), top_k, fusion)
        return [_found(hit) for hit in hits]

    def _rows(self, documents: list[Document]) -> list[PassageRow]:
        if not isinstance(documents, list) or not all(
            isinstance(document, Document) for document in documents
        ):
            raise ValueError("write_documents takes a list of Haystack Documents.")
        rows = [_row(document) for document in documents]
        lengths = {len(row.vector) // 4 for row in rows if row.vector is not None}
        held = self._store.dimensions()
        if len(lengths | ({held} if held else set())) > 1:
            raise ValueError(
                f"Embeddings of {sorted(lengths)} numbers do not fit into {self._path} ({held})."
            )
        return rows


def _row(document: Document) -> PassageRow:
    if document.content is None:
        raise ValueError(f"Document {document.id} has no text; this store keeps documents with text only.")
    vector = None if document.embedding is None else np.asarray(document.embedding, np.float32).tobytes()
    source, article_id = (str(document.meta.get(name) or "") for name in ("source", "article_id"))
    payload = json.dumps(document.meta, ensure_ascii=False)
    return PassageRow(document.id, source, article_id, document.content, payload, None, vector)


def _document(document_id: str, text: str, payload: str, score: float | None = None) -> Document:
    return Document(id=document_id, content=text, meta=json.loads(payload), score=score)


def _found(hit: Hit) -> Document:
    return _document(hit.id, hit.text, hit.payload, hit.score)
