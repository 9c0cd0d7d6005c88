"""Grounding: does a check of single sentences tell supported from unsupported, and see what was changed in true ones?

    python bench/grounding.py --data FOLDER [--quick] [--work FOLDER] [--misses]

AUROC is of claims with an expert's verdict (`grounded_expertqa`), cross-validated: folds by question, so that no claim
is scored by numbers that have seen its question (bench/train_grounding.py ships the numbers). Mutations are made of
sentences that are true: articles' own (`wixqa`, of the articles that its questions need) and claims that experts call
supported. Each text is embedded once; `--work` keeps the vectors. `--misses` prints what came through.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from grounding_rows import Stated, article_sentences, mutations, rows, supported_claims
from grounding_vectors import Vectors
from train_grounding import claim_features, interval, out_of_fold

from knowledge.answering.grounding.facts import bare, missing_fact
from knowledge.answering.grounding.grounder import Grounder, source_text
from knowledge.answering.grounding.meaning import opposed
from knowledge.answering.grounding.support import FEATURES, STRETCH, stretches
from knowledge.models import ArticleRef, Passage

AUROC_TARGET, CAUGHT_TARGET, DROPPED_TARGET = 0.75, 0.95, 0.05
NAMED = ("number", "negation", "product", "url", "menu", "condition")
"""The kinds that the target is about; the others are reported beside them."""


@dataclass(slots=True)
class Tally:
    """What became of true sentences, by origin, and of what was made of them, by origin and kind."""

    dropped: dict[str, list[str]] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)
    seen: dict[tuple[str, str], list[bool]] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)


def passage(source: str) -> Passage:
    """Wrap a source as a passage."""
    return Passage("x", ArticleRef("x", "x"), "1", 0, "", (), source, frozenset({"public"}))


class Checker:
    """The Grounder over many sentences, all that it embeds embedded beforehand in batches."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    async def faults(self, pairs: list[tuple[str, Stated]]) -> list[str | None]:
        """Give the fault of each text against the source of the sentence that it was made of."""
        sources = [source_text([passage(stated.source)]) for _, stated in pairs]
        found = [
            missing_fact(text, source) or opposed(text, source, f"{stated.question}\n")
            for (text, stated), source in zip(pairs, sources, strict=True)
        ]
        open_ = [index for index, fault in enumerate(found) if fault is None]
        texts: list[str] = []
        for index in open_:
            text, stated = pairs[index]
            texts += [bare(text)[:STRETCH], *stretches(sources[index])]
        known = await self._vectors.of([text for text in texts if text.strip()])
        for index in open_:
            text, stated = pairs[index]
            grounder = Grounder(self._vectors.embedding, stated.question, vectors=known)
            found[index] = await grounder.fault(text, [passage(stated.source)])
        return found


async def tally(checker: Checker, drawn: list[Stated], chance: random.Random) -> Tally:
    """Hold true sentences and what is made of them against the source, and count."""
    counts = Tally()
    kept: list[Stated] = []
    for stated, fault in zip(drawn, await checker.faults([(s.text, s) for s in drawn]), strict=True):
        counts.drawn[stated.origin] = counts.drawn.get(stated.origin, 0) + 1
        if fault is None:
            kept.append(stated)
        else:
            counts.dropped.setdefault(stated.origin, []).append(f"{fault[:90]} | {stated.text[:120]}")
    # What is dropped anyway cannot be changed unseen.
    made = [(kind, text, stated) for stated in kept for kind, text in mutations(stated.text, chance).items()]
    faults = await checker.faults([(text, stated) for _, text, stated in made])
    for (kind, text, stated), fault in zip(made, faults, strict=True):
        counts.seen.setdefault((stated.origin, kind), []).append(fault is not None)
        if fault is None:
            counts.misses.append(f"{stated.origin}: {kind}: {text[:200]}")
    return counts


def share_row(name: str, hits: int, of: int, target: float, *, least: bool) -> dict[str, Any]:
    """Give a row with a share and its target."""
    share = hits / max(of, 1)
    met = share >= target if least else share <= target
    return {
        "measure": f"{name} ({of})",
        "value": f"{share:.1%}",
        "target": f"{'>=' if least else '<='} {target:.0%}",
        "met": met,
    }


def summary(counts: Tally) -> list[dict[str, Any]]:
    """Turn the counts into rows."""
    out: list[dict[str, Any]] = []
    dropped = {origin: len(counts.dropped.get(origin, ())) for origin in counts.drawn}
    lines = [("true sentences dropped", sum(dropped.values()), sum(counts.drawn.values()))]
    lines += [(f"  {origin}: true dropped", dropped[origin], of) for origin, of in counts.drawn.items()]
    out += [share_row(name, hits, of, DROPPED_TARGET, least=False) for name, hits, of in lines]
    facts = [r for reasons in counts.dropped.values() for r in reasons if "not in the cited passages" in r]
    out.append({"measure": "  of them for a fact or a negation that the excerpt lacks", "value": len(facts)})
    for origin in (None, *counts.drawn):
        hits = [
            hit
            for (where, kind), flags in counts.seen.items()
            if kind in NAMED and origin in {None, where}
            for hit in flags
        ]
        name = "mutations caught" if origin is None else f"  {origin}: mutations caught"
        out.append(share_row(name, sum(hits), len(hits), CAUGHT_TARGET, least=True))
    out += [
        {"measure": f"  {origin}: {kind} ({len(hits)})", "value": f"{sum(hits) / len(hits):.1%}"}
        for (origin, kind), hits in sorted(counts.seen.items())
    ]
    return out


async def measure(data: Path, work: Path | None, *, quick: bool, misses: bool) -> list[dict[str, Any]]:
    """Give the rows of the table."""
    chance = random.Random(20260304)
    claims = rows(data / "grounded_expertqa/examples.jsonl")
    claims = claims[::8] if quick else claims
    most = 40 if quick else 200
    stated = [
        sentence
        for every in (supported_claims(data), article_sentences(data))
        for sentence in chance.sample(every, min(most, len(every)))
    ]
    async with Vectors(work) as vectors:
        values = await claim_features(vectors, claims)
        counts = await tally(Checker(vectors), stated, chance)
    labels = np.array([row["grounded"] for row in claims])
    questions = [row["question"] for row in claims]
    auroc, folds = out_of_fold(values[:, : len(FEATURES)], labels, questions)
    low, high = interval(labels, folds, questions)
    if misses:
        print(*[f"dropped: {r}" for rs in counts.dropped.values() for r in rs], *counts.misses, sep="\n")
    first = {
        "measure": f"support: AUROC of {len(claims)} claims, cross-validated [{low:.3f}, {high:.3f}]",
        "value": round(auroc, 3),
        "target": f">= {AUROC_TARGET}",
        "met": auroc >= AUROC_TARGET,
    }
    return [first, *summary(counts)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--work", type=Path, help="keep vectors and the exported model here")
    parser.add_argument("--misses", action="store_true", help="print what was dropped and what came through")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.data is None or not (options.data / "grounded_expertqa").exists():
        out = [{"measure": "grounding needs --data with grounded_expertqa and wixqa", "value": "skipped"}]
    else:
        out = asyncio.run(measure(options.data, options.work, quick=options.quick, misses=options.misses))
    for row in out:
        print(f"{row['measure']:70} {row['value']} {row.get('target', '')}")
    if options.json:
        options.json.write_text(json.dumps(out))


if __name__ == "__main__":
    main()
