"""The paraphrase cache: what its guard serves on banking77's pairs, and what the whole bot serves on wixqa and sumo.

    python bench/guard.py [--data FOLDER] [--quick] [--json OUT]

FOLDER holds `pairs_banking77`, `clinc_oos`, `wixqa` and `sumo`. The curve is cross-validated as in `train_guard.py`:
each pair is scored by a regression that has seen neither its questions nor its intents. In the second part the
questions of a set are asked of the real bot over the set's articles with an empty cache, then the wordings of
`guard_paraphrases.jsonl`, written for this project and tied to the questions by their ids: `same` ask the same,
`other` are near misses. --quick leaves the curve's cross-validation out and measures the shipped numbers, which
have seen the pairs, and asks only wixqa.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk import Rows, arguments, quiet_logs
from guard_rows import banking, tabled
from sets import desk_over
from train_guard import cross_validated, passed, scores, tables_of, threshold

from config.settings import EmbeddingSettings
from knowledge.embedding.engine import Embedding
from knowledge.models import CacheStatus, Question
from knowledge.paraphrase.guard import load_guard

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from guard_rows import Table

    from bot.app import App
    from knowledge.models import Answer

WORDINGS = Path(__file__).resolve().parent / "guard_paraphrases.jsonl"
ALLOWED = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
PUBLIC = frozenset({"public"})
MOST_WRONG = 0.01
LEAST_USEFUL = 0.4


async def curve(data: Path, rows: Rows, *, quick: bool) -> None:
    """Add what is served of the same questions at each share of near misses, and the working point."""
    with tempfile.TemporaryDirectory() as folder:
        embedding = Embedding(EmbeddingSettings(), Path(folder) / "models")
        tables = [await tabled(banking(data), embedding)] if quick else await tables_of(data, embedding)
        await embedding.close()
    table, guard = tables[0], load_guard()
    found = scores(guard.model, table) if quick else cross_validated(tables)
    how = "shipped numbers, which have seen the pairs" if quick else "cross-validated"
    least = guard.least if quick else threshold(found, table.same, 0.005)
    useful, wrong = passed(found, table.same, least)
    said = f"banking77 ({len(table.rows)} pairs), {how}"
    rows.add(f"{said}: near misses served", f"{wrong:.2%}", f"<= {MOST_WRONG:.0%}", met=wrong <= MOST_WRONG)
    rows.add(f"{said}: same served", f"{useful:.1%}", f">= {LEAST_USEFUL:.0%}", met=useful >= LEAST_USEFUL)
    _add_curve(rows, table, found)


def _add_curve(rows: Rows, table: Table, found: np.ndarray) -> None:
    cosines = table.values[:, table.names.index("cosine")]
    for allowed in ALLOWED:
        for name, score in (("guard", found), ("cosine alone", cosines)):
            useful, wrong = passed(score, table.same, threshold(score, table.same, allowed))
            rows.add(f"  {name}, near misses at most {allowed:.1%}", f"{useful:.1%} of the same, {wrong:.2%}")
    useful, wrong = passed(cosines, table.same, 0.9)
    rows.add("  cosine alone, from 0.90", f"{useful:.1%} of the same, {wrong:.2%}")
    ruled = table.ruled_out
    rows.add(
        "  a rule sees a difference",
        f"{ruled[table.same].mean():.1%} of the same, {ruled[~table.same].mean():.1%}",
    )


@dataclass
class Told:
    """What became of the askings of one set."""

    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def count(self, kind: str, answer: Answer) -> None:
        """Count an answer."""
        self.statuses.setdefault(kind, Counter())[answer.cache.value] += 1


async def end_to_end(name: str, data: Path, rows: Rows) -> None:
    """Ask the whole bot."""
    listed = (data / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    questions = {row["id"]: row["question"] for row in map(json.loads, listed)}
    wordings = [
        row
        for row in map(json.loads, WORDINGS.read_text(encoding="utf-8").splitlines())
        if row["id"] in questions
    ]
    async with desk_over(name, data) as app:
        if app is None:
            rows.add(f"{name}: the set is not at hand", "skipped")
            return
        cache = app.settings.cache.model_copy(update={"paraphrases": True})
        app.settings = app.settings.model_copy(update={"cache": cache})
        told = await _asked(app, questions, wordings)
    _add_told(rows, name, told, len(wordings))


async def _asked(app: App, questions: dict[str, str], wordings: Sequence[dict[str, Any]]) -> Told:
    answers, persona, told = await app.cached_answers(), app.personas.default, Told()
    await (await app.answer_cache()).clear()
    answered: set[str] = set()
    for number, text in questions.items():
        answer = await answers.answer(Question(text, PUBLIC), persona)
        told.count("other questions of the set", answer)
        if answer.cache is CacheStatus.PARAPHRASE:
            told.wrong.append(f"{number} got another's answer")
        elif answer.verdict.value == "answered":
            answered.add(number)
    for row in wordings:
        for kind in ("same", "other"):
            for place, text in enumerate(row[kind]):
                answer = await answers.answer(Question(text, PUBLIC), persona, use_cache=True)
                told.count(kind if row["id"] in answered else f"{kind}, original not answered", answer)
                if kind == "other" and answer.cache is CacheStatus.PARAPHRASE:
                    told.wrong.append(f"{row['id']} {kind} {place}")
                # What was asked is not to be what the next is found by.
                if answer.cache is CacheStatus.MISS:
                    await (await app.answer_cache()).drop(str(answer.trace["cache_key"]))
    return told


def _add_told(rows: Rows, name: str, told: Told, number: int) -> None:
    for kind, statuses in told.statuses.items():
        total, served = statuses.total(), statuses["paraphrase"]
        wanted = kind.startswith("same")
        rows.add(
            f"{name}: {kind} ({total}), served as a paraphrase",
            f"{served / total:.1%}",
            "" if wanted else f"<= {MOST_WRONG:.0%}",
            met=None if wanted else served <= MOST_WRONG * total,
        )
    rows.add(f"{name}: questions with wordings", number)
    rows.add(f"{name}: served wrongly", "; ".join(told.wrong) or "none")


async def main() -> None:
    """Measure."""
    options, rows = arguments(__doc__), Rows()
    quiet_logs()
    if options.data is None or not (options.data / "pairs_banking77").exists():
        rows.add("the guard needs --data with pairs_banking77 and clinc_oos", "skipped")
    else:
        await curve(options.data, rows, quick=options.quick)
        for name in ("wixqa",) if options.quick else ("wixqa", "sumo"):
            await end_to_end(name, options.data, rows)
    rows.write(options.json)


if __name__ == "__main__":
    asyncio.run(main())
