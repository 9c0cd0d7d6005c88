"""Makes the numbers of knowledge/answering/grounding/support.toml, and says how good they are on questions not seen.

    python bench/train_grounding.py --data FOLDER [--work FOLDER] [--write]

A logistic regression on the features of knowledge/answering/grounding/support.py, trained on claims with an expert's
verdict (`grounded_expertqa`, MIT). The AUROC is cross-validated: ten folds by question, so that no claim is scored by
numbers that have seen its question; the mean of three ways to draw the folds. The shipped numbers are of all claims.
`--work` keeps the vectors for the next run.
"""

from __future__ import annotations

import argparse
import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from grounding_rows import evidence, rows
from grounding_vectors import Vectors
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from knowledge.answering.grounding.facts import bare
from knowledge.answering.grounding.support import FEATURES, STRETCH, nearness, stretches, word_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHIPPED = Path(__file__).resolve().parent.parent / "knowledge/answering/grounding/support.toml"
STRENGTH = 0.05
"""Inverse of the regularisation; chosen once, AUROC moves by 0.002 between 0.003 and 0.1."""
FOLDS, DRAWS = 10, 3
KEPT = 0.01
"""Share of supported claims that lie under the threshold, out of fold."""
MEASURED = (*FEATURES, "asked", "aimed")
SETS = {
    "words": ("covered", "window", "pairs", "run", "length", "held"),
    "cosines": ("said", "asked", "aimed"),
    "both": (*FEATURES, "asked", "aimed"),
    "said": ("said",),
    "shipped": FEATURES,
}


async def claim_features(vectors: Vectors, claims: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Give the features of each claim, shape (claims, features), as the Grounder reads them."""
    texts: list[str] = []
    for row in claims:
        texts += [bare(row["claim"])[:STRETCH], row["question"][:STRETCH], *stretches(evidence(row))]
    known = await vectors.of(texts)
    found = []
    for row in claims:
        text, source = bare(row["claim"]), evidence(row)
        parts = [known[part] for part in stretches(source)]
        near = nearness(known[text[:STRETCH]], parts, known[row["question"][:STRETCH]])
        features = word_features(text, source) | near
        found.append([features[name] for name in MEASURED])
    return np.array(found)


def model() -> Any:
    """Give a new regression on standardised features."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=3000))


def out_of_fold(
    values: NDArray[np.float64], labels: NDArray[np.bool_], questions: list[str]
) -> tuple[float, NDArray[np.float64]]:
    """Give the cross-validated AUROC, mean of several draws of folds, and the probabilities of the last draw."""
    names = sorted(set(questions))
    scores, folds = [], np.zeros(len(labels))
    for draw in range(DRAWS):
        order = dict(zip(names, np.random.default_rng(draw).permutation(len(names)), strict=True))
        folds = cross_val_predict(
            model(),
            values,
            labels,
            groups=[int(order[question]) for question in questions],
            cv=GroupKFold(FOLDS),
            method="predict_proba",
        )[:, 1]
        scores.append(roc_auc_score(labels, folds))
    return float(np.mean(scores)), folds


def interval(
    labels: NDArray[np.bool_], scores: NDArray[np.float64], questions: list[str]
) -> tuple[float, float]:
    """Give the 95 % interval of the AUROC, by bootstrap over the questions."""
    generator = np.random.default_rng(1)
    names, at = np.unique(questions, return_inverse=True)
    members = [np.flatnonzero(at == index) for index in range(len(names))]
    draws = []
    for _ in range(300):
        chosen = np.concatenate([members[i] for i in generator.integers(0, len(names), len(names))])
        draws.append(roc_auc_score(labels[chosen], scores[chosen]))
    low, high = np.quantile(draws, (0.025, 0.975))
    return float(low), float(high)


def ceiling(labels: NDArray[np.bool_], questions: list[str]) -> float:
    """Give the AUROC of knowing only how the same expert judged the other claims of the question."""
    at = np.unique(questions, return_inverse=True)[1]
    count, good = np.bincount(at)[at], np.bincount(at, weights=labels)[at]
    others = (good - labels + labels.mean()) / count
    return float(roc_auc_score(labels, others))


def as_toml(fitted: Any, threshold: float, auroc: float) -> str:
    """Write the model as plain numbers."""
    scaler, regression = fitted[0], fitted[1]
    head = (
        "# How likely an expert calls a sentence supported (support.py), as plain numbers.\n"
        "# Made by bench/train_grounding.py --write on ExpertQA claims (MIT); no text is kept.\n"
        f"# Cross-validated AUROC {auroc:.3f}. Below the threshold lies one in a hundred supported claims.\n"
        f"bias = {regression.intercept_[0]:.5f}\nthreshold = {threshold:.4f}\n"
    )
    parts = [
        f"\n[{title}]\n"
        + "".join(f"{name} = {value:.5f}\n" for name, value in zip(FEATURES, numbers, strict=True))
        for title, numbers in (
            ("weight", regression.coef_[0]),
            ("mean", scaler.mean_),
            ("scale", scaler.scale_),
        )
    ]
    return head + "".join(parts)


async def train(data: Path, work: Path | None, *, write: bool) -> None:
    """Measure, print, and write the numbers if asked to."""
    claims = rows(data / "grounded_expertqa/examples.jsonl")
    async with Vectors(work) as vectors:
        values = await claim_features(vectors, claims)
    labels = np.array([row["grounded"] for row in claims])
    questions = [row["question"] for row in claims]
    for title, names in SETS.items():
        chosen = values[:, [MEASURED.index(name) for name in names]]
        auroc, folds = out_of_fold(chosen, labels, questions)
        low, high = interval(labels, folds, questions)
        print(f"{title:8} AUROC {auroc:.3f} [{low:.3f}, {high:.3f}], cross-validated")
    threshold = math.floor(1e4 * float(np.quantile(folds[labels], KEPT))) / 1e4
    below = float((folds[~labels] < threshold).mean())
    print(f"threshold {threshold}: {KEPT:.0%} of supported claims below, {below:.1%} of the others")
    print(f"knowing only the verdicts on the question's other claims: {ceiling(labels, questions):.3f}")
    if write:
        SHIPPED.write_text(as_toml(model().fit(chosen, labels), threshold, auroc), encoding="utf-8")


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="keep vectors and the exported model here")
    parser.add_argument("--write", action="store_true", help="ship the numbers")
    options = parser.parse_args()
    asyncio.run(train(options.data, options.work, write=options.write))


if __name__ == "__main__":
    main()
