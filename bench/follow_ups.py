"""Follow-ups over the sample help centre: are they found as well as the same questions asked in full?

    python bench/follow_ups.py [--json FILE] [--misses]

Reads knowledge/samples/help_centre/follow_ups.jsonl: 60 conversations of two and three turns, a third of which change
the topic. Each follow-up is searched three ways: as the rules of bot/follow_ups.py complete it from the turns before
it, as somebody wrote it out in full, and as it was said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import frontmatter

from bot.follow_ups import standalone
from config.settings import EmbeddingSettings, RetrievalSettings
from knowledge.answering.evidence import EvidencePipeline
from knowledge.answering.gate import EvidenceGate, load_gate
from knowledge.database import Database
from knowledge.embedding.engine import Embedding
from knowledge.evaluation.metrics import mean, recall_at
from knowledge.index import ArticleIndex
from knowledge.library import ArticleLibrary
from knowledge.models import Article, Question, revision_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(__file__).resolve().parent.parent / "knowledge" / "samples" / "help_centre"
PUBLIC = frozenset({"public"})
TARGET = 0.9
WAYS = ("searched", "standalone", "said")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A later turn of a conversation, in three wordings; `kind`: the topic is carried on, or changed."""

    kind: str
    said: str
    standalone: str
    searched: str
    gold: frozenset[str]


def follow_ups() -> Iterator[FollowUp]:
    """Give every later turn; each builds on the turns before it as they were searched."""
    for line in (SAMPLE / "follow_ups.jsonl").read_text(encoding="utf-8").splitlines():
        talk: dict[str, Any] = json.loads(line)
        searched = [talk["first"]]
        for number, turn in enumerate(talk["turns"]):
            searched.append(standalone(turn["said"], searched))
            changed = talk["kind"] == "changed" and number == len(talk["turns"]) - 1
            kind = "changed" if changed else "carried"
            gold = frozenset(turn["gold_article_ids"])
            yield FollowUp(kind, turn["said"], turn["standalone"], searched[-1], gold)


def articles() -> Iterator[Article]:
    """Give the sample's articles, all of them public."""
    for path in sorted(SAMPLE.rglob("*.md")):
        post = frontmatter.load(str(path))
        tongue = next((part for part in path.parts if part in {"de", "fr"}), None)
        yield Article(
            "s",
            str(post["id"]),
            str(post["title"]),
            post.content,
            revision_of(post.content),
            PUBLIC,
            language=tongue,
        )


async def recalls(turns: list[FollowUp], folder: Path) -> list[dict[str, float]]:
    """Give R@5 of each turn, in each of its wordings."""
    embedding = Embedding(EmbeddingSettings(), folder / "models")
    async with Database(Database.url_for("", folder)) as database:
        await database.upgrade("knowledge:migrations", "knowledge_version")
        library = ArticleLibrary(database, lambda: datetime(2026, 11, 1, tzinfo=UTC))
        index = ArticleIndex(folder / "index", embedding)
        await index.open()
        for article in articles():
            await library.put(article)
        await index.reconcile(library)
        gate = EvidenceGate(load_gate(), 0.5, 0.3)
        evidence = EvidencePipeline(index, embedding, library, gate, RetrievalSettings())
        found = [{way: await _recall(evidence, getattr(turn, way), turn) for way in WAYS} for turn in turns]
        await index.close()
    await embedding.close()
    return found


async def _recall(evidence: EvidencePipeline, text: str, turn: FollowUp) -> float:
    ranked = await evidence.ranked_articles(Question(text, PUBLIC))
    held = [scored.passage.article.id for scored in ranked]
    return float(recall_at(held, turn.gold, 5) > 0)


def table(turns: list[FollowUp], found: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Turn the recalls into rows: a follow-up counts where one of its articles is among the first five."""
    rows = []
    for kind in ("carried", "changed"):
        of_kind = [row for turn, row in zip(turns, found, strict=True) if turn.kind == kind]
        shares = {way: mean([row[way] for row in of_kind]) for way in WAYS}
        ratio = shares["searched"] / shares["standalone"]
        rows.append(
            {
                "measure": f"follow-ups, topic {kind} ({len(of_kind)}): R@5 ÷ that of the questions in full",
                "value": f"{ratio:.3f} ({shares['searched']:.3f} / {shares['standalone']:.3f})",
                "target": f"≥ {TARGET}",
                "met": ratio >= TARGET,
            }
        )
        rows.append({"measure": f"  as said ({kind}): R@5", "value": f"{shares['said']:.3f}"})
    changed = [turn for turn in turns if turn.kind == "changed"]
    dragged = [turn for turn in changed if len(turn.searched) > len(turn.said) + 1]
    rows.append(
        {"measure": "  changed topics that drag old words in", "value": f"{len(dragged)} of {len(changed)}"}
    )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="not used: the conversations are those of the sample")
    parser.add_argument("--quick", action="store_true", help="no difference: it takes seconds")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--misses", action="store_true", help="print each follow-up that was not found")
    options = parser.parse_args()
    turns = list(follow_ups())
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as folder:
        found = asyncio.run(recalls(turns, Path(folder)))
    rows = table(turns, found)
    for row in rows:
        print(f"{row['measure']:80} {row['value']} {row.get('target', '')}")
    if options.misses:
        for turn, row in zip(turns, found, strict=True):
            if row["searched"] < 1.0 or (turn.kind == "changed" and turn.searched != turn.said):
                print(turn.kind, row, turn.said, "->", turn.searched, "|", turn.standalone, sorted(turn.gold))
    if options.json:
        options.json.write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
