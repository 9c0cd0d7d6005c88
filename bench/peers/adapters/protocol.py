"""What an adapter can do. The time of each call is taken by the worker that holds the adapter."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


async def ask_all(ask: Callable[[str], Awaitable[object]], number: int, questions: Sequence[str]) -> None:
    """Let so many askers take the next question as each is answered, until all are asked."""
    waiting = iter(questions)

    async def asker() -> None:
        for question in waiting:
            await ask(question)

    await asyncio.gather(*(asker() for _ in range(number)))


class Passage(NamedTuple):
    """A passage as the product cut it; `text` is what is embedded, title and headings included."""

    id: str
    article_id: str
    text: str


class Store(Protocol):
    """A side that is asked for passages."""

    def load(self, passages: str, vectors: str | None = None) -> int:
        """Read the passages to work with, outside of any time; with `vectors`, their texts are not embedded anew."""

    def index(self) -> object:
        """Embed and store everything that was loaded, beginning with nothing."""

    def resync(self) -> object:
        """Bring the store in step with what was loaded last, the nearest way that the peer has."""

    def retrieve(self, question: str) -> list[str]:
        """Embed the question and give the article ids of the ten best passages."""

    def save(self) -> object:
        """Write what a later process needs, where it is not on disk already."""

    def open(self) -> object:
        """Open what an earlier process wrote."""


class Cache(Protocol):
    """A side that is asked for a cached answer."""

    def put(self, question: str) -> object:
        """Keep an answer to the question."""

    def get(self, question: str) -> bool:
        """Whether an answer to it is served."""

    def clear(self) -> object:
        """Forget all answers."""


def read_passages(file: str) -> list[Passage]:
    """Read a JSON Lines file of passages."""
    with Path(file).open(encoding="utf-8") as lines:
        return [Passage(**json.loads(line)) for line in lines]


def read_vectors(passages: Sequence[Passage], file: str | None) -> dict[str, list[float]]:
    """Give the vectors that are there already, by text."""
    if file is None:
        return {}
    return {passage.text: row.tolist() for passage, row in zip(passages, np.load(file), strict=False)}


TOP_K = 10
