"""Law 4, measured: another thing or the opposite is not answered, a paraphrase is; on desks of one to eighty articles.

The rates are printed (`pytest -s`), and docs/benchmarks.md has them.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import frontmatter
import pytest

from config.settings import EmbeddingSettings, RetrievalSettings
from knowledge.answering.evidence import EvidencePipeline
from knowledge.answering.gate import EvidenceGate, load_gate
from knowledge.database import Database
from knowledge.embedding.engine import Embedding
from knowledge.index import ArticleIndex
from knowledge.library import ArticleLibrary
from knowledge.models import Article, Question, Verdict, revision_of
from tests.knowledge.answering.conftest import PUBLIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime

    from knowledge.models import Evidence

TABLE: dict[str, Any] = tomllib.loads(Path(__file__).with_name("law4.toml").read_text(encoding="utf-8"))
SAMPLE = Path(__file__).resolve().parents[3] / "knowledge" / "samples" / "help_centre"
TONGUES = ("de", "fr")


@dataclass
class Desks:
    """The desks of the table, each with its own articles."""

    folder: Path
    embedding: Embedding
    clock: Callable[[], datetime]
    databases: list[Database] = field(default_factory=list)
    indexes: list[ArticleIndex] = field(default_factory=list)

    async def open(self, articles: Sequence[Article]) -> EvidencePipeline:
        """Index articles and give what judges."""
        folder = self.folder / str(len(self.indexes))
        database = Database(Database.url_for("", folder))
        folder.mkdir()
        await database.__aenter__()
        self.databases.append(database)
        await database.upgrade("knowledge:migrations", "knowledge_version")
        library = ArticleLibrary(database, self.clock)
        index = ArticleIndex(folder / "index", self.embedding)
        self.indexes.append(index)
        await index.open()
        for article in articles:
            await library.put(article)
        await index.reconcile(library)
        return EvidencePipeline(
            index, self.embedding, library, EvidenceGate(load_gate(), 0.5, 0.3), RetrievalSettings()
        )

    async def close(self) -> None:
        """Close all."""
        for index in self.indexes:
            await index.close()
        for database in self.databases:
            await database.__aexit__(None, None, None)
        await self.embedding.close()


@pytest.fixture
async def desks(tmp_path: Path, models_dir: Path, clock: Callable[[], datetime]) -> AsyncIterator[Desks]:
    """Opens desks and closes them."""
    held = Desks(tmp_path, Embedding(EmbeddingSettings(), models_dir), clock)
    yield held
    await held.close()


def articles_of(part: str, desk: str) -> list[Article]:
    """Give a desk's articles: those of the table, or the sample help centre."""
    if desk == "sample":
        return [_sample(path) for path in sorted(SAMPLE.rglob("*.md"))]
    language = desk if desk in TONGUES else None
    rows = [row for row in TABLE[part]["article"] if row["desk"] == desk]
    return [
        Article("s", str(n), row["title"], row["body"], revision_of(row["body"]), PUBLIC, language=language)
        for n, row in enumerate(rows)
    ]


def _sample(path: Path) -> Article:
    post = frontmatter.load(str(path))
    language = next((tongue for tongue in TONGUES if tongue in path.parts), None)
    revision = revision_of(post.content)
    return Article(
        "s", str(post["id"]), str(post["title"]), post.content, revision, PUBLIC, language=language
    )


def outcome(evidence: Evidence, wanted: str | None) -> str:
    """Say what became of a question: a verdict, or "wrong" for a confident answer from another article."""
    first = evidence.passages[0].passage if evidence.passages else None
    found = f"{first.title} {first.article.id}".casefold() if first else ""
    if wanted is not None and evidence.verdict is Verdict.ANSWERED and wanted.casefold() not in found:
        return "wrong"
    return evidence.verdict.value


async def outcomes(desks: Desks, part: str) -> dict[str, Counter[str]]:
    """Ask everything of a part of the table."""
    counted: dict[str, Counter[str]] = {kind: Counter() for kind in ("other", "opposite", "paraphrase")}
    names = sorted({desk for kind in counted for desk in TABLE[part][kind]})
    for name in names:
        evidence = await desks.open(articles_of(part, name))
        for kind, counter in counted.items():
            for row in TABLE[part][kind].get(name, ()):
                text, wanted = row if isinstance(row, list) else (row, None)
                counter[outcome(await evidence.run(Question(text, PUBLIC)), wanted)] += 1
    for kind, counter in counted.items():
        print(f"{part} {kind}: {counter.total()} questions, {dict(counter)}")  # noqa: T201 - for -s
    return counted


@pytest.mark.parametrize(
    ("part", "let_through", "declined"), [("seen", 0.08, 0.25), ("unseen", 0.15, 0.20), ("fresh", 0.15, 0.35)]
)
async def test_another_thing_is_not_answered_and_a_paraphrase_is(
    desks: Desks, part: str, let_through: float, declined: float
) -> None:
    """At most so many of the first kind are simply answered, and at most so many of the second are turned down."""
    counted = await outcomes(desks, part)
    wrong_kind = counted["other"] + counted["opposite"]
    assert wrong_kind["answered"] / wrong_kind.total() <= let_through
    turned_down = counted["paraphrase"]["unanswered"] + counted["paraphrase"]["wrong"]
    assert turned_down / counted["paraphrase"].total() <= declined


def test_the_table_is_large_enough() -> None:
    """At least sixty of each side."""
    sizes: Counter[str] = Counter()
    for part in TABLE.values():
        for kind in ("other", "opposite", "paraphrase"):
            sizes[kind] += sum(len(rows) for rows in part[kind].values())
    assert sizes["other"] + sizes["opposite"] >= 60
    assert sizes["paraphrase"] >= 60
