"""`make bench`: run every part, print one table, write bench/results/latest.json.

    python bench/run.py [--data FOLDER] [--quick] [--only NAME …]

Figures are ratios within one run wherever a machine's speed would decide; the machine is named in the JSON.
`--data` is a folder with question sets (`sumo/`, `wixqa/`: articles.jsonl and queries.jsonl). Without one the sizes are
those of generated articles, and retrieval quality is measured on the shipped sample help centre alone.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
QUALITY = ("quality", "gate", "law4", "grounding", "follow_ups", "personas", "guard")
"""The parts with a target of how good the bot is; `bench/targets.py` runs them alone."""
PARTS = ("serving", "load", "start", "retrieval", "embedding", "sync", "peers", *QUALITY)


def machine() -> dict[str, Any]:
    """Name what the figures were measured on."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        cpu = names[0] if names else cpu
    packages = ("haystack-ai", "numpy", "onnxruntime", "sentence-transformers", "torch")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def find_data(given: str | None) -> Path | None:
    """Give the folder of question sets: as given, by BENCH_DATA, or beside the checkout."""
    candidates = [
        given,
        os.environ.get("BENCH_DATA"),
        str(HERE.parent.parent / "shared" / "data"),
    ]
    for candidate in candidates:
        if candidate and (Path(candidate) / "sumo" / "articles.jsonl").exists():
            return Path(candidate)
    return None


def run_part(name: str, data: Path | None, *, quick: bool) -> list[dict[str, Any]]:
    """Run one part in a process of its own; its rows are {measure, value, target, met}, some with an interval."""
    script = HERE / name / "run.py" if (HERE / name).is_dir() else HERE / f"{name}.py"
    if not script.exists():
        return [{"measure": f"{name} is not measured by this version", "value": "skipped"}]
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as folder:
        out = Path(folder) / "rows.json"
        command = [sys.executable, str(script), "--json", str(out)]
        command += ["--data", str(data)] if data else []
        command += ["--quick"] if quick else []
        if '"--work"' in script.read_text(encoding="utf-8"):
            work = RESULTS / "work" / name  # embedded once, not at each run
            work.mkdir(parents=True, exist_ok=True)
            command += ["--work", str(work)]
        done = subprocess.run(command, check=False, stdout=sys.stderr)
        if done.returncode != 0 or not out.exists():
            return [{"measure": f"{name} failed with exit code {done.returncode}", "value": "", "met": False}]
        rows: list[dict[str, Any]] = json.loads(out.read_text())
        return rows


def show(results: dict[str, list[dict[str, Any]]]) -> None:
    """Print the table."""
    table = Table(title="helpdesk-bot benchmarks", title_justify="left")
    for heading in ("part", "measure", "value", "target", ""):
        table.add_column(heading, justify="right" if heading in {"value", "target"} else "left")
    for part, rows in results.items():
        for number, row in enumerate(rows):
            met = row.get("met")
            mark = "" if met is None else ("[green]met[/]" if met else "[red]missed[/]")
            last = number == len(rows) - 1
            cells = (
                part if number == 0 else "",
                row["measure"],
                str(row["value"]),
                str(row.get("target", "")),
            )
            table.add_row(*cells, mark, end_section=last)
    Console(width=120 if not sys.stdout.isatty() else None).print(table)


def main() -> int:
    """Run what was asked for; exit 1 if a part could not run (a missed target is reported, not failed)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder with question sets")
    parser.add_argument("--quick", action="store_true", help="fewer passages and repeats")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    data = find_data(options.data)
    results: dict[str, list[dict[str, Any]]] = {}
    seconds: dict[str, float] = {}
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / "latest.json"
    for name in options.only:
        started = time.monotonic()
        results[name] = run_part(name, data, quick=options.quick)
        seconds[name] = round(time.monotonic() - started, 1)
        print(f"bench: {name} took {seconds[name]:.0f} s", file=sys.stderr)
        kept = {
            "machine": machine(),
            "seconds": seconds,
            "results": results,
        }  # after each: a run of an hour may be cut
        target.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    show(results)
    print(f"written to {target.relative_to(HERE.parent)}")
    return int(any("failed with exit code" in row["measure"] for rows in results.values() for row in rows))


if __name__ == "__main__":
    sys.exit(main())
