"""Trains the evidence gate and writes knowledge/answering/gate.toml: plain numbers, never a pickle.

    python bench/train_gate.py --sumo FOLDER --hint3 FOLDER [--work FOLDER] [--write]

FOLDER holds `articles.jsonl` and question sets in the format of `helpdesk-bot eval`. Trained on sumo's silver
questions and on hint3; reported on sumo's reviewed questions, which training never sees:

- a positive is a question whose article is among the first three that retrieval finds;
- a negative is the same question with its article and the six nearest taken out of the index;
- both again in a random sixty articles, the size of a small help centre; they count half, as many of these
  positives are hard to tell from negatives for a person too;
- both with the question's title alone, since people in a chat are brief;
- hint3's messages in and out of a shop's scope.

Each family counts the same. scikit-learn comes with sentence-transformers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import textwrap
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from config.settings import EmbeddingSettings
from knowledge.answering.features import gate_features
from knowledge.answering.gate import GateModel
from knowledge.answering.words import clip
from knowledge.database import Database
from knowledge.embedding.engine import Embedding
from knowledge.evaluation.metrics import auroc
from knowledge.index import ArticleIndex
from knowledge.library import ArticleLibrary
from knowledge.models import Article, SyncPlan, revision_of
from knowledge.stores.fusion import BALANCED
from knowledge.stores.query import plan_query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

USED = (
    "dense_first",
    "margin",
    "lift",
    "covered_lead",
    "covered_top",
    "agreement",
    "same_article",
    "missing_names",
    "missing_platform",
    "length",
)
SHIPPED = Path(__file__).resolve().parent.parent / "knowledge" / "answering" / "gate.toml"
SMALL = 60
NEAREST = 6


@dataclass(frozen=True, slots=True)
class Example:
    """A question's features, and whether the passages that they describe answer it."""

    family: str
    features: dict[str, float]
    answers: bool


class Retrieval:
    """An index of one set, asked with some of its articles taken out."""

    def __init__(self, index: ArticleIndex, embedding: Embedding) -> None:
        self._index = index
        self._embedding = embedding
        self.ids = frozenset(ref.id for ref in index.known())

    async def ask(
        self, question: str, exclude: frozenset[str] = frozenset()
    ) -> tuple[dict[str, float], list[str]]:
        """Give the gate's features and the ids of the articles found, best first."""
        text = clip(question)
        vectors = await self._embedding.embed_questions(plan_query(text).texts)
        found = await self._index.search(vectors, text, audience=None, exclude=exclude, top_k=8)
        return gate_features(text, found), list(dict.fromkeys(s.passage.article.id for s in found))


@asynccontextmanager
async def retrieval(
    articles: list[dict[str, Any]], work: Path, embedding: Embedding
) -> AsyncIterator[Retrieval]:
    """Index articles in a folder of `work`; the second time nothing is embedded."""
    folder = work / revision_of([entry["id"] for entry in articles])
    async with Database(Database.url_for("", folder)) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
        library = ArticleLibrary(database, lambda: datetime.now(UTC))
        await library.apply(SyncPlan("set", added=tuple(map(article, articles))), None)
        index = ArticleIndex(folder / "index", embedding)
        await index.open()
        await index.reconcile(library)
        yield Retrieval(index, embedding)
        await index.close()


def article(row: dict[str, Any]) -> Article:
    """Read a row of `articles.jsonl`."""
    title, body = row["title"], row["body_markdown"]
    return Article("set", row["id"], title, body, revision_of(title, body), frozenset({"public"}))


