"""haiku.rag: documents with their chunks in LanceDB, hybrid search; in a Python of its own, since it wants 3.12.

Its embeddings come from a server, by default Ollama; here from `embedding_server.py`, in a process beside it. Its
converter and chunker (docling, some gigabytes) are left out: it gets the passages as `import_documents` takes them. A
re-sync is what its ingester does: a document whose content hash is as stored is left alone, another is replaced.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docling_core.types.doc.document import DoclingDocument
from haiku.rag.client import HaikuRAG
from haiku.rag.client.documents import DocumentImport
from haiku.rag.config import AppConfig
from haiku.rag.store.models.chunk import Chunk

from adapters.protocol import TOP_K, Passage, ask_all, read_passages, read_vectors

if TYPE_CHECKING:
    from collections.abc import Coroutine

HERE = Path(__file__).resolve().parent.parent


class Haiku:
    """One database, its client kept open."""

    def __init__(self, folder: Path, model: str) -> None:
        self._database = folder / "haiku.lancedb"
        server = os.environ.get("PEERS_PYTHON", str(HERE.parents[1] / ".venv-peers" / "bin" / "python"))
        self._server = subprocess.Popen(
            [server, "-W", "ignore", str(HERE / "embedding_server.py"), model],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._server.stdout is not None
        port = self._server.stdout.readline().strip()
        if not port:
            raise RuntimeError("the embedding server does not start; see worker.log")
        self._config = AppConfig()
        self._config.embeddings.model.provider = "openai"
        self._config.embeddings.model.name = "all-MiniLM-L6-v2"
        self._config.embeddings.model.vector_dim = 384
        self._config.embeddings.model.base_url = f"http://127.0.0.1:{port}/v1"
        self._config.embeddings.model.api_key = "none"
        self._loop = asyncio.new_event_loop()
        self._client: Any = None
        self._passages: list[Passage] = []
        self._known: dict[str, list[float]] = {}

    def load(self, passages: str, vectors: str | None = None) -> int:
        """Read passages."""
        self._passages = read_passages(passages)
        self._known.update(read_vectors(self._passages, vectors))
        return len(self._passages)

    def index(self) -> None:
        """Import everything into a new database."""
        self._run(self._new())
        self._run(self._import(self._articles()))

    def begin_sync(self) -> None:
        """Make a database that can be brought in step."""
        self.index()

    def resync(self) -> dict[str, int]:
        """Replace documents whose hash differs, delete those that are gone."""
        return self._run(self._resync())

    def forget(self) -> None:
        """Drop what was only needed for filling."""
        self._passages = []
        self._known.clear()

    def retrieve(self, question: str) -> list[str]:
        """Search as the client does by default: by meaning and by words."""
        found = self._run(self._client.search(question, limit=TOP_K))
        return [result.document_uri for result in found]

    def askers(self, number: int, questions: list[str]) -> None:
        """Retrieve for so many askers at once."""

        async def search(question: str) -> object:
            return await self._client.search(question, limit=TOP_K)

        self._run(ask_all(search, number, questions))

    def save(self) -> None:
        """Nothing to do: it is on disk."""

    def open(self) -> None:
        """Open the database."""
        self._run(self._open())

    def close(self) -> None:
        """Close the database and end the server."""
        self._run(self._close())
        self._loop.close()
        self._server.kill()
        self._server.wait()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    async def _open(self) -> None:
        await self._close()
        self._client = await HaikuRAG(self._database, config=self._config, create=True).__aenter__()

    async def _new(self) -> None:
        await self._close()
        shutil.rmtree(self._database, ignore_errors=True)
        await self._open()

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.__aexit__(None, None, None)
            self._client = None

    def _articles(self) -> dict[str, list[Passage]]:
        found: dict[str, list[Passage]] = {}
        for passage in self._passages:
            found.setdefault(passage.article_id, []).append(passage)
        return found

    async def _import(self, articles: dict[str, list[Passage]]) -> None:
        await self._client.import_documents(
            [
                DocumentImport(
                    DoclingDocument(name=article_id),
                    [
                        Chunk(content=passage.text, order=number, embedding=self._known.get(passage.text))
                        for number, passage in enumerate(passages)
                    ],
                    uri=article_id,
                    metadata={"hash": _hash(passages)},
                )
                for article_id, passages in articles.items()
            ]
        )

    async def _resync(self) -> dict[str, int]:
        articles = self._articles()
        held = {document.uri: document for document in await self._client.list_documents()}
        changed = {
            uri: passages
            for uri, passages in articles.items()
            if uri not in held or held[uri].metadata.get("hash") != _hash(passages)
        }
        gone = [document for uri, document in held.items() if uri not in articles or uri in changed]
        for document in gone:
            await self._client.delete_document(document.id)
        if changed:
            await self._import(changed)
        return {"imported": len(changed), "deleted": len(gone)}


def _hash(passages: list[Passage]) -> str:
    return hashlib.md5(
        "\0".join(passage.text for passage in passages).encode(), usedforsecurity=False
    ).hexdigest()


def build(name: str, folder: Path, model: str) -> Haiku:
    """Build the adapter."""
    del name
    return Haiku(folder, model)
