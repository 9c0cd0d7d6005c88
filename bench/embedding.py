"""Embedding in bulk: passages a second against a bare SentenceTransformer.encode on the same passages.

    python bench/embedding.py [--articles FILE.jsonl] [--passages 300] [--repeats 3] [--json FILE] [--quick]

The bare run is what a user would write: the model loaded once, the passages sorted by length, batches of 32, fp32,
in a process of its own, niced as ours is, or a busy machine would decide. Ours is `Embedding.embed_passages` with its
child. Both are measured with the start of their process (imports, model) and without it, in turns, and the rows give
medians and their ratio. A run's CPU seconds are given too: on a machine that others use they say more than the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from desk import Rows, article_file, quiet_logs

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding

LEAST_RATIO = 0.95
LEAST_COSINE = 0.999
_PASSAGE_CHARACTERS = 900
_BARE = """
import json, os, sys, time
os.environ["HF_HUB_OFFLINE"] = "1"
os.nice(10)
import numpy as np
from sentence_transformers import SentenceTransformer
texts = json.load(open(sys.argv[2]))
order = sorted(range(len(texts)), key=lambda index: len(texts[index]), reverse=True)
model = SentenceTransformer(sys.argv[1], device="cpu")
model.encode(["warm up"])
began = time.perf_counter()
vectors = model.encode([texts[index] for index in order], batch_size=32, normalize_embeddings=True)
seconds = time.perf_counter() - began
out = np.empty_like(vectors)
out[order] = vectors
np.save(sys.argv[3], out)
print(json.dumps({"seconds": seconds}))
"""


@dataclass
class Run:
    """One run over all passages."""

    whole: float  # seconds with the start of the process
    bare: float  # seconds from its first work to its last
    cpu: float  # CPU seconds with the start
    vectors: np.ndarray


def passages_of(articles: Path, count: int) -> list[str]:
    """Cut articles into passages of a search index's usual size, and take some at random."""
    passages = []
    for line in articles.read_text(encoding="utf-8").splitlines():
        article = json.loads(line)
        passage = article["title"]
        for paragraph in article["body_markdown"].split("\n\n"):
            if len(passage) + len(paragraph) > _PASSAGE_CHARACTERS:
                passages.append(passage)
                passage = article["title"]
            passage += "\n\n" + paragraph
        passages.append(passage)
    rng = random.Random(7)
    return rng.sample(passages, min(count, len(passages)))


def run_bare(model: Path, texts: list[str], folder: Path) -> Run:
    """Embed with nothing but sentence-transformers."""
    (folder / "texts.json").write_text(json.dumps(texts))
    target = folder / "bare.npy"
    cpu, began = _cpu_of_children(), time.perf_counter()
    command = [sys.executable, "-c", _BARE, str(model), str(folder / "texts.json"), str(target)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    whole = time.perf_counter() - began
    return Run(whole, json.loads(out)["seconds"], _cpu_of_children() - cpu, np.load(target))


async def run_ours(embedding: Embedding, texts: list[str]) -> Run:
    """Embed as the first sync does."""
    vectors = np.empty((len(texts), embedding.model.dimensions), dtype=np.float32)
    done = 0
    first = 0.0
    rows_before = 0
    cpu, began = _cpu_of_children(), time.perf_counter()
    async for batch in embedding.embed_passages(texts):
        vectors[batch.indices] = batch.vectors
        done += len(batch.indices)
        if not first:
            first, rows_before = time.perf_counter(), done
    whole = time.perf_counter() - began
    # From the first batch on, scaled to all: what the child does before it is its start.
    bare = (time.perf_counter() - first) * done / max(1, done - rows_before)
    return Run(whole, bare, _cpu_of_children() - cpu, vectors)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def measure(texts: list[str], repeats: int, models_dir: Path) -> Rows:
    """Run both in turns and compare."""
    embedding = Embedding(EmbeddingSettings(), models_dir)
    began = time.perf_counter()
    await embedding.start()
    rows = Rows()
    rows.add("export of the model, once, s", round(time.perf_counter() - began, 1))
    bare: list[Run] = []
    ours: list[Run] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            ours.append(await run_ours(embedding, texts))
            bare.append(await asyncio.to_thread(run_bare, embedding.model.path, texts, Path(folder)))
    await embedding.close()
    compare(rows, len(texts), bare, ours)
    return rows


def compare(rows: Rows, count: int, bare: list[Run], ours: list[Run]) -> None:
    """Add the figures: medians of the runs, and of the ratios of neighbouring runs."""
    rows.add("passages", count)
    for name, attribute in (("", "bare"), (" with start-up", "whole"), (" a CPU second", "cpu")):
        seconds = [[getattr(run, attribute) for run in runs] for runs in (bare, ours)]
        ratio = statistics.median(theirs / mine for theirs, mine in zip(*seconds, strict=True))
        for who, values in zip(("sentence-transformers", "ours"), seconds, strict=True):
            rows.add(f"passages/s{name}, {who}", round(count / statistics.median(values), 1))
        target = f">= {LEAST_RATIO}" if attribute == "bare" else ""
        met = ratio >= LEAST_RATIO if target else None
        rows.add(f"passages/s{name}, ratio", round(ratio, 2), target, met=met)
    cosine = float((bare[-1].vectors * ours[-1].vectors).sum(axis=1).min())
    rows.add(
        "least cosine to sentence-transformers",
        round(cosine, 6),
        f">= {LEAST_COSINE}",
        met=cosine >= LEAST_COSINE,
    )


def show(rows: Rows) -> None:
    """Print the table."""
    for row in rows.rows:
        print(f"{row['measure']:<48} {row['value']!s:>10}  {row['target']}")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the rows here too")
    parser.add_argument("--data", type=Path, help="folder with question sets (sumo/)")
    parser.add_argument("--articles", type=Path, help="a JSONL file of articles")
    parser.add_argument("--passages", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--models", type=Path, help="where the exported model is kept (else a temporary folder)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer passages and repeats")
    options = parser.parse_args()
    if options.quick:
        options.passages, options.repeats = min(options.passages, 120), 1
    quiet_logs()
    with tempfile.TemporaryDirectory() as folder:
        articles = options.articles or article_file(options.data, Path(folder), quick=options.quick)
        texts = passages_of(articles, options.passages)
        rows = asyncio.run(measure(texts, options.repeats, options.models or Path(folder) / "models"))
    show(rows)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(rows.rows, indent=2))


if __name__ == "__main__":
    main()
