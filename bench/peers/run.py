"""helpdesk-bot against what you would pick instead: same machine, same run, same model, same passages.

    python bench/peers/run.py [--quick] [--only STEP …] [--peers NAME …] [--data FOLDER] [--write-docs]

Makes `.venv-peers` at first (the peers are no dependency of the product), runs every step with its sides interleaved,
each in a process of its own, writes bench/results/peers.json, the plot and the rows after each step, and prints the
table. A peer that cannot be installed, fails or hangs is a row that says so; Ctrl-C ends the run and leaves what was
measured. `--only` measures some steps anew and keeps the others' figures; `--write-docs` writes the table into
docs/benchmarks.md and the plot to docs/peers.svg, and with `--only` and no step does just that, of the kept figures.
"""

# ruff: noqa: E402 - the folder above holds what the bench parts share
from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from desk import Rows, quiet_logs
from desks import export_model, real_articles, share_models
from environment import HAIKU, VENV, prepare, python_of
from field import OURS, Context
from machine import machine
from plot import draw, sizes_of
from report import add_rows, write_docs
from steps import ABOUT, STEPS
from workers import Side

if TYPE_CHECKING:
    from collections.abc import Callable

RESULT = HERE.parent / "results" / "peers.json"
PLOT = RESULT.with_suffix(".svg")
SIDES = {
    "LangChain": [
        ("LangChain, in memory", "langchain_stores:memory"),
        ("LangChain, FAISS", "langchain_stores:faiss"),
    ],
    "LlamaIndex": [("LlamaIndex", "llama_index_store")],
    "Haystack": [("Haystack", "haystack_store")],
    "haiku.rag": [("haiku.rag", "haiku_store")],
}
CACHES = {
    "Redis": [
        ("LangChain RedisSemanticCache", "redis_caches:langchain"),
        ("RedisVL SemanticCache", "redis_caches:redisvl"),
    ],
    "GPTCache": [("GPTCache", "gptcache_cache")],
}


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the rows here instead of printing them")
    parser.add_argument(
        "--data", type=Path, help="folder with question sets (wixqa/, sumo/, pairs_banking77/)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer passages and rounds")
    parser.add_argument("--only", nargs="*", choices=tuple(STEPS), default=tuple(STEPS), help="these steps")
    parser.add_argument("--peers", nargs="+", choices=(*SIDES, *CACHES), default=(*SIDES, *CACHES))
    parser.add_argument("--sizes", nargs="+", type=int, help="passages to retrieve among")
    parser.add_argument("--rounds", type=int, help="how often each side takes its turn (5, quick 2)")
    parser.add_argument("--work", type=Path, help="keep desks and stores here from run to run")
    parser.add_argument("--install", action="store_true", help="make the peers' environments, and no more")
    parser.add_argument("--write-docs", action="store_true", help="write table and plot into docs/")
    return parser.parse_args()


def find_data(given: Path | None) -> Path | None:
    """Give the folder of question sets: as given, by BENCH_DATA, or beside the checkout; None without one."""
    beside = HERE.parents[2] / "shared" / "data"
    for folder in (given, Path(os.environ["BENCH_DATA"]) if "BENCH_DATA" in os.environ else None, beside):
        if folder is not None and (folder / "wixqa" / "articles.jsonl").exists():
            return folder
    return None


def load(*, quick: bool) -> dict[str, Any]:
    """Give the kept figures of an earlier run of the same kind."""
    if RESULT.exists():
        kept: dict[str, Any] = json.loads(RESULT.read_text())
        if kept.get("quick") == quick:
            return kept
    return {"quick": quick, "steps": {}}


def save(found: dict[str, Any]) -> None:
    """Write what there is so far."""
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1, default=float) + "\n")


def questions_of(data: Path | None, real_questions: list[str]) -> list[str]:
    """Give questions to retrieve for: a forum's where there are some."""
    path = data / "sumo" / "queries.jsonl" if data else None
    if path is not None and path.exists():
        return [json.loads(line)["question"] for line in path.read_text("utf-8").splitlines()]
    return real_questions


def pairs_of(data: Path | None, *, quick: bool) -> list[dict[str, Any]]:
    """Give the question pairs."""
    path = data / "pairs_banking77" / "pairs.jsonl" if data else None
    if path is None or not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return rows[:200] if quick else rows


