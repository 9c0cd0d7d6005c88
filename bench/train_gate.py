"""Trains the evidence gate and writes knowledge/answering/gate.toml: plain numbers, never a pickle.

    python bench/train_gate.py --data FOLDER [--work FOLDER] [--write]

FOLDER holds `sumo`, `wixqa` and `hint3`, each with `articles.jsonl` and question sets in the format of
`helpdesk-bot eval`. Trained on sumo's silver questions and on rows made of the articles' titles; cross-validated by
question; reported on sumo's reviewed questions, their ablation, hint3 and the shipped sample, which training never
sees. Rows and vectors are kept in --work, so that a second run takes a minute or two. A row is made so:

- a positive is a question whose article is among the first three that retrieval finds;
- a negative is the same question with its article and the six nearest taken out;
- both in help centres of sixty articles and of five, two and one;
- titles as brief questions, with their article (its title hidden) and without, with a word changed for one that means
  the same, and for one of another thing.

Stories (a question of more than a sentence or two) and brief questions have a regression each. In each, families and
their two classes count the same; then brief questions are held to be answerable in three cases of five, as people ask
what a help centre is for. scikit-learn comes with sentence-transformers.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import textwrap
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from train_gate_collect import HELD_OUT, TRAINING, collected, corpus_named
from train_gate_report import measured, reliability_of
from train_gate_rows import Corpus, Example, Vectors, example

from config.settings import EmbeddingSettings
from knowledge.answering.gate import GateModel, Logistic, load_gate
from knowledge.answering.gate_calibration import MOST_QUESTIONS, Separation
from knowledge.embedding.engine import Embedding
from knowledge.stores.fusion import BALANCED

if TYPE_CHECKING:
    from collections.abc import Sequence

BRIEF = (
    "dense_first", "lift", "margin", "missing_names", "missing_platform", "title_gap", "title_held", "topic_gap",
    "topic_held", "topic_lead", "topic_rarest", "topic_telling", "topic_title", "topic_unknown", "topic_whole",
    "topic_words", "topic_worst",
)  # fmt: skip
STORY = (
    "agreement", "articles", "covered_lead", "covered_top", "dense_first", "length", "lift", "margin",
    "missing_names", "missing_platform", "same_article", "score_first", "title_held", "topic_held", "topic_title",
)  # fmt: skip
SHIPPED = Path(__file__).resolve().parent.parent / "knowledge" / "answering" / "gate.toml"
FOLDS = 5
STRENGTH = 0.1
ANSWERABLE = np.log(0.62 / 0.38)
"""Log odds of a brief question being answerable, taken for granted and not learnt."""


def is_story(row: Example) -> bool:
    """Whether a row trains the regression of stories."""
    return row.family.endswith("story")


def fit(examples: Sequence[Example], names: Sequence[str], prior: float) -> Logistic:
    """Fit a logistic regression."""
    labels = np.array([bool(example.answers) for example in examples])
    weights = _weights(examples, labels)
    values = np.array([[example.features[name] for name in names] for example in examples])
    mean, scale = values.mean(axis=0), values.std(axis=0)
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=STRENGTH, max_iter=3000)
    model.fit((values - mean) / scale, labels, sample_weight=weights)
    return Logistic(
        bias=float(model.intercept_[0] + prior),
        weight=dict(zip(names, map(float, model.coef_[0]), strict=True)),
        mean=dict(zip(names, map(float, mean), strict=True)),
        scale=dict(zip(names, map(float, scale), strict=True)),
    )


def _weights(examples: Sequence[Example], labels: np.ndarray) -> np.ndarray:
    """Weigh families: whole help centres most, swapped words half; both classes the same."""
    counts = Counter((example.family, example.answers) for example in examples)
    weights = np.array([_of_family(e.family) / counts[e.family, e.answers] for e in examples])
    for label in (True, False):
        weights[labels == label] /= weights[labels == label].sum()
    weights /= weights.mean()
    return weights


def _of_family(family: str) -> float:
    if "swapped" in family:
        return 0.5
    return 2.0 if family.startswith("full") else 1.0


def fit_both(examples: Sequence[Example]) -> GateModel:
    """Fit both regressions."""
    stories = [example for example in examples if is_story(example)]
    brief = [example for example in examples if not is_story(example)]
    return GateModel(fit(brief, BRIEF, float(ANSWERABLE)), fit(stories, STORY, 0.0))


def cross_validated(examples: Sequence[Example]) -> list[str]:
    """Judge each row by a model that has not seen its question, and measure family by family."""
    groups = [example.group for example in examples]
    logits = np.zeros(len(examples))
    for seen, unseen in GroupKFold(FOLDS).split(groups, groups=groups):
        model = fit_both([examples[index] for index in seen])
        for index in unseen:
            part = model.story if is_story(examples[index]) else model.brief
            logits[index] = part.logit(examples[index].features)
    lines = []
    for family in sorted({row.family for row in examples}):
        chosen = [index for index, row in enumerate(examples) if row.family == family]
        labels = [bool(examples[index].answers) for index in chosen]
        if len(set(labels)) > 1:
            lines.append(f"cross-validated {family}: {measured(logits[chosen], labels)}")
    return lines


async def separation_of(corpus: Corpus, rows: Sequence[dict[str, str]], model: GateModel) -> Separation:
    """Ask titles with their articles and without, as the bot does on its own desk."""
    odds: dict[bool, list[float]] = {True: [], False: []}
    for row in random.Random(0).sample(list(rows), min(MOST_QUESTIONS, len(rows))):
        for present, exclude in ((True, ()), (False, (row["id"],))):
            found = await corpus.ask(row["title"], exclude=exclude)
            made_of = example("desk", row["id"], row["title"], found, answers=present)
            odds[present].append(model.logit(made_of.features))
    return Separation(tuple(odds[True]), tuple(odds[False]))


def as_toml(model: GateModel, lines: Sequence[str]) -> str:
    """Write the model with a word on where it comes from."""
    head = [
        "# The evidence gate's numbers (knowledge/answering/gate.py says what they mean).",
        "# Made by bench/train_gate.py of questions from Mozilla's support forum (silver labels) and of titles of",
        "# help articles; only these weights are kept, no text. Measured on rows that were not trained on:",
        *(wrapped for line in lines for wrapped in _commented(line)),
        "",
        f"usual_middle = {model.usual_middle:.3f}  # log odds half way between titles asked with and without articles",
        "",
        "[fusion]  # how retrieval fused its scores then; with another fusion the gate has to be trained again",
        *(f"{name} = {value}" for name, value in asdict(BALANCED).items()),
    ]
    for part, logistic in (("brief", model.brief), ("story", model.story)):
        head += ["", f"[{part}]", f"bias = {logistic.bias:.5f}"]
        for name, weight in logistic.weight.items():
            head += [
                "",
                f"[{part}.features.{name}]",
                f"weight = {weight:.5f}",
                f"mean = {logistic.mean[name]:.5f}",
                f"scale = {logistic.scale[name]:.5f}",
            ]
    return "\n".join(head) + "\n"


def _commented(line: str) -> list[str]:
    return textwrap.wrap(line, 112, initial_indent="# - ", subsequent_indent="#   ")


async def main() -> None:
    """Collect, fit, report and perhaps write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "train-gate")
    parser.add_argument("--write", action="store_true", help="replace knowledge/answering/gate.toml")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    rows = await asyncio.to_thread(collected, options.data, options.work)
    training = [row for part in TRAINING for row in rows[part]]
    held_out = {part: rows[part] for part in HELD_OUT}
    model = fit_both(training)
    middles = await _middles(model, options.data, options.work)
    model = GateModel(model.brief, model.story, float(np.mean(middles)))
    lines = _lines(model, held_out)
    shipped = [f"shipped numbers, {line}" for line in _lines(load_gate(), held_out)]
    print("\n".join([*cross_validated(training), f"desks' middles: {middles}", *lines, *shipped]))
    for name in HELD_OUT:
        print(f"reliability on {name}:", reliability_of(model, rows[name]), sep="\n")
    if options.write:
        SHIPPED.write_text(as_toml(model, lines), encoding="utf-8")


async def _middles(model: GateModel, data: Path, work: Path) -> list[float]:
    embedding = Embedding(EmbeddingSettings(), work / "models")
    vectors = Vectors(work / "vectors-desks.pkl", embedding)
    vectors.load(also=work / "vectors.pkl")
    found = []
    for name in ("sumo", "wixqa"):
        corpus, rows = await corpus_named(name, data, vectors)
        found.append((await separation_of(corpus, rows, model)).middle)
    vectors.save()
    await embedding.close()
    return found


def _lines(model: GateModel, held_out: dict[str, list[Example]]) -> list[str]:
    lines = []
    for name, rows in held_out.items():
        counted = [row for row in rows if row.answers is not None]
        logits = np.array([model.logit(row.features) for row in counted])
        lines.append(f"{name}: {measured(logits, [bool(row.answers) for row in counted])}")
    return lines


if __name__ == "__main__":
    asyncio.run(main())
