"""The paraphrase cache: what its guard serves on banking77's pairs, and what the whole bot serves on other wordings.

    python bench/guard.py [--data FOLDER] [--quick] [--json OUT]

FOLDER holds `pairs_banking77`, `clinc_oos` and `wixqa`. The curve is cross-validated as in `train_guard.py`:
each pair is scored by a regression that has seen neither its questions nor its intents. In the second part questions
are asked of the real bot with an empty cache, over wixqa's articles and over the sample help centre, then other
wordings of them, written for this project and tied to the questions by their ids: `same` ask the same, `other` are
near misses. Where a question tells a story, what is asked first is a short one in our words (`asked`).
`guard_unseen.jsonl` was written before it was measured and changed nothing, `guard_fresh.jsonl` was so once and has
taught a few rules since, `guard_paraphrases.jsonl` taught them from the first. --quick leaves the
cross-validation out and measures the shipped numbers, which have seen the pairs, and asks only the sample.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from desk import RESULTS, Rows, arguments, quiet_logs
from grounding_vectors import Vectors
from guard_rows import Row, banking, tabled
from sets import SAMPLE, desk_over
from train_guard import cross_validated, passed, scores, tables_of, threshold

from knowledge.models import CacheStatus, Question
from knowledge.paraphrase.guard import load_guard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from guard_rows import Table

    from bot.app import App
    from knowledge.models import Answer

HERE = Path(__file__).resolve().parent
WORDINGS = {
    "unseen": HERE / "guard_unseen.jsonl",
    "fresh": HERE / "guard_fresh.jsonl",
    "seen": HERE / "guard_paraphrases.jsonl",
}
ALLOWED = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
PUBLIC = frozenset({"public"})
MOST_WRONG = 0.01
LEAST_USEFUL = 0.4


async def curve(data: Path, vectors: Vectors, rows: Rows, *, quick: bool) -> None:
    """Add what is served of the same questions at each share of near misses, and the working point."""
    tables = [await tabled(banking(data), vectors)] if quick else await tables_of(data, vectors)
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
        ruled_cosines = np.where(table.ruled_out, -np.inf, cosines)
        for name, score in (("guard", found), ("cosine and rules", ruled_cosines), ("cosine alone", cosines)):
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


async def end_to_end(name: str, data: Path | None, vectors: Vectors, rows: Rows) -> None:
    """Ask the whole bot over a set, first what has fresh wordings, then what has those seen."""
    questions = _questions(name, data)
    async with desk_over(name, data) as app:
        if app is None:
            rows.add(f"{name}: the set is not at hand", "skipped")
            return
        cache = app.settings.cache.model_copy(update={"paraphrases": True})
        app.settings = app.settings.model_copy(update={"cache": cache})
        for kind, file in WORDINGS.items():
            listed = list(map(json.loads, file.read_text(encoding="utf-8").splitlines()))
            wordings = [
                row | {"asked": row.get("asked") or questions[row["id"]]}
                for row in listed
                if row["id"] in questions or row.get("set") == name
            ]
            if wordings:
                await _add_alone(rows, f"{name}, {kind}", wordings, vectors)
                _add_told(rows, f"{name}, {kind}", await _asked(app, wordings), len(wordings))


def _questions(name: str, data: Path | None) -> dict[str, str]:
    folder = SAMPLE if name == "sample" else data and data / name
    file = folder and folder / ("questions.jsonl" if name == "sample" else "queries.jsonl")
    if not file or not file.exists():
        return {}
    return {
        row["id"]: row["question"] for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())
    }


async def _add_alone(rows: Rows, name: str, wordings: Sequence[dict[str, Any]], vectors: Vectors) -> None:
    """Add what the guard would serve if today's evidence had no say."""
    pairs = [
        Row(row["asked"], text, kind == "same", (row["id"], row["id"]))
        for row in wordings
        for kind in ("same", "other")
        for text in row[kind]
    ]
    table, guard = await tabled(pairs, vectors), load_guard()
    useful, wrong = passed(scores(guard.model, table), table.same, guard.least)
    rows.add(f"{name}: the guard alone, without the evidence", f"{useful:.1%} of the same, {wrong:.2%}")


async def _asked(app: App, wordings: Sequence[dict[str, Any]]) -> Told:
    answers, persona, told = await app.cached_answers(), app.personas.default, Told()
    await (await app.answer_cache()).clear()
    answered: set[str] = set()
    for row in wordings:
        answer = await answers.answer(Question(row["asked"], PUBLIC), persona)
        told.count("questions among each other", answer)
        if answer.cache is CacheStatus.PARAPHRASE:
            told.wrong.append(f"{row['id']} got another's answer")
        elif answer.verdict.value == "answered":
            answered.add(row["id"])
    for row in wordings:
        for kind in ("same", "other"):
            for place, text in enumerate(row[kind]):
                answer = await answers.answer(Question(text, PUBLIC), persona)
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
    async with Vectors(RESULTS / "work" / "guard") as vectors:
        if options.data is None or not (options.data / "pairs_banking77").exists():
            rows.add("the guard's curve needs --data with pairs_banking77 and clinc_oos", "skipped")
        else:
            await curve(options.data, vectors, rows, quick=options.quick)
        for name in ("sample",) if options.quick else ("sample", "wixqa"):
            await end_to_end(name, options.data, vectors, rows)
    rows.write(options.json)


if __name__ == "__main__":
    asyncio.run(main())
