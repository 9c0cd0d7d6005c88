"""Grounding: does a check of single sentences tell supported from unsupported, and see what was changed in true ones?

    python bench/grounding.py --data FOLDER [--quick] [--write]

AUROC is of claims with an expert's verdict (`grounded_expertqa`), out of fold: five folds by question, so that no claim
is scored by numbers that have seen its question. Mutations are made of sentences that are true: the articles' own
(`wixqa`, of the articles that its questions need) and claims that experts call supported. `--write` fits the shipped
numbers (knowledge/answering/grounding/support.toml) anew, on all claims.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from config.settings import EmbeddingSettings
from knowledge.answering.blocks import units_of
from knowledge.answering.grounding.facts import bare, named
from knowledge.answering.grounding.grounder import Grounder
from knowledge.answering.grounding.support import FEATURES, word_features
from knowledge.embedding import block_torch
from knowledge.embedding.engine import Embedding
from knowledge.models import ArticleRef, Passage

block_torch()

SHIPPED = Path(__file__).resolve().parent.parent / "knowledge/answering/grounding/support.toml"
AUROC_TARGET, CAUGHT_TARGET, DROPPED_TARGET = 0.75, 0.95, 0.05
KEPT_WHEN_FITTED = 0.01
_AUXILIARY = re.compile(r"\b(can|is|are|will|must|should|does|may|has|have|was|were)\b(?! not)")
_IMPERATIVE = re.compile(
    r"^(?:\W*)(Click|Select|Open|Choose|Enter|Go|Tap|Press|Use|Add|Make|Check|Copy|Drag)\b"
)
_CONDITION = re.compile(
    r"(?:,?\s*\b(?:if|unless|except|as long as|provided that)\b[^,.;:]*)|\bonly\b", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<![\w.,\[])\d+(?![\w\]])")
PRODUCTS = ("Photoshop", "Zendesk", "Thunderbird", "Salesforce", "Dropbox", "Shopify")


@dataclass(frozen=True, slots=True)
class True_:  # noqa: N801 - true is a word of Python
    """A sentence that its source supports."""

    text: str
    source: str
    origin: str


def rows(path: Path) -> list[dict[str, Any]]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def passage(source: str) -> Passage:
    """Wrap a source as a passage."""
    return Passage("x", ArticleRef("x", "x"), "1", 0, "", (), source, frozenset({"public"}))


def mutations(text: str, chance: random.Random) -> dict[str, str]:
    """Change one thing of a sentence, in each way that it allows."""
    found: dict[str, str] = {}
    if numbers := list(_NUMBER.finditer(text)):
        match = chance.choice(numbers)
        found["number"] = (
            f"{text[: match.start()]}{int(match[0]) + chance.choice((3, 7, 11))}{text[match.end() :]}"
        )
    if auxiliary := _AUXILIARY.search(text):
        found["negation"] = f"{text[: auxiliary.end()]} not{text[auxiliary.end() :]}"
    elif imperative := _IMPERATIVE.match(text):
        found["negation"] = f"Do not {imperative[1].lower()}{text[imperative.end() :]}"
    if " not " in text:
        found["negation"] = text.replace(" not ", " ", 1)
    if names := [name for name in named(text) if name.isalpha() and len(name) > 3]:
        found["product"] = text.replace(chance.choice(names), chance.choice(PRODUCTS), 1)
    stem = text.rstrip(". ")
    found["url"] = f"{stem} at https://account-help.example/{chance.randint(10, 99)}."
    found["menu"] = f"{stem} under **Settings > Recovery > Advanced Options**."
    if condition := _CONDITION.search(text):
        rest = " ".join((text[: condition.start()] + text[condition.end() :]).split()).strip(" ,")
        if len(rest.split()) > 3:
            found["condition"] = rest
    return {kind: changed for kind, changed in found.items() if changed != text}


def true_sentences(data: Path, most: int, chance: random.Random) -> list[True_]:
    """Draw supported claims, and sentences of articles that people asked for."""
    claims = [
        True_(bare(row["claim"]), "\n".join(dict.fromkeys(row["evidence"])), "expertqa")
        for row in rows(data / "grounded_expertqa/examples.jsonl")
        if row["grounded"]
    ]
    articles = {row["id"]: row for row in rows(data / "wixqa/articles.jsonl")}
    wanted = {gold for row in rows(data / "wixqa/queries.jsonl") for gold in row["gold_article_ids"]}
    quoted: list[True_] = []
    for gold in sorted(wanted & articles.keys()):
        units = units_of(articles[gold]["body_markdown"])
        texts = [unit.text for unit in units]
        for index, unit in enumerate(units):
            if unit.kind == "sentence" and 5 <= len(unit.text.split()) <= 40:
                around = "\n".join(texts[max(0, index - 5) : index + 6])
                quoted.append(True_(unit.text, f"{articles[gold]['title']}\n{around}", "articles"))
    return [*chance.sample(claims, min(most, len(claims))), *chance.sample(quoted, min(most, len(quoted)))]


async def caught(embedding: Embedding, sentences: list[True_], chance: random.Random) -> list[dict[str, Any]]:
    """Hold true sentences and their mutations against the source, and count."""
    dropped: dict[str, list[bool]] = {}
    seen: dict[tuple[str, str], list[bool]] = {}
    reasons: list[str] = []
    for sentence in sentences:
        grounder = Grounder(embedding, "")
        source = [passage(sentence.source)]
        fault = await grounder.fault(sentence.text, source)
        dropped.setdefault(sentence.origin, []).append(fault is not None)
        if fault:
            reasons.append(f"{sentence.origin}: {fault[:90]}")
            continue  # it would not go out anyway: only what passes can be changed unseen
        for kind, changed in mutations(sentence.text, chance).items():
            hit = await grounder.fault(changed, source) is not None
            seen.setdefault((sentence.origin, kind), []).append(hit)
    return [{"dropped": dropped, "seen": seen, "reasons": reasons}]


async def claim_features(embedding: Embedding, claims: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Give the features of each claim, as the Grounder reads them."""
    found: list[dict[str, float]] = []
    for row in claims:
        source = "\n".join(dict.fromkeys(row["evidence"]))
        text = bare(row["claim"])
        grounder = Grounder(embedding, "")
        found.append(word_features(text, source) | await grounder.nearness(text, source))
    return found


