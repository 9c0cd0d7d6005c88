"""Law 4, no evidence, no answer: how often another thing or the opposite is answered, and a paraphrase declined.

    python bench/law4.py [--json FILE]

Asks the table of tests/knowledge/answering/law4.toml over its desks of one to eighty articles. `seen` questions were
looked at while the gate's features were made, `unseen` ones were written after and changed nothing, `fresh` ones later
still, before the rule of kinds (`gate_kinds.py`) was made by whoever wrote them; the targets are those of the test.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from desk import RESULTS, Rows, arguments, quiet_logs

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the tests' table and desks

from tests.knowledge.answering.test_law4 import Desks, outcomes

if TYPE_CHECKING:
    from collections import Counter

LET_THROUGH = {"seen": 0.08, "unseen": 0.15, "fresh": 0.15}
DECLINED = {"seen": 0.25, "unseen": 0.20, "fresh": 0.35}


async def measure(rows: Rows) -> None:
    """Ask both parts of the table."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as folder:
        embedding = Embedding(EmbeddingSettings(), RESULTS / "models")
        desks = Desks(Path(folder), embedding, lambda: datetime(2026, 3, 4, tzinfo=UTC))
        for part, most in LET_THROUGH.items():
            counted = await outcomes(desks, part)
            wrong = counted["other"] + counted["opposite"]
            add(
                rows,
                f"{part}: another thing or the opposite, answered",
                wrong,
                ("answered",),
                most,
            )
            away = ("unanswered", "wrong")
            add(
                rows,
                f"{part}: paraphrases declined, or answered by another article",
                counted["paraphrase"],
                away,
                DECLINED[part],
            )
        await desks.close()


def add(rows: Rows, name: str, counted: Counter[str], outcomes_of: tuple[str, ...], most: float) -> None:
    """Add the share of some outcomes with its greatest value."""
    share = sum(counted[outcome] for outcome in outcomes_of) / counted.total()
    rows.add(f"{name} ({counted.total()})", f"{share:.1%}", f"≤ {most:.0%}", met=share <= most)


def main() -> None:
    """Measure."""
    options = arguments(__doc__)
    quiet_logs()
    RESULTS.mkdir(exist_ok=True)
    rows = Rows()
    asyncio.run(measure(rows))
    rows.write(options.json)


if __name__ == "__main__":
    main()
