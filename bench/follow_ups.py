"""Follow-ups: are they found as well as the same questions asked in full?

    python bench/follow_ups.py [--data FOLDER] [--json FILE] [--misses]

Two sets of conversations of two and three turns, a third of which change the topic:

- sample: knowledge/samples/help_centre/follow_ups.jsonl, over the shipped help centre;
- sets: bench/follow_ups_sets.jsonl. The first turn is a question that a real person asked (named by its id in
  `--data`, sumo and wixqa); the later turns were written by hand beside the articles that answer them.

Each later turn is searched three ways: as the rules of bot/follow_ups.py complete it from the turns before it, as
somebody wrote it out in full, and as it was said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sets import SAMPLE, SETS, desk_over

from bot.conversation import LONGEST
from bot.follow_ups import standalone
from knowledge.evaluation.metrics import mean, recall_at
from knowledge.models import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from knowledge.answering.evidence import EvidencePipeline

WRITTEN = Path(__file__).resolve().parent / "follow_ups_sets.jsonl"
PUBLIC = frozenset({"public"})
TARGET = 0.9
WAYS = ("searched", "standalone", "said")
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A later turn of a conversation, in three wordings; `kind`: the topic is carried on, or changed."""

    talk: str
    kind: str
    said: str
    standalone: str
    searched: str
    gold: frozenset[str]


def read(path: Path) -> list[dict[str, Any]]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def talks(name: str, data: Path | None) -> list[dict[str, Any]]:
    """Give the conversations over a set, each with its first turn in words."""
    if name == "sample":
        return read(SAMPLE / "follow_ups.jsonl")
    assert data is not None
    asked = {row["id"]: row["question"] for row in read(data / name / "queries.jsonl")}
    return [{**talk, "first": asked[talk["first"]]} for talk in read(WRITTEN) if talk["set"] == name]


def follow_ups(conversations: Iterable[dict[str, Any]]) -> Iterator[FollowUp]:
    """Give every later turn; each builds on the turns before it as they were searched, and are remembered."""
    for talk in conversations:
        searched = [talk["first"].strip()[:LONGEST]]
        for number, turn in enumerate(talk["turns"]):
            searched.append(standalone(turn["said"], searched)[:LONGEST])
            changed = talk["kind"] == "changed" and number == len(talk["turns"]) - 1
            kind = "changed" if changed else "carried"
            gold = frozenset(turn["gold_article_ids"])
            yield FollowUp(talk["id"], kind, turn["said"], turn["standalone"], searched[-1], gold)


async def recalls(evidence: EvidencePipeline, turns: list[FollowUp]) -> list[dict[str, float]]:
    """Give whether an article of each turn is among the first five, in each of its wordings."""
    return [{way: await _found(evidence, getattr(turn, way), turn.gold) for way in WAYS} for turn in turns]


async def _found(evidence: EvidencePipeline, text: str, gold: frozenset[str]) -> float:
    ranked = await evidence.ranked_articles(Question(text, PUBLIC))
    return float(recall_at([scored.passage.article.id for scored in ranked], gold, 5) > 0)


def interval(turns: list[FollowUp], found: list[dict[str, float]]) -> tuple[float, float]:
    """Give the 95 % interval of the ratio by bootstrap over the conversations."""
    names = sorted({turn.talk for turn in turns})
    sums = {name: np.zeros(2) for name in names}
    for turn, row in zip(turns, found, strict=True):
        sums[turn.talk] += (row["searched"], row["standalone"])
    table = np.array([sums[name] for name in names])
    draws = np.random.default_rng(7).integers(0, len(names), (DRAWS, len(names)))
    totals = table[draws].sum(axis=1)
    low, high = np.quantile(totals[:, 0] / np.maximum(totals[:, 1], 1), (0.025, 0.975))
    return float(low), float(high)


def table(label: str, turns: list[FollowUp], found: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Turn the recalls into rows: a follow-up counts where one of its articles is among the first five."""
    pairs = list(zip(turns, found, strict=True))
    rows = []
    for kind in ("all", "carried", "changed"):
        chosen = [(turn, row) for turn, row in pairs if kind in {"all", turn.kind}]
        shares = {way: mean([row[way] for _, row in chosen]) for way in WAYS}
        ratio = shares["searched"] / shares["standalone"]
        low, high = interval([turn for turn, _ in chosen], [row for _, row in chosen])
        rows.append(
            {
                "measure": f"{label}, {kind} ({len(chosen)}): R@5 of follow-ups ÷ of the questions in full",
                "value": f"{ratio:.3f} ({shares['searched']:.3f} / {shares['standalone']:.3f})",
                "interval": [round(low, 3), round(high, 3)],
                "target": f"≥ {TARGET}",
                "met": ratio >= TARGET,
            }
        )
        rows.append({"measure": f"  {kind}, as said: R@5", "value": f"{shares['said']:.3f}"})
    changed = [turn for turn in turns if turn.kind == "changed"]
    dragged = [turn for turn in changed if len(turn.searched) > len(turn.said) + 1]
    rows.append(
        {"measure": "  changed topics that drag old words in", "value": f"{len(dragged)} of {len(changed)}"}
    )
    return rows


async def measure(data: Path | None, *, misses: bool) -> list[dict[str, Any]]:
    """Measure the sample, and the sets where they are at hand."""
    rows: list[dict[str, Any]] = []
    gathered: tuple[list[FollowUp], list[dict[str, float]]] = ([], [])
    for name in ("sample", *SETS):
        async with desk_over(name, data) as app:
            if app is None:
                continue
            turns = list(follow_ups(talks(name, data)))
            found = await recalls(await app.evidence(), turns)
        if misses:
            show_misses(turns, found)
        if name == "sample":
            rows += table("sample", turns, found)
        else:
            gathered[0].extend(turns)
            gathered[1].extend(found)
    if gathered[0]:
        rows += table("real first questions", *gathered)
    else:
        rows.append({"measure": "real first questions: sumo and wixqa are not at hand", "value": "skipped"})
    return rows


def show_misses(turns: list[FollowUp], found: list[dict[str, float]]) -> None:
    """Print each follow-up that was not found though its long form was, or that dragged old words in."""
    for turn, row in zip(turns, found, strict=True):
        if row["searched"] < row["standalone"] or (turn.kind == "changed" and turn.searched != turn.said):
            print(turn.talk, turn.kind, row, "|", turn.said, "->", turn.searched, "|", turn.standalone)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with question sets (sumo/, wixqa/)")
    parser.add_argument("--quick", action="store_true", help="the sample alone")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--misses", action="store_true", help="print each follow-up that was not found")
    options = parser.parse_args()
    rows = asyncio.run(measure(None if options.quick else options.data, misses=options.misses))
    for row in rows:
        print(f"{row['measure']:78} {row['value']} {row.get('interval', '')} {row.get('target', '')}")
    if options.json:
        options.json.write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
