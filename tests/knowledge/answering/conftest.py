"""A small desk: real library, index, model and pipelines over articles written for these tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from config.persona import Persona
from config.settings import AnswerSettings, EmbeddingSettings, RetrievalSettings
from knowledge.answering.answer import AnswerPipeline
from knowledge.answering.evidence import EvidencePipeline
from knowledge.answering.gate import EvidenceGate, load_gate
from knowledge.database import Database
from knowledge.embedding.engine import Embedding
from knowledge.index import ArticleIndex
from knowledge.library import ArticleLibrary
from knowledge.models import Article, Question, revision_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from knowledge.models import Answer

PUBLIC = frozenset({"public"})
INTERNAL = frozenset({"internal"})

VPN = """\
The VPN takes you into the office network from anywhere.

## Mac

![The menu](menu.png)

1. Install Tunnelblick.
2. Import `acme.ovpn`, which you find in [the portal](https://portal.acme.example/vpn).
3. Select **Connect**.

## Windows

1. Install OpenVPN Connect.
2. Import `acme.ovpn`.
3. Switch the profile on.
"""
PASSWORD = """\
You can set a new password as long as you can read your e-mail. See the picture below.

1. Select **Forgot password?** on the sign-in page.
2. Open the link in the message. It works for 60 minutes.
3. Choose a password of at least 12 characters.

**Note:** all other devices are signed out. @everyone was told.
"""
INVOICES = """\
Invoices are sent on the first day of each month.

| Plan | Price a month |
|---|---|
| Team | 8 euros |
| Business | 14 euros |

A paid invoice can be refunded within 30 days after the payment.
"""
REFUND_POLICY = """\
A paid invoice can be refunded within 14 days after the payment.
"""
BONUS = """\
The yearly bonus of the sales team is 7 % of the contracts that were signed.
"""


def article(article_id: str, title: str, body: str, **changes: object) -> Article:
    """Give an article whose revision follows from what it says."""
    audience = changes.pop("audience", PUBLIC)
    parts: dict[str, object] = {
        "url": f"https://help.acme.example/{article_id}",
        "updated_at": datetime(2025, 2, 3, tzinfo=UTC),
        **changes,
    }
    revision = revision_of(title, body, audience)
    return Article("desk", article_id, title, body, revision, audience, **parts)  # type: ignore[arg-type]


ARTICLES = (
    article("vpn", "Connect to the VPN", VPN),
    article("password", "Reset your password", PASSWORD),
    article("invoices", "Invoices and prices", INVOICES),
    article("refunds", "Refund policy", REFUND_POLICY, updated_at=datetime(2023, 5, 6, tzinfo=UTC)),
    article("bonus", "Sales bonus", BONUS, audience=INTERNAL),
    article(
        "urlaub", "Urlaub beantragen", "Urlaub beantragen Sie im Portal unter **Abwesenheit**.", language="de"
    ),
)
PERSONA = Persona("plain", "", "Hello!", "The articles do not answer that.", "Something failed.")


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that answer; `at` gives the pipelines with other thresholds."""

    library: ArticleLibrary
    index: ArticleIndex
    embedding: Embedding
    evidence: EvidencePipeline
    answers: AnswerPipeline

    async def ask(
        self, text: str, audience: frozenset[str] | None = PUBLIC, persona: Persona = PERSONA
    ) -> Answer:
        """Answer without a cache."""
        question = Question(text, audience)
        return await self.answers.run(question, await self.evidence.run(question), persona)

    async def put(self, *articles: Article) -> None:
        """Store articles in library and index."""
        for entry in articles:
            await self.library.put(entry)
        await self.index.reconcile(self.library)

    def at(self, min_confidence: float, unsure_confidence: float) -> Desk:
        """Give the same desk with other thresholds."""
        gate = EvidenceGate(load_gate(), min_confidence, unsure_confidence)
        evidence = EvidencePipeline(self.index, self.embedding, self.library, gate, RetrievalSettings())
        return Desk(self.library, self.index, self.embedding, evidence, self.answers)


@pytest.fixture(scope="session")
def models_dir(request: pytest.FixtureRequest) -> Path:
    """Where the packaged model is kept exported from one run of the tests to the next."""
    cache = request.config.cache
    assert cache is not None
    return cache.mkdir("embedding-models")


@pytest.fixture
async def desk(tmp_path: Path, models_dir: Path, clock: Callable[[], datetime]) -> AsyncIterator[Desk]:
    """A desk with ARTICLES, whose gate lets through what it deems as likely as not."""
    embedding = Embedding(EmbeddingSettings(), models_dir)
    index = ArticleIndex(tmp_path / "index", embedding)
    async with Database(Database.url_for("", tmp_path)) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
        library = ArticleLibrary(database, clock)
        await index.open()
        gate = EvidenceGate(load_gate(), 0.5, 0.3)
        evidence = EvidencePipeline(index, embedding, library, gate, RetrievalSettings())
        desk = Desk(library, index, embedding, evidence, AnswerPipeline(index, embedding, AnswerSettings()))
        await desk.put(*ARTICLES)
        yield desk
        await index.close()
        await embedding.close()
