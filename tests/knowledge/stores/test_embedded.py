"""EmbeddedDocumentStore keeps Haystack's protocol: its own conformance tests, sync and async."""

from __future__ import annotations

import pytest

from knowledge.stores.embedded import EmbeddedDocumentStore  # before haystack: it keeps torch out

from haystack import Document, Pipeline  # isort: skip
from haystack.components.writers import DocumentWriter  # isort: skip
from haystack.document_stores.errors import DuplicateDocumentError  # isort: skip
from haystack.document_stores.types import DuplicatePolicy  # isort: skip
from haystack.testing.document_store import (  # isort: skip
    CountDocumentsTest,
    DeleteByFilterTest,
    DeleteDocumentsTest,
    FilterDocumentsTest,
    WriteDocumentsTest,
)
from haystack.testing.document_store_async import (  # isort: skip
    CountDocumentsAsyncTest,
    DeleteByFilterAsyncTest,
    DeleteDocumentsAsyncTest,
    FilterDocumentsAsyncTest,
    WriteDocumentsAsyncTest,
)
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def document_store(tmp_path: Path):
    """An empty store."""
    store = EmbeddedDocumentStore(str(tmp_path / "documents.sqlite"))
    yield store
    store.close()


class WithoutEmbeddings:
    """Documents come back by id and without embeddings; all else must be equal."""

    @staticmethod
    def assert_documents_are_equal(received: list[Document], expected: list[Document]) -> None:
        """Compare all but order and embeddings."""

        def plain(documents: list[Document]) -> list[tuple[object, ...]]:
            return sorted((document.id, document.content, str(document.meta)) for document in documents)

        assert plain(received) == plain(expected)
        assert all(document.embedding is None for document in received)


class TestProtocol(
    WithoutEmbeddings,
    CountDocumentsTest,
    DeleteDocumentsTest,
    DeleteByFilterTest,
    FilterDocumentsTest,
    WriteDocumentsTest,
):
    """Haystack's tests of the synchronous methods."""

    def test_write_documents(self, document_store: EmbeddedDocumentStore) -> None:
        """Without a policy a second write of one id is an error and changes nothing."""
        document = Document(content="text")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([Document(content="new"), document])
        self.assert_documents_are_equal(document_store.filter_documents(), [document])


class TestAsyncProtocol(
    WithoutEmbeddings,
    CountDocumentsAsyncTest,
    DeleteDocumentsAsyncTest,
    DeleteByFilterAsyncTest,
    FilterDocumentsAsyncTest,
    WriteDocumentsAsyncTest,
):
    """Haystack's tests of the asynchronous methods."""

    async def test_write_documents_async(self, document_store: EmbeddedDocumentStore) -> None:
        """Without a policy a known id is an error."""
        document = Document(content="text")
        assert await document_store.write_documents_async([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            await document_store.write_documents_async([document])


DOCUMENTS = [
    Document(id="a", content="export your data", meta={"lang": "en"}, embedding=[1.0, 0.0]),
    Document(id="b", content="delete your account", meta={"lang": "en"}, embedding=[0.0, 1.0]),
    Document(id="c", content="export everything", meta={"lang": "fr"}, embedding=[0.6, 0.8]),
]


def test_retrieval_by_meaning_and_words(document_store: EmbeddedDocumentStore) -> None:
    """Each search finds its own best, filters apply first, and scores come along."""
    document_store.write_documents(DOCUMENTS)
    assert [found.id for found in document_store.embedding_retrieval([1.0, 0.0])] == ["a", "c", "b"]
    assert document_store.embedding_retrieval([1.0, 0.0])[1].score == pytest.approx(0.6)
    assert [found.id for found in document_store.bm25_retrieval("deleting an account")] == ["b"]
    french = {"field": "meta.lang", "operator": "==", "value": "fr"}
    assert [found.id for found in document_store.bm25_retrieval("export", french)] == ["c"]
    assert [found.id for found in document_store.embedding_retrieval([0.0, 1.0], french)] == ["c"]
    assert document_store.hybrid_retrieval("export data", [[1.0, 0.0]], top_k=1)[0].id == "a"


async def test_async_retrieval_is_the_same(document_store: EmbeddedDocumentStore) -> None:
    """The asynchronous methods give what the others give."""
    await document_store.write_documents_async(DOCUMENTS)
    assert await document_store.bm25_retrieval_async("export") == document_store.bm25_retrieval("export")
    found = await document_store.embedding_retrieval_async([0.0, 1.0], top_k=1)
    assert [document.id for document in found] == ["b"]
    assert (await document_store.hybrid_retrieval_async("account", [[0.0, 1.0]], top_k=1))[0].id == "b"


def test_what_is_written_outlives_the_store_and_its_description_opens_it(tmp_path: Path) -> None:
    """from_dict(to_dict()) is the same file with the same documents."""
    first = EmbeddedDocumentStore(str(tmp_path / "new" / "documents.sqlite"))
    first.write_documents(DOCUMENTS)
    described = first.to_dict()
    first.close()
    second = EmbeddedDocumentStore.from_dict(described)
    assert second.count_documents() == 3
    second.close()


def test_two_stores_on_one_file_see_each_other(tmp_path: Path) -> None:
    """Writes and deletions of one are seen by the other's next call."""
    one, two = (EmbeddedDocumentStore(str(tmp_path / "documents.sqlite")) for _ in range(2))
    one.write_documents(DOCUMENTS)
    assert two.count_documents() == 3
    two.delete_documents(["a"])
    assert [document.id for document in one.filter_documents()] == ["b", "c"]
    one.close()
    two.close()


def test_documents_that_do_not_fit_are_refused(document_store: EmbeddedDocumentStore) -> None:
    """A vector of another length, or no text, is a clear error and writes nothing."""
    document_store.write_documents(DOCUMENTS)
    with pytest.raises(ValueError, match="do not fit"):
        document_store.write_documents([Document(id="d", content="x", embedding=[1.0])])
    with pytest.raises(ValueError, match="no text"):
        document_store.write_documents([Document(id="e", meta={"title": "x"})], DuplicatePolicy.SKIP)
    assert document_store.count_documents() == 3


def test_it_serves_in_a_pipeline_that_is_saved_and_loaded(document_store: EmbeddedDocumentStore) -> None:
    """A Haystack pipeline with the store inside serialises and runs again."""
    pipeline = Pipeline()
    pipeline.add_component("writer", DocumentWriter(document_store))
    document_store.close()
    loaded = Pipeline.loads(pipeline.dumps(), allowed_modules=["knowledge.*"])
    result = loaded.run({"writer": {"documents": DOCUMENTS}})
    assert result["writer"]["documents_written"] == 3
    loaded.get_component("writer").document_store.close()
