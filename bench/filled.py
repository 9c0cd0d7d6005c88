"""A bot's data folder with as many passages as are wanted: the sample help centre, and generated articles around it.

Questions are the sample's, so answers are real ones; the generated articles are what has to be searched past. Their
words follow Zipf's law over 40,000, their vectors are random, since only their number decides the time.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from desk import WORDS

from bot.app import App
from config.settings import load_settings
from knowledge.models import PUBLIC, Article, SyncPlan
from knowledge.sources.base import build_source
from knowledge.stores.filling import IndexFiller
from knowledge.stores.passage_file import PassageFile
from knowledge.stores.passages import PassageSplitter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from config.settings import Settings
    from knowledge.embedding.engine import Embedding
    from knowledge.embedding.model import EmbeddingModel

SAMPLE = Path(__file__).resolve().parent.parent / "knowledge" / "samples" / "help_centre"
SECTIONS = 6
DIMENSIONS = 384
VOCABULARY = 40_000
BULK = "bulk"


def questions() -> list[str]:
    """Give the sample's questions."""
    lines = (SAMPLE / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def varied(count: int) -> list[str]:
    """Give questions of which no two share a cache entry: the sample's, put as people put them."""
    openings = (
        "",
        "Quick question: ",
        "My colleague asks: ",
        "For a customer: ",
        "Urgent! ",
        "New here, so: ",
    )
    closings = (
        "",
        " We are a small team.",
        " I looked around already.",
        " Our boss wants to know.",
        " It is for today.",
    )
    found: list[str] = []
    number = 0
    while len(found) < count:
        room, opening, closing = f" (room {number})" if number else "", "", ""
        for opening in openings:
            for closing in closings:
                found += [f"{opening}{question}{closing}{room}" for question in questions()]
        number += 1
    return found[:count]


def settings_of(folder: Path, *more: str) -> Settings:
    """Give the settings of a bot over the sample that keeps its data in `folder`; `more` are lines of TOML."""
    config = folder / "helpdesk-bot.toml"
    lines = ['data_dir = "data"', *more]
    lines += [
        "[[sources]]",
        'name = "sample"',
        'type = "folder"',
        f'path = "{SAMPLE}"',
        'audience = ["public"]',
    ]
    config.write_text(
        "\n".join([*lines, "[limits]", "per_person = 100000", "per_channel = 100000"]) + "\n", "utf-8"
    )
    return load_settings(config, {})


async def fill(folder: Path, passages: int) -> Settings:
    """Make the bot's data folder in `folder`, with about `passages` passages in library and index."""
    settings = settings_of(folder)
    async with App(settings) as app:
        await app.embedding.start()
        report = await (await app.sync()).run(build_source(settings.sources[0]))
        if report.error:
            raise SystemExit(report.error)
        library, index = await app.library(), await app.index()
        articles = list(generated((passages - await index.warm()) // SECTIONS))
        await library.apply(SyncPlan(BULK, added=tuple(articles)), None)
        file = PassageFile(settings.data_dir / "index" / f"{index.version().generation}.sqlite")
        splitter = PassageSplitter(lambda text: len(text.split()), app.embedding.model.max_tokens)
        await IndexFiller(file, RandomVectors(app.embedding), splitter).run(library)
        file.close()
    return settings


def generated(count: int) -> Iterator[Article]:
    """Give articles of six sections of 60 to 200 words."""
    rng = np.random.default_rng(7)
    weights = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    words = np.array([f"{WORDS[n % len(WORDS)]}{_suffix(n // len(WORDS))}" for n in range(VOCABULARY)])
    for number in range(count):
        sizes = rng.integers(4, 14, SECTIONS)
        drawn = iter(words[np.searchsorted(weights, rng.random(int(sizes.sum()) * 15 + 40) * weights[-1])])
        body = "\n\n".join(f"## {_sentence(drawn, 3)}\n\n{_paragraph(drawn, int(size))}" for size in sizes)
        title = f"{_sentence(drawn, 4)} {number}"
        url = f"https://help.example/{number}"
        yield Article(BULK, f"bulk-{number}", title, body, "1", frozenset({PUBLIC}), url)


class RandomVectors:
    """The embedding of an index whose generated passages get random unit vectors."""

    def __init__(self, embedding: Embedding) -> None:
        self.model: EmbeddingModel = embedding.model
        self._rng = np.random.default_rng(8)

    def count_tokens(self, text: str) -> int:
        """Count roughly: how passages are cut does not matter here."""
        return len(text.split())

    async def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> AsyncGenerator[Vectors, None]:
        """Draw a vector for each text."""
        del progress
        for start in range(0, len(texts), 1000):
            rows = len(texts[start : start + 1000])
            vectors = self._rng.standard_normal((rows, DIMENSIONS), np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            yield Vectors(np.arange(start, start + rows, dtype=np.int64), vectors)


class Vectors:
    """A batch of them."""

    def __init__(self, indices: np.ndarray, vectors: np.ndarray) -> None:
        self.indices, self.vectors = indices, vectors


def _sentence(words: Iterator[str], count: int) -> str:
    return " ".join(next(words) for _ in range(count)).capitalize()


def _paragraph(words: Iterator[str], count: int) -> str:
    return " ".join(f"{_sentence(words, 15)}." for _ in range(count))


def _suffix(number: int) -> str:
    """Give letters for a number, so that the words are words."""
    return "" if not number else chr(97 + number % 26) + _suffix(number // 26)