async def measure(options: argparse.Namespace, found: dict[str, Any], work: Path) -> None:
    """Run the steps; what is measured is kept after each."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # at once, not at the next await: a step blocks

    def note(name: str, result: dict[str, Any]) -> None:
        found["steps"][name] = result
        keep(found, options.json)

    context = await _context(options, found["missing"], work, note)
    for number, name in enumerate(options.only, 1):
        started = time.monotonic()
        found["steps"].pop(name, None)
        say(f"step {number} of {len(options.only)}, {name}: {ABOUT[name]}")
        try:
            found["steps"][name] = await STEPS[name](context)
        except Exception as error:  # noqa: BLE001 - the other steps go on, and the table names this one
            found["steps"].setdefault(name, {})["error"] = f"{type(error).__name__}: {error}"[:300]
            traceback.print_exc()
        found["steps"][name]["took"] = time.monotonic() - started
        keep(found, options.json)
        say(f"{name} took {time.monotonic() - started:.0f} s")


async def _context(
    options: argparse.Namespace,
    missing: dict[str, str],
    work: Path,
    note: Callable[[str, dict[str, Any]], None],
) -> Context:
    data = find_data(options.data)
    say("exporting the model and cutting the articles")
    models, model = await export_model(work / "model")
    real = await real_articles(data, work / "real", 100 if options.quick else 240, work / "model")
    share_models(models, work / "real")
    return Context(
        work=work,
        models=models,
        model=model,
        sides=[Side(OURS, "ours", Path(sys.executable)), *_sides(SIDES, options.peers, missing)],
        caches=_sides(CACHES, options.peers, missing),
        questions=questions_of(data, [row["question"] for row in real.questions]),
        real=real,
        pairs=pairs_of(data, quick=options.quick),
        data=data,
        rounds=rounds_of(options),
        sizes=tuple(options.sizes or ((3_000,) if options.quick else (3_000, 50_000, 200_000))),
        quick=options.quick,
        note=note,
    )


def rounds_of(options: argparse.Namespace) -> int:
    """Give how often each side takes its turn."""
    return int(options.rounds or (2 if options.quick else 5))


def say(text: str) -> None:
    """Tell whoever waits."""
    print(f"peers: {datetime.now().astimezone():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def keep(found: dict[str, Any], rows_file: Path | None) -> None:
    """Write what there is so far: the figures, the rows and the plot."""
    save(found)
    if rows_file is not None:
        rows_of(found).write(rows_file)
    if any(here["milliseconds"] for here in sizes_of(found, "retrieval")):
        draw(found, PLOT)


def rows_of(found: dict[str, Any]) -> Rows:
    """Give the rows of what was measured so far."""
    rows = Rows()
    add_rows(rows, found)
    return rows


def _sides(groups: dict[str, list[tuple[str, str]]], wanted: Any, missing: dict[str, str]) -> list[Side]:
    return [
        Side(name, adapter, python_of(HAIKU if group == "haiku.rag" else VENV))
        for group, members in groups.items()
        if group in wanted and group not in missing
        for name, adapter in members
    ]


def main() -> int:
    """Measure and hand over the rows; 130 where it was interrupted."""
    quiet_logs()
    options = arguments()
    code = 0
    found = (
        load(quick=options.quick) if set(options.only) < set(STEPS) else {"quick": options.quick, "steps": {}}
    )
    if options.only or options.install:
        missing = prepare(set(options.peers))
        for name, reason in missing.items():
            say(f"{name} cannot be installed here: {reason}")
        if options.install:
            return 0
        found |= {"machine": machine(), "missing": missing, "rounds": rounds_of(options)}
        with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as temporary:
            work = (options.work or Path(temporary)).resolve()
            work.mkdir(parents=True, exist_ok=True)
            try:
                asyncio.run(measure(options, found, work))
            except KeyboardInterrupt:
                say("interrupted; what was measured is kept")
                code = 130
    rows = rows_of(found)
    for row in rows.rows:
        mark = {True: "met", False: "missed", None: ""}[row["met"]]
        print(f"{row['measure']:60s} {row['value']!s:>40s} {row['target']:>12s} {mark}", file=sys.stderr)
    if options.write_docs:
        draw(found)
        write_docs(rows, found)
    say(f"figures {_shown(RESULT)}" + (f", plot {_shown(PLOT)}" if PLOT.exists() else ""))
    rows.write(options.json)
    return code


def _shown(path: Path) -> Path:
    return path.relative_to(HERE.parents[1])


if __name__ == "__main__":
    sys.exit(main())