def fit(values: Any, labels: Any) -> LogisticRegression:
    """Fit; values are standardised already."""
    return LogisticRegression(C=0.3, max_iter=3000).fit(values, labels)


def as_toml(model: LogisticRegression, mean: Any, scale: Any, threshold: float, auroc: float) -> str:
    """Write the model as plain numbers."""
    head = (
        "# How likely an expert calls a sentence supported (knowledge/answering/grounding/support.py): plain numbers.\n"
        "# Made by bench/grounding.py --write on ExpertQA claims (MIT); no text is kept.\n"
        f"# Out-of-fold AUROC {auroc:.3f}. Below the threshold lies one in a hundred supported claims.\n"
        f"bias = {model.intercept_[0]:.5f}\nthreshold = {threshold:.4f}\n"
    )
    parts = [
        f"\n[{title}]\n"
        + "".join(f"{name} = {value:.5f}\n" for name, value in zip(FEATURES, numbers, strict=True))
        for title, numbers in (("weight", model.coef_[0]), ("mean", mean), ("scale", scale))
    ]
    return head + "".join(parts)


async def measure(data: Path, *, quick: bool, write: bool) -> list[dict[str, Any]]:
    """Give the rows of the table."""
    chance = random.Random(20260304)
    claims = rows(data / "grounded_expertqa/examples.jsonl")
    claims = claims[::8] if quick else claims
    out: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        embedding = Embedding(EmbeddingSettings(), Path(folder) / "models")
        features = await claim_features(embedding, claims)
        values = np.array([[row[name] for name in FEATURES] for row in features])
        labels = np.array([row["grounded"] for row in claims])
        mean, scale = values.mean(axis=0), values.std(axis=0)
        folds = cross_val_predict(
            LogisticRegression(C=0.3, max_iter=3000),
            (values - mean) / scale,
            labels,
            groups=[row["question"] for row in claims],
            cv=GroupKFold(5),
            method="predict_proba",
        )[:, 1]
        auroc = float(roc_auc_score(labels, folds))
        draws = [roc_auc_score(labels[i], folds[i]) for i in _bootstrap(len(labels), 300)]
        low, high = np.quantile(draws, (0.025, 0.975))
        out.append(
            {
                "measure": f"support: AUROC of {len(claims)} claims, out of fold [{low:.3f}, {high:.3f}]",
                "value": round(auroc, 3),
                "target": f">= {AUROC_TARGET}",
                "met": auroc >= AUROC_TARGET,
            }
        )
        if write:
            threshold = float(np.quantile(folds[labels], KEPT_WHEN_FITTED))
            SHIPPED.write_text(as_toml(fit((values - mean) / scale, labels), mean, scale, threshold, auroc))
        (result,) = await caught(embedding, true_sentences(data, 40 if quick else 200, chance), chance)
        await embedding.close()
    return out + summary(result)


def _bootstrap(size: int, times: int) -> list[Any]:
    generator = np.random.default_rng(1)
    return [generator.integers(0, size, size) for _ in range(times)]


def summary(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Turn the counts into rows."""
    out: list[dict[str, Any]] = []
    for origin, flags in result["dropped"].items():
        share = sum(flags) / len(flags)
        out.append(
            {
                "measure": f"true sentences dropped, {origin} ({len(flags)})",
                "value": f"{share:.1%}",
                "target": f"<= {DROPPED_TARGET:.0%}",
                "met": share <= DROPPED_TARGET,
            }
        )
    everything = [hit for hits in result["seen"].values() for hit in hits]
    share = sum(everything) / max(len(everything), 1)
    out.append(
        {
            "measure": f"mutations caught, all ({len(everything)})",
            "value": f"{share:.1%}",
            "target": f">= {CAUGHT_TARGET:.0%}",
            "met": share >= CAUGHT_TARGET,
        }
    )
    out += [
        {"measure": f"  {origin}: {kind} ({len(hits)})", "value": f"{sum(hits) / len(hits):.1%}"}
        for (origin, kind), hits in sorted(result["seen"].items())
    ]
    absent = [r for r in result["reasons"] if r.startswith("expertqa") and "not in the cited passages" in r]
    out.append(
        {"measure": "  of the dropped claims: a fact does not stand in the excerpt", "value": len(absent)}
    )
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true", help="fit the shipped numbers anew")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.data is None or not (options.data / "grounded_expertqa").exists():
        out = [{"measure": "grounding needs --data with grounded_expertqa and wixqa", "value": "skipped"}]
    else:
        out = asyncio.run(measure(options.data, quick=options.quick, write=options.write))
    for row in out:
        print(f"{row['measure']:70} {row['value']} {row.get('target', '')}")
    if options.json:
        options.json.write_text(json.dumps(out))


if __name__ == "__main__":
    main()
