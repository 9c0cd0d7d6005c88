"""ArticleIndex with the packaged model: people's words find articles that use others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding
from knowledge.index import ArticleIndex
from knowledge.models import PUBLIC
from knowledge.stores.passages import embedding_text
from knowledge.stores.query import plan_query
from tests.knowledge.stores.doubles import Shelf, article

if TYPE_CHECKING:
    from pathlib import Path

ARTICLES = (
    article("export", "# CSV\n\nOpen **Settings → Data** and press Export.", title="Export your data"),
    article("password", "Click *Forgot password* on the sign-in page.", title="Reset a password"),
    article(
        "vpn",
        "Import `acme.ovpn`. If you see ERR_504, check the clock of your device.",
        title="Connect to the VPN",
    ),
    article("refund", "We pay money back within 14 days. " * 40, title="Refunds"),
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("I forgot my login credentials", "password"),
        ("get a copy of my records as a spreadsheet", "export"),
        ("ERR_504", "vpn"),
        ("can I get my money back", "refund"),
    ],
)
async def test_questions_find_their_articles(question, expected, real_index):
    """Meaning finds what words miss, and a code is found by itself."""
    index, embedding = real_index
    vectors = await embedding.embed_questions(plan_query(question).texts)
    found = await index.search(vectors, question, audience=frozenset({PUBLIC}), top_k=1)
    assert found[0].passage.article.id == expected


async def test_no_passage_is_longer_than_the_model_reads(real_index):
    """By the model's own count, title and headings included."""
    index, embedding = real_index
    passages = [passage for one in ARTICLES for passage in index.passages_of(one.ref)]
    assert len(passages) > len(ARTICLES)
    assert all(
        embedding.count_tokens(embedding_text(passage)) <= embedding.model.max_tokens for passage in passages
    )


@pytest.fixture
async def real_index(tmp_path: Path, request: pytest.FixtureRequest):
    """The articles above, indexed; the model is exported once and kept."""
    assert request.config.cache is not None
    embedding = Embedding(EmbeddingSettings(), request.config.cache.mkdir("embedding-models"))
    index = ArticleIndex(tmp_path / "index", embedding)
    shelf = Shelf()
    shelf.put(*ARTICLES)
    await index.reconcile(shelf)
    yield index, embedding
    await index.close()
    await embedding.close()