def rows(path: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


async def silver(asked: Retrieval, questions: list[dict[str, Any]]) -> list[Example]:
    """Make examples of questions with their article, without it, and in a small help centre."""
    chance = random.Random(7)
    examples: list[Example] = []
    for row in questions:
        gold = frozenset(row["gold_article_ids"])
        title = row.get("title") or row["question"].split("\n")[0]
        for kind, text in (("long", row["question"]), ("short", title)) if gold else ():
            features, found = await asked.ask(text)
            good = bool(gold & set(found[:3]))
            if good:
                examples.append(Example(kind, features, answers=True))
            features, _ = await asked.ask(text, gold | set(found[:NEAREST]))
            examples.append(Example(kind, features, answers=False))
            others = set(chance.sample(sorted(asked.ids - gold), SMALL))
            features, _ = await asked.ask(text, asked.ids - others)
            examples.append(Example(f"small {kind}", features, answers=False))
            if good:
                features, found = await asked.ask(text, asked.ids - others - gold)
                if gold & set(found[:2]):
                    examples.append(Example(f"small {kind}", features, answers=True))
    return examples


async def labelled(asked: Retrieval, questions: list[dict[str, Any]], family: str) -> list[Example]:
    """Make examples of labelled questions; an answerable one whose article was not found is left out."""
    examples: list[Example] = []
    for row in questions:
        features, found = await asked.ask(row["question"], frozenset(row.get("exclude_article_ids", ())))
        answerable = row["kind"] == "answerable"
        if not answerable or set(row["gold_article_ids"]) & set(found[:3]):
            examples.append(Example(family, features, answerable))
    return examples


def fit(examples: list[Example]) -> GateModel:
    """Fit a logistic regression; families and their two classes count the same, small help centres half."""
    counts = Counter((example.family, example.answers) for example in examples)
    weights = np.array(
        [(0.5 if e.family.startswith("small") else 1.0) / counts[e.family, e.answers] for e in examples]
    )
    values = np.array([[example.features[name] for name in USED] for example in examples])
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=0.3, max_iter=3000)
    labels = [example.answers for example in examples]
    model.fit((values - mean) / scale, labels, sample_weight=weights / weights.mean())
    return GateModel(
        bias=float(model.intercept_[0]),
        weight=dict(zip(USED, map(float, model.coef_[0]), strict=True)),
        mean=dict(zip(USED, map(float, mean), strict=True)),
        scale=dict(zip(USED, map(float, scale), strict=True)),
    )


def report(model: GateModel, name: str, examples: list[Example]) -> str:
    """Say how well the gate tells the two apart, and what its usual thresholds let through."""
    scores = [model.probability(example.features) for example in examples]
    labels = [example.answers for example in examples]
    parts = [f"{name}: n {len(examples)}, AUROC {auroc(scores, labels) or float('nan'):.3f}"]
    for threshold in (0.5, 0.3):
        for label, word in ((True, "answerable"), (False, "unanswerable")):
            over = [
                score >= threshold for score, is_true in zip(scores, labels, strict=True) if is_true is label
            ]
            parts.append(f"{word} >= {threshold}: {sum(over) / max(len(over), 1):.2f}")
    return ", ".join(parts)


def as_toml(model: GateModel, lines: list[str]) -> str:
    """Write the model with a word on where it comes from."""
    head = [
        "# The evidence gate's numbers (knowledge/answering/gate.py says what they mean).",
        "# Made by bench/train_gate.py on questions from Mozilla's support forum (silver labels) and on messages",
        "# to two shops (HINT3); only these weights are kept, no text. Measured when they were made:",
        *textwrap.wrap("; ".join(lines), 100, initial_indent="#   ", subsequent_indent="#   "),
        "",
        f"bias = {model.bias:.5f}",
        "",
        "[fusion]  # how retrieval fused its scores then; with another fusion the gate has to be trained again",
        *(f"{name} = {value}" for name, value in asdict(BALANCED).items()),
    ]
    for name in USED:
        head += [
            "",
            f"[features.{name}]",
            f"weight = {model.weight[name]:.5f}",
            f"mean = {model.mean[name]:.5f}",
            f"scale = {model.scale[name]:.5f}",
        ]
    return "\n".join(head) + "\n"


async def main() -> None:
    """Collect, fit, report and perhaps write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sumo", type=Path, required=True)
    parser.add_argument("--hint3", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "train-gate")
    parser.add_argument("--write", action="store_true", help="replace knowledge/answering/gate.toml")
    options = parser.parse_args()
    embedding = Embedding(EmbeddingSettings(), options.work / "models")
    training: list[Example] = []
    async with retrieval(rows(options.sumo / "articles.jsonl"), options.work, embedding) as asked:
        training += await silver(asked, rows(options.sumo / "queries_silver.jsonl"))
        reviewed = rows(options.sumo / "queries.jsonl") + rows(
            options.sumo / "queries_unanswerable_ablation.jsonl"
        )
        held_out = await labelled(asked, reviewed, "sumo")
    articles, questions = rows(options.hint3 / "articles.jsonl"), rows(options.hint3 / "queries.jsonl")
    for shop in sorted({row["bot"] for row in articles}):
        own = [row for row in articles if row["bot"] == shop]
        async with retrieval(own, options.work, embedding) as asked:
            training += await labelled(asked, [row for row in questions if row["bot"] == shop], "hint3")
    await embedding.close()
    model = fit(training)
    lines = [
        report(model, family, [example for example in training if example.family == family])
        for family in sorted({example.family for example in training})
    ]
    lines.append(report(model, "held out: sumo's reviewed questions and ablation", held_out))
    print("\n".join(lines))
    if options.write:
        SHIPPED.write_text(as_toml(model, [lines[-1]]), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
