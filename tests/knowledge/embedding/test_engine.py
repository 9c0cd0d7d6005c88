"""Embedding, the door to the model: the same vectors wherever they are computed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import IN_PROCESS_PASSAGES, Embedding
from knowledge.errors import EmbeddingError

if TYPE_CHECKING:
    from pathlib import Path

QUESTIONS = ["How do I reset my password?", "Where are my invoices?", "reset the password of my account", ""]


async def passages_of(embedding: Embedding, texts: list[str]) -> np.ndarray:
    """Gather the batches into one matrix, each text exactly once."""
    vectors = np.full((len(texts), embedding.model.dimensions), np.nan, dtype=np.float32)
    async for batch in embedding.embed_passages(texts):
        assert np.isnan(vectors[batch.indices]).all()
        vectors[batch.indices] = batch.vectors
    assert not np.isnan(vectors).any()
    return vectors


def embedding_children() -> list[psutil.Process]:
    """Give the children of this process that embed; other tests' converters and servers may live beside them."""
    return [
        child for child in psutil.Process().children() if "knowledge.embedding" in " ".join(child.cmdline())
    ]


async def test_vectors_have_length_one_and_mean_something(embedding: Embedding) -> None:
    """Vectors are float32 and normalised, and like questions are nearer than unlike ones."""
    vectors = await embedding.embed_questions(QUESTIONS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[2] > 0.7
    assert vectors[0] @ vectors[1] < 0.3


async def test_a_question_has_one_vector_alone_and_among_others(embedding: Embedding) -> None:
    """The batch that a question happens to be in changes nothing: fp32 throughout."""
    alone = [await embedding.embed_questions([question]) for question in QUESTIONS]
    together = await asyncio.gather(*(embedding.embed_questions([question]) for question in QUESTIONS))
    for one, other in zip(alone, together, strict=True):
        assert float((one * other).sum()) > 0.999999


async def test_no_questions_give_no_vectors(embedding: Embedding) -> None:
    """An empty list is no error."""
    assert (await embedding.embed_questions([])).shape == (0, 384)


@pytest.mark.parametrize("text", ["x" * 50_000, "🎉" * 50, "\ud800", "ما هي كلمة المرور؟", "\0"])
async def test_any_question_has_a_vector(embedding: Embedding, text: str) -> None:
    """What people paste is embedded, not refused."""
    vectors = await embedding.embed_questions([text])
    assert np.isfinite(vectors).all()


async def test_a_long_question_is_embedded_to_its_end(embedding: Embedding) -> None:
    """What stands beyond the window has its own vector, where plain embedding ignores it."""
    text = "The weather is fine today. " * 100 + "How do I reset my password?"
    (target,) = await embedding.embed_questions(["How do I reset my password?"])
    (plain,) = await embedding.embed_questions([text])
    windows = await embedding.embed_question_windows(text)
    assert len(windows) == 3
    assert (windows @ target).max() > plain @ target + 0.1


async def test_few_passages_start_no_process(embedding: Embedding) -> None:
    """A changed article is embedded here: a child would take longer to start."""
    seen = []
    async for batch in embedding.embed_passages(
        ["a passage"] * 10, lambda done, total: seen.append((done, total))
    ):
        assert batch.vectors.shape[1] == 384
        assert not embedding_children()
    assert seen[-1] == (10, 10)


async def test_many_passages_have_the_vectors_of_few(embedding: Embedding) -> None:
    """The child and this process give one text one vector, in whatever order the child works."""
    texts = [f"Passage {number}: " + "open the settings and wait. " * (number % 9) for number in range(80)]
    seen: list[tuple[int, int]] = []
    many = np.empty((len(texts), 384), dtype=np.float32)
    async for batch in embedding.embed_passages(texts, lambda done, total: seen.append((done, total))):
        many[batch.indices] = batch.vectors
    assert len(texts) > IN_PROCESS_PASSAGES
    assert seen[-1] == (80, 80)
    few = await passages_of(embedding, texts[:20])
    assert (many[:20] * few).sum(axis=1).min() > 0.99999


async def test_no_passages_are_no_work(embedding: Embedding) -> None:
    """An empty list yields no batch."""
    assert [batch async for batch in embedding.embed_passages([])] == []


async def test_leaving_early_ends_the_child(embedding: Embedding) -> None:
    """Who closes the iterator after the first batch leaves no process behind."""
    texts = ["some passage of the usual length " * 20] * 200
    async with contextlib.aclosing(embedding.embed_passages(texts)) as batches:
        async for _ in batches:
            (child,) = embedding_children()
            break
    assert not child.is_running()


async def test_closing_ends_what_is_under_way(models_dir: Path) -> None:
    """At shutdown a sync in the middle of embedding gets an error, and its child is gone."""
    embedding = Embedding(EmbeddingSettings(), models_dir)
    texts = ["some passage of the usual length " * 20] * 300
    batches = embedding.embed_passages(texts)
    await anext(batches)
    (child,) = embedding_children()
    await embedding.close()
    assert not child.is_running()
    with pytest.raises(EmbeddingError):
        async for _ in batches:
            pass


async def test_a_model_that_is_not_there_is_an_error_when_it_is_needed(tmp_path: Path) -> None:
    """Building the door reads nothing; asking it names the missing folder."""
    embedding = Embedding(EmbeddingSettings(model=str(tmp_path / "nowhere")), tmp_path)
    with pytest.raises(EmbeddingError, match="nowhere"):
        await embedding.embed_questions(["hello"])
    await embedding.close()
