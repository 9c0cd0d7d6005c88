"""Trains the paraphrase guard's regression and writes knowledge/paraphrase/guard.toml: plain numbers.

    python bench/train_guard.py --data FOLDER [--work FOLDER] [--write]

FOLDER holds `pairs_banking77` and `clinc_oos`. Trained on banking77's pairs, on pairs made of clinc_oos and on pairs
that templates make (`guard_made.py`); only weights are kept, no text. Figures are of cross-validation: banking77 in
five folds, no question and no pair of intents in training and test alike. A feature whose weight has the wrong sign
(one that would take a difference for a likeness) is left out. The least score is set on those folds, so that at most
ALLOWED of the near misses pass (and ALLOWED_TRAINED of clinc_oos's); then the regression is fitted to all rows.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from grounding_vectors import Vectors
from guard_rows import Table, banking, clinc, folds, tabled, templates
from sklearn.linear_model import LogisticRegression

from knowledge.answering.gate import Logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

LIKENESS = ("cosine", "held", "same_weight", "ends", "begins", "letters_sorted", "form_same")
"""Features that speak for the same question; all others speak against it."""
STRENGTH = 0.1
MADE_SHARE = 0.1
"""How much all pairs of clinc_oos weigh, and all of the templates, as a share of banking77's."""
TEMPLATES = 600
ALLOWED = 0.005
"""The share of banking77's near misses that may pass in cross-validation: half of what is aimed at."""
ALLOWED_TRAINED = 0.01
"""The share of clinc_oos's that may, which were trained on: other domains than money's have their say."""
SHIPPED = Path(__file__).resolve().parent.parent / "knowledge" / "paraphrase" / "guard.toml"


def fit(tables: Sequence[Table], chosen: np.ndarray) -> Logistic:
    """Fit to the `chosen` rows of the first table and to all of the others; rows that a rule decides teach nothing."""
    values = np.vstack([tables[0].values[chosen], *(table.values for table in tables[1:])])
    same = np.concatenate([tables[0].same[chosen], *(table.same for table in tables[1:])])
    weights = np.concatenate(
        [np.ones(len(chosen)), *(_shared(table, MADE_SHARE * len(chosen)) for table in tables[1:])]
    )
    open_ = ~np.concatenate([tables[0].ruled_out[chosen], *(table.ruled_out for table in tables[1:])])
    values, same, weights = values[open_], same[open_], weights[open_]
    names = np.array(tables[0].names)
    sign = np.where(np.isin(names, LIKENESS), 1, -1)
    columns = np.arange(len(names))
    while True:
        mean, scale = values[:, columns].mean(axis=0), values[:, columns].std(axis=0) + 1e-9
        model = LogisticRegression(C=STRENGTH, max_iter=3000)
        model.fit((values[:, columns] - mean) / scale, same, sample_weight=weights)
        right = model.coef_[0] * sign[columns] > 0
        if right.all():
            break
        columns = columns[right]
    kept = [str(name) for name in names[columns]]
    return Logistic(
        bias=float(model.intercept_[0]),
        weight=dict(zip(kept, map(float, model.coef_[0]), strict=True)),
        mean=dict(zip(kept, map(float, mean), strict=True)),
        scale=dict(zip(kept, map(float, scale), strict=True)),
    )


def _shared(table: Table, total: float) -> np.ndarray:
    counts = {label: (table.same == label).sum() for label in (True, False)}
    return np.array([total / 2 / counts[bool(label)] for label in table.same])


def scores(model: Logistic, table: Table, chosen: np.ndarray | None = None) -> np.ndarray:
    """Give the log odds of rows; minus infinity where a rule sees a difference."""
    rows = np.arange(len(table.rows)) if chosen is None else chosen
    found = [model.logit(dict(zip(table.names, table.values[row], strict=True))) for row in rows]
    return np.where(table.ruled_out[rows], -np.inf, found)


def cross_validated(tables: Sequence[Table]) -> np.ndarray:
    """Score each row of the first table by a model that has seen neither its questions nor its intents."""
    found = np.full(len(tables[0].rows), -np.inf)
    for train, test in folds(tables[0].rows):
        found[test] = scores(fit(tables, train), tables[0], test)
    return found


def threshold(found: np.ndarray, same: np.ndarray, allowed: float) -> float:
    """Give the score above which at most `allowed` of the near misses lie."""
    misses = np.sort(found[~same])[::-1]
    return float(misses[int(allowed * len(misses))])


def passed(found: np.ndarray, same: np.ndarray, least: float) -> tuple[float, float]:
    """Give the shares of the same and of the near misses that are served."""
    return float((found[same] > least).mean()), float((found[~same] > least).mean())


def as_toml(model: Logistic, least: float, lines: Sequence[str]) -> str:
    """Write the model with a word on where it comes from."""
    head = [
        "# The paraphrase guard's numbers (knowledge/paraphrase/guard.py says what they mean), made by",
        "# bench/train_guard.py of pairs of banking77 (CC BY 4.0) and clinc_oos (CC BY 3.0) and of templates; only",
        "# these weights are kept, no text.",
        *(f"# - {line}" for line in lines),
        "",
        f"least = {least:.4f}  # log odds of two questions that are taken for one",
        f"bias = {model.bias:.5f}",
    ]
    for name, weight in sorted(model.weight.items()):
        head += ["", f"[features.{name}]", f"weight = {weight:.5f}"]
        head += [f"mean = {model.mean[name]:.5f}", f"scale = {model.scale[name]:.5f}"]
    return "\n".join(head) + "\n"


async def tables_of(data: Path, vectors: Vectors) -> list[Table]:
    """Give banking77's rows, clinc_oos's and the templates'."""
    return [await tabled(rows, vectors) for rows in (banking(data), clinc(data), templates(TEMPLATES))]


async def main() -> None:
    """Fit, report and perhaps write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "train-guard")
    parser.add_argument("--write", action="store_true", help="replace knowledge/paraphrase/guard.toml")
    options = parser.parse_args()
    async with Vectors(options.work) as vectors:
        tables = await tables_of(options.data, vectors)
    found = cross_validated(tables)
    model = fit(tables, np.arange(len(tables[0].rows)))
    least = max(
        threshold(found, tables[0].same, ALLOWED),
        threshold(scores(model, tables[1]), tables[1].same, ALLOWED_TRAINED),
    )
    useful, wrong = passed(found, tables[0].same, least)
    lines = [f"banking77, cross-validated: {useful:.1%} of the same served, {wrong:.2%} of the near misses"]
    for name, table in zip(("clinc_oos", "templates"), tables[1:], strict=True):
        useful, wrong = passed(scores(model, table), table.same, least)
        lines.append(f"{name}, trained on: {useful:.1%} of the same served, {wrong:.2%} of the near misses")
    print("\n".join(lines))
    print({name: round(weight, 3) for name, weight in model.weight.items()})
    if options.write:
        SHIPPED.write_text(as_toml(model, least, lines), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
