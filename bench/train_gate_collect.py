"""Collects the rows of the evidence gate part by part, two at a time, and keeps them in --work.

A part is collected anew only where the code that makes its features, or its questions, changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import frontmatter
from train_gate_made import made
from train_gate_rows import Corpus, Vectors, corpus_of, labelled, read_rows, silver

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding
from knowledge.stores.passages import PassageSplitter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train_gate_rows import Example

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "knowledge" / "samples" / "help_centre"
TRAINING = ("forum", "titles of wixqa", "titles of sumo")
HELD_OUT = ("sumo", "hint3", "sample", "clinc_oos")
MOST_ASKED = 1_200
"""Of the thousands of questions of clinc_oos."""
MADE_OF = {"titles of wixqa": ("wixqa", 173), "titles of sumo": ("sumo", 230)}
_CODE = (
    "knowledge/aliases.*", "knowledge/answering/feat*.py", "knowledge/answering/gate_[osw]*",
    "knowledge/answering/words.py", "knowledge/answering/language.py", "knowledge/answering/stop_words.toml",
    "knowledge/answering/scoring.py", "knowledge/answering/missing_words.toml", "knowledge/stores/memory.py",
    "knowledge/stores/fusion.py", "knowledge/stores/query.py", "knowledge/stores/passages.py",
    "knowledge/stores/postings.py", "knowledge/stores/centres.py", "knowledge/stores/analysis.py",
    "bench/train_gate_collect.py", "bench/train_gate_rows.py", "bench/train_gate_made.py",
)  # fmt: skip


def collected(
    data: Path, work: Path, parts: Sequence[str] = (*TRAINING, *HELD_OUT)
) -> dict[str, list[Example]]:
    """Give the rows of the parts, by their names."""
    found: dict[str, list[Example]] = {}
    with ProcessPoolExecutor(max_workers=2) as pool:
        waiting = {}
        for part in parts:
            kept = _file(work, part)
            if kept.exists():
                found[part] = pickle.loads(kept.read_bytes())  # noqa: S301 - written below, in --work
            else:
                waiting[part] = pool.submit(_collect, part, data, work)
        for part, job in waiting.items():
            found[part] = job.result()
            _file(work, part).write_bytes(pickle.dumps(found[part]))
            print(f"collected {part}: {len(found[part])} rows", file=sys.stderr, flush=True)
    return found


async def corpus_named(name: str, data: Path, vectors: Vectors) -> tuple[Corpus, list[dict[str, Any]]]:
    """Give a corpus and those of its articles that have words."""
    rows = read_rows(data / name / "articles.jsonl")
    corpus = await corpus_of(rows, vectors)
    held = set(corpus.ids)
    return corpus, [row for row in rows if row["id"] in held]


def _file(work: Path, part: str) -> Path:
    digest = hashlib.sha256()
    for pattern in _CODE:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return work / f"rows-{part.replace(' ', '-')}-{digest.hexdigest()[:12]}.pkl"


def _collect(part: str, data: Path, work: Path) -> list[Example]:
    return asyncio.run(_opened(part, data, work))


async def _opened(part: str, data: Path, work: Path) -> list[Example]:
    embedding = Embedding(EmbeddingSettings(), work / "models")
    vectors = Vectors(work / f"vectors-{part.replace(' ', '-')}.pkl", embedding)
    vectors.load(also=work / "vectors.pkl")
    try:
        return await _rows(part, data, vectors)
    finally:
        vectors.save()
        await embedding.close()


async def _rows(part: str, data: Path, vectors: Vectors) -> list[Example]:
    if part == "forum":
        return await _forum(data, vectors)
    if part in MADE_OF:
        return await _titles(part, data, vectors)
    if part == "hint3":
        return await _hint3(data / part, vectors)
    if part == "sample":
        corpus = await corpus_of(sample_articles(), vectors)
        return await labelled(corpus, read_rows(SAMPLE / "questions.jsonl"), part)
    corpus, _ = await corpus_named(part, data, vectors)
    if part == "clinc_oos":
        questions = read_rows(data / part / "queries.jsonl")
        return await labelled(
            corpus, random.Random(part).sample(questions, min(MOST_ASKED, len(questions))), part
        )
    files = ("queries.jsonl", "queries_unanswerable_ablation.jsonl")
    return await labelled(corpus, [row for name in files for row in read_rows(data / part / name)], part)


async def _forum(data: Path, vectors: Vectors) -> list[Example]:
    chance = random.Random(7)
    corpus, _ = await corpus_named("sumo", data, vectors)
    known = set(corpus.ids)
    rows = read_rows(data / "sumo" / "queries_silver.jsonl")
    usable = [row for row in rows if row["gold_article_ids"] and known.issuperset(row["gold_article_ids"])]
    return [one for row in usable for one in await silver(corpus, row, chance)]


async def _titles(part: str, data: Path, vectors: Vectors) -> list[Example]:
    name, count = MADE_OF[part]
    chance = random.Random(part)
    corpus, rows = await corpus_named(name, data, vectors)
    splitter = PassageSplitter(vectors.embedding.count_tokens, vectors.embedding.model.max_tokens)
    chosen = chance.sample(rows, min(count, len(rows)))
    return [one for row in chosen for one in await made(corpus, row, vectors, splitter, chance)]


async def _hint3(folder: Path, vectors: Vectors) -> list[Example]:
    articles, questions = read_rows(folder / "articles.jsonl"), read_rows(folder / "queries.jsonl")
    found: list[Example] = []
    for shop in sorted({row["bot"] for row in articles}):
        corpus = await corpus_of([row for row in articles if row["bot"] == shop], vectors)
        found += await labelled(corpus, [row for row in questions if row["bot"] == shop], "hint3")
    return found


def sample_articles() -> Sequence[dict[str, Any]]:
    """Read the shipped sample as rows of `articles.jsonl`."""
    rows = []
    for path in sorted(SAMPLE.rglob("*.md")):
        post = frontmatter.load(str(path))
        tongue = next((part for part in path.parts if part in {"de", "fr"}), None)
        rows.append(
            {"id": post["id"], "title": post["title"], "body_markdown": post.content, "language": tongue}
        )
    return rows
