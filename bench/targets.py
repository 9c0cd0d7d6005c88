"""`make targets`: is the bot as good as it is meant to be? One table: measure, value, interval, target, met or missed.

    python bench/targets.py [--data FOLDER] [--only NAME …] [--all]

Retrieval and the gate on question sets, law 4, grounding, follow-ups, personas and the guard of the paraphrase cache;
speed and memory are `make bench`. Without `--data` (or BENCH_DATA) only what the shipped sample and the tables of
the tests can show is measured, and each part says what it lacks. What is embedded is kept in
bench/results, so the first run takes some minutes more. Writes bench/results/targets.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table
from run import HERE, QUALITY, RESULTS, find_data, machine, run_part

SHORTER = frozenset({"gate"})
"""Parts whose short form has all that has a target."""
MARKS = {True: "[green]met[/]", False: "[red]missed[/]"}


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep what has a target, what failed, and what says that it could not be measured."""
    return [row for row in rows if row.get("target") or row.get("met") is False or row["value"] == "skipped"]


def show(results: dict[str, list[dict[str, Any]]], *, everything: bool) -> None:
    """Print the table."""
    table = Table(title="helpdesk-bot targets", title_justify="left")
    for heading in ("part", "measure", "value", "95 %", "target", ""):
        table.add_column(heading, justify="right" if heading in {"value", "95 %", "target"} else "left")
    for part, rows in results.items():
        shown = rows if everything else judged(rows)
        for number, row in enumerate(shown):
            span = row.get("interval") or ()
            table.add_row(
                part if number == 0 else "",
                row["measure"],
                str(row["value"]),
                " to ".join(f"{end:.3f}" for end in span),
                str(row.get("target", "")),
                MARKS[row["met"]] if isinstance(row.get("met"), bool) else "",
                end_section=number == len(shown) - 1,
            )
    Console(width=150 if not sys.stdout.isatty() else None).print(table)


def main() -> int:
    """Measure; exit 1 if a part could not run (a missed target is reported, not failed)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder with question sets")
    parser.add_argument("--only", nargs="+", choices=QUALITY, default=QUALITY)
    parser.add_argument("--all", action="store_true", help="show the measures that have no target too")
    options = parser.parse_args()
    data = find_data(options.data)
    if data is None:
        print("no question sets: the sample and the tests' own tables only", file=sys.stderr)
    results: dict[str, list[dict[str, Any]]] = {}
    seconds: dict[str, float] = {}
    for name in options.only:
        started = time.monotonic()
        results[name] = run_part(name, data, quick=name in SHORTER)
        seconds[name] = round(time.monotonic() - started, 1)
        print(f"{name}: {seconds[name]:.0f} s", file=sys.stderr)
    show(results, everything=options.all)
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / "targets.json"
    written = {"machine": machine(), "sets": data is not None, "seconds": seconds, "results": results}
    target.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    rows = [row for part in results.values() for row in part]
    missed = sum(row.get("met") is False for row in rows)
    print(
        f"{sum(row.get('met') is True for row in rows)} met, {missed} missed; {target.relative_to(HERE.parent)}"
    )
    return int(any(row["value"] == "failed" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
