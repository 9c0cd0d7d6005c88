"""The gate on whole desks, before and after it measured the desk by its own headings; some minutes, nothing is trained.

    python bench/gate_desks.py --data FOLDER [--json OUT] [--work FOLDER]

Each set is a desk of its own: the shipped sample, each shop of hint3, wixqa, sumo, clinc_oos (1,200 of its questions),
and wixqa's articles in two halves, where a question whose article is in the other half has no answer. wixqa as a whole
is asked with the articles that answer and without. Right is a question whose article is among the first three found.
The desk's measure sees its articles alone, never its questions (`knowledge/answering/gate_calibration.py`). What is
judged are the model's probabilities; the rules on top (`EvidenceGate`) only ever hold back more.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from desk import Rows, quiet_logs
from train_gate_collect import MOST_ASKED, SAMPLE, sample_articles
from train_gate_report import declined_at
from train_gate_rows import Corpus, Vectors, corpus_of, found_ids, read_rows

from config.settings import EmbeddingSettings
from knowledge.answering.features import gate_features
from knowledge.answering.gate import load_gate
from knowledge.answering.gate_calibration import FEWEST, MOST_QUESTIONS, Separation, offset_of, questions_of
from knowledge.answering.gate_words import load_word_vectors
from knowledge.embedding.engine import Embedding
from knowledge.evaluation.metrics import auroc, calibration_error, reliability

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from knowledge.answering.gate import GateModel

WITHIN = 3
ANSWERED, UNSURE = 0.5, 0.3
"""The shipped thresholds."""
Row = dict[str, Any]
Asked = tuple[str, list[str], Collection[str]]
"""A question, the articles that answer it, and those that are taken out for it."""


def desks(data: Path | None) -> Iterator[tuple[str, Sequence[Row], list[Asked]]]:
    """Give name, articles and questions of each desk whose set is at hand."""
    yield "sample", sample_articles(), [_asked(row) for row in read_rows(SAMPLE / "questions.jsonl")]
    if data is None:
        return
    if (data / "hint3").is_dir():
        articles, questions = (read_rows(data / "hint3" / f"{n}.jsonl") for n in ("articles", "queries"))
        for shop in sorted({row["bot"] for row in articles}):
            own = [_asked(row) for row in questions if row["bot"] == shop]
            yield f"hint3 {shop}", [row for row in articles if row["bot"] == shop], own
    if (data / "wixqa").is_dir():
        yield from _wixqa(data / "wixqa")
    for name, files in (("sumo", ("queries", "queries_unanswerable_ablation")), ("clinc_oos", ("queries",))):
        if (data / name).is_dir():
            questions = [row for file in files for row in read_rows(data / name / f"{file}.jsonl")]
            chosen = random.Random(name).sample(questions, min(MOST_ASKED, len(questions)))
            yield name, read_rows(data / name / "articles.jsonl"), [_asked(row) for row in chosen]


def _wixqa(folder: Path) -> Iterator[tuple[str, Sequence[Row], list[Asked]]]:
    articles, questions = read_rows(folder / "articles.jsonl"), read_rows(folder / "queries.jsonl")
    without: list[Asked] = [(row["question"], [], row["gold_article_ids"]) for row in questions]
    yield "wixqa", articles, [_asked(row) for row in questions] + without
    half = set(random.Random(5).sample([row["id"] for row in articles], len(articles) // 2))
    for number, inside in enumerate((True, False)):
        kept = [row for row in articles if (row["id"] in half) is inside]
        ids = {row["id"] for row in kept}
        asked: list[Asked] = [
            (q["question"], sorted(ids & set(q["gold_article_ids"])), ()) for q in questions
        ]
        yield f"wixqa, half {number + 1}", kept, asked


def _asked(row: Row) -> Asked:
    gold = row["gold_article_ids"] if row["kind"] == "answerable" else []
    return row["question"], gold, row.get("exclude_article_ids", ())


async def log_odds(
    corpus: Corpus, model: GateModel, question: str, exclude: Collection[str]
) -> tuple[float, list[str]]:
    """Give the gate's log odds and the articles found, best first."""
    found = await corpus.ask(question, exclude=exclude)
    features = gate_features(question, found, load_word_vectors()) if found else {}
    return model.logit(features), found_ids(found)


