"""Retrieval: how long a search takes after the question's embedding; `--quality` for how good it is.

Passages and vectors are synthetic, since only their number and length decide the time; the questions are real ones when
`--data` is given. `--quality FOLDER` embeds the folder's articles.jsonl with the default model and prints R@1, R@5,
MRR@10 and nDCG@10 of its queries.jsonl over articles ranked by their best passage (answerable questions only).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from desk import WORDS, Rows, quiet_logs

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding
from knowledge.index import ArticleIndex
from knowledge.models import PUBLIC, Article, ArticleRef
from knowledge.stores.entries import Entry, Scope
from knowledge.stores.memory import MemorySearch
from knowledge.stores.query import plan_query

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

DIMENSIONS = 384
TARGETS_MS = {3_000: 3.0, 50_000: 20.0}
READERS = Scope(audience=frozenset({PUBLIC}))


class Shelf:
    """A library of one file's articles."""

    def __init__(self, path: Path) -> None:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        self._articles = {article.ref: article for article in map(_article, rows)}

    async def revisions(self) -> dict[ArticleRef, str]:
        """Give what is there."""
        return {ref: article.revision for ref, article in self._articles.items()}

    async def load(self, refs: Collection[ArticleRef]) -> list[Article]:
        """Give articles."""
        return [self._articles[ref] for ref in refs]


def _article(row: dict[str, Any]) -> Article:
    return Article("bench", str(row["id"]), row["title"], row["body_markdown"], "1", frozenset({PUBLIC}))


def synthetic(count: int) -> Iterator[Entry]:
    """Give passages of 60 to 240 words; words follow Zipf's law over 40,000, as in real articles."""
    generator = np.random.default_rng(7)
    weights = 1 / np.arange(1, 40_001)
    vocabulary = np.array(
        [f"{WORDS[number % len(WORDS)]}{number // len(WORDS) or ''}" for number in range(40_000)]
    )
    for number in range(count):
        words = " ".join(
            generator.choice(vocabulary, int(generator.integers(60, 240)), p=weights / weights.sum())
        )
        vector = generator.standard_normal(DIMENSIONS, np.float32)
        vector /= np.linalg.norm(vector)
        yield Entry(
            f"a{number // 6}#{number % 6}", words, words, "title", article_id=f"a{number // 6}", source="bench",
            audience=frozenset({PUBLIC} if number % 5 else {"internal"}), payload="{}", vector=vector,
        )  # fmt: skip


def questions_of(data: Path | None) -> list[str]:
    """Give real questions, or made-up ones of 5 to 90 words."""
    path = data / "sumo" / "queries.jsonl" if data else None
    if path is not None and path.exists():
        return [json.loads(line)["question"] for line in path.read_text("utf-8").splitlines()]
    chooser = random.Random(7)
    return [" ".join(chooser.choices(WORDS, k=chooser.randint(5, 90))) for _ in range(180)]


def search_times(memory: MemorySearch, questions: list[str]) -> list[float]:
    """Give milliseconds per search, warm."""
    generator = np.random.default_rng(8)
    times = []
    for text in [*questions[:20], *questions]:
        plan = plan_query(text)
        vectors = generator.standard_normal((len(plan.texts), DIMENSIONS), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        started = time.perf_counter()
        memory.search(vectors, plan_query(text), READERS, 8)
        times.append((time.perf_counter() - started) * 1000)
    return times[20:]


def measure_times(rows: Rows, data: Path | None, *, quick: bool) -> None:
    """Add p50 and p95 of a search at both sizes; `quick` leaves the large one out."""
    questions = questions_of(data)
    for count, target in TARGETS_MS.items():
        if quick and count > 10_000:
            continue
        memory = MemorySearch()
        memory.put(synthetic(count))
        p50, p95 = np.percentile(search_times(memory, questions), [50, 95])
        rows.add(
            f"search p50 at {count:,} passages", f"{p50:.2f} ms", f"< {target:g} ms", met=bool(p50 < target)
        )
        rows.add(f"search p95 at {count:,} passages", f"{p95:.2f} ms")


async def quality(folder: Path) -> dict[str, float]:
    """Index a question set with the default model and give its four figures."""
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text("utf-8").splitlines()]
    asked = [row for row in rows if row["kind"] == "answerable" and row["gold_article_ids"]]
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as work:
        embedding = Embedding(EmbeddingSettings(), Path(work) / "models")
        index = ArticleIndex(Path(work) / "index", embedding)
        try:
            await index.reconcile(Shelf(folder / "articles.jsonl"))
            figures = [await _figures(index, embedding, row) for row in asked]
        finally:
            await index.close()
            await embedding.close()
    names = ("recall_at_1", "recall_at_5", "mrr_at_10", "ndcg_at_10")
    return {name: float(value) for name, value in zip(names, np.mean(figures, axis=0), strict=True)}


async def _figures(index: ArticleIndex, embedding: Embedding, row: dict[str, Any]) -> tuple[float, ...]:
    vectors = await embedding.embed_questions(plan_query(row["question"]).texts)
    found = await index.search(vectors, row["question"], audience=None, top_k=300)
    ranked = list(dict.fromkeys(scored.passage.article.id for scored in found))[:10]
    gold = {str(article_id) for article_id in row["gold_article_ids"]}
    hits = [article_id in gold for article_id in ranked]
    gain = sum(1 / math.log2(rank + 2) for rank, hit in enumerate(hits) if hit)
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(len(gold), 10)))
    first = next((1 / (rank + 1) for rank, hit in enumerate(hits) if hit), 0.0)
    return (sum(hits[:1]) / len(gold), sum(hits[:5]) / len(gold), first, gain / ideal)


def main() -> None:
    """Measure and hand over the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the rows here instead of printing them")
    parser.add_argument("--data", type=Path, help="folder with question sets (sumo/, wixqa/)")
    parser.add_argument("--quick", action="store_true", help="leave out 50,000 passages")
    parser.add_argument(
        "--quality", type=Path, metavar="FOLDER", help="print the retrieval figures of one set instead"
    )
    options = parser.parse_args()
    quiet_logs()
    rows = Rows()
    if options.quality:
        for name, value in asyncio.run(quality(options.quality)).items():
            rows.add(name, round(value, 4))
    else:
        measure_times(rows, options.data, quick=options.quick)
    for row in rows.rows:
        print(f"{row['measure']:40s} {row['value']!s:>12s} {row['target']}", file=sys.stderr)
    rows.write(options.json)


if __name__ == "__main__":
    main()