async def offset_for(corpus: Corpus, model: GateModel) -> float:
    """Measure the desk as the bot does."""
    if len(corpus.ids) < FEWEST:
        return 0.0
    odds: dict[bool, list[float]] = {True: [], False: []}
    for name in random.Random(0).sample(corpus.ids, min(MOST_QUESTIONS, len(corpus.ids))):
        heading = questions_of(corpus.passages_of(name))
        if heading is not None:
            for present, exclude in ((True, ()), (False, (name,))):
                odds[present].append((await log_odds(corpus, model, heading.text, exclude))[0])
    return offset_of(Separation(tuple(odds[True]), tuple(odds[False])), model.usual_middle)


async def add_desk(rows: Rows, name: str, corpus: Corpus, asked: Sequence[Asked], model: GateModel) -> None:
    """Ask everything and add the figures before and after."""
    offset = await offset_for(corpus, model)
    odds, right = [], []
    for question, gold, exclude in asked:
        logit, found = await log_odds(corpus, model, question, exclude)
        odds.append(logit)
        right.append(bool(set(gold) & set(found[:WITHIN])))
    logits, truths = np.array(odds), np.array(right)
    rows.add(f"{name}: articles, questions, right", f"{len(corpus.ids)}, {len(right)}, {truths.mean():.2f}")
    rows.add(f"{name}: AUROC, declined where 85 % are answered",
             f"{auroc(odds, right) or 0.0:.3f}, {declined_at(logits, truths):.2f}")  # fmt: skip
    rows.add(f"{name}: the desk's own shift of the log odds", f"{offset:+.1f}")
    for when, shift in (("before", 0.0), ("after", offset)):
        chances = 1.0 / (1.0 + np.exp(-(logits + shift)))
        error = calibration_error(reliability(chances.tolist(), right))
        passed = chances >= ANSWERED
        rows.add(f"{name}, {when}: calibration error, Brier score",
                 f"{error:.3f}, {float(((chances - truths) ** 2).mean()):.3f}")  # fmt: skip
        declined = chances < UNSURE
        shares = (passed.mean(), 1.0 - passed.mean() - declined.mean(), declined.mean())
        rows.add(f"{name}, {when}: answered, unsure, declined", ", ".join(f"{share:.2f}" for share in shares))
        rows.add(f"{name}, {when}: right of the answered, answered of the right",
                 f"{truths[passed].mean():.2f}, {passed[truths].mean():.2f}")  # fmt: skip


async def measure(rows: Rows, data: Path | None, work: Path) -> None:
    """Measure all desks."""
    embedding = Embedding(EmbeddingSettings(), work / "models")
    vectors = Vectors(work / "vectors-whole-desks.pkl", embedding)
    for kept in sorted(work.glob("vectors*.pkl")):
        vectors.load(also=kept)
    model = load_gate()
    for name, articles, asked in desks(data):
        await add_desk(rows, name, await corpus_of(articles, vectors), asked, model)
        vectors.save()
    await embedding.close()


def main() -> None:
    """Measure and hand over the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the rows here instead of printing them")
    parser.add_argument(
        "--data", type=Path, help="folder with question sets (sumo/, wixqa/, hint3/, clinc_oos/)"
    )
    parser.add_argument("--work", type=Path, help="keep vectors here, for a second run")
    options = parser.parse_args()
    quiet_logs()
    rows = Rows()
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as folder:
        work = options.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        asyncio.run(measure(rows, options.data, work))
    rows.write(options.json)


if __name__ == "__main__":
    main()
