"""`make bench`: run every part, print one table, write bench/results/latest.json.

    python bench/run.py [--data FOLDER] [--quick] [--only NAME …]
    python bench/run.py --markdown

Figures are ratios within one run wherever a machine's speed would decide; the machine is named in the JSON.
`--data` is a folder with question sets (`sumo/`, `wixqa/`: articles.jsonl and queries.jsonl). Without one the sizes are
those of generated articles, and retrieval quality is measured on the shipped sample help centre alone. How good the bot
is (quality, gate, law4, …) is measured in the short form here, and whole by `make targets`. A whole run takes about an
hour on two cores; what is measured is kept after each part, and Ctrl-C prints the table of what there is.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
TARGET = RESULTS / "latest.json"
QUALITY = ("quality", "gate", "law4", "grounding", "follow_ups", "personas", "guard")
"""The parts with a target of how good the bot is; `bench/targets.py` runs them alone."""
LIMITS = {"peers": 2_880}
LIMIT = 900
"""Seconds after which a part is cut; what it measured until then stays."""
INTERRUPTED = 130
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


def run_part(
    name: str, data: Path | None, *, quick: bool, limit: float | None = None
) -> list[dict[str, Any]]:
    """Run one part in a process of its own; its rows are {measure, value, target, met}, some with an interval.

    A part that fails, or is cut after `limit` seconds, gives the rows written by then, and one that says so.
    """
    script = HERE / name / "run.py" if (HERE / name).is_dir() else HERE / f"{name}.py"
    if not script.exists():
        return [{"measure": f"{name} is not measured by this version", "value": "skipped"}]
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as folder:
        out = Path(folder) / "rows.json"
        command = [sys.executable, str(script), "--json", str(out)]
        command += ["--data", str(data)] if data else []
        command += ["--quick"] if quick else []
        text = script.read_text(encoding="utf-8")
        if '"--work"' in text:
            work = RESULTS / "work" / name  # embedded once, not at each run
            work.mkdir(parents=True, exist_ok=True)
            command += ["--work", str(work)]
        reason = ended(command, limit)
        rows: list[dict[str, Any]] = json.loads(out.read_text()) if out.exists() else []
    if reason or not rows:
        rows.append({"measure": f"{name} {reason or 'gave no rows'}", "value": "failed", "met": False})
    return rows


def ended(command: list[str], limit: float | None) -> str:
    """Run a part to its end; give why it has none of its own, or "". Ctrl-C reaches it too, and it may tidy up."""
    with subprocess.Popen(command, stdout=sys.stderr) as process:
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            _interrupt(process)
            return f"was cut after {limit:.0f} s"
        except KeyboardInterrupt:
            _interrupt(process)
            return "was interrupted"
    if code in {INTERRUPTED, -signal.SIGINT}:
        return "was interrupted"
    return f"failed with exit code {code}" if code else ""


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    try:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(30)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()


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


def markdown(kept: dict[str, Any]) -> str:
    """Give what docs/benchmarks.md says of a run: the machine, and the table; the peers have a section of their own."""
    found = kept["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    minutes = sum(kept.get("seconds", {}).values()) / 60
    lines = [
        (
            f"{found['cpu']} ({found['cores']} cores), {found['system']}, Python {found['python']}; {packages}; "
            f"measured {found['measured_at']}, {minutes:.0f} minutes."
        ),
        "",
        "| part | measure | value | target | |",
        "|---|---|---|---|---|",
    ]
    for part, rows in kept["results"].items():
        for row in rows if part != "peers" else ():
            mark = {True: "met", False: "missed"}.get(row.get("met"), "")
            lines.append(
                f"| {part} | {row['measure'].strip()} | {row['value']} | {row.get('target', '')} | {mark} |"
            )
    return "\n".join(lines)


def main() -> int:
    """Run what was asked for; exit 1 if a part could not run (a missed target is reported, not failed)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder with question sets")
    parser.add_argument(
        "--quick", action="store_true", help="fewer passages and repeats; a quarter of an hour"
    )
    parser.add_argument(
        "--markdown", action="store_true", help="print the last run's table for docs/, and no more"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    if options.markdown:
        print(markdown(json.loads(TARGET.read_text(encoding="utf-8"))))
        return 0
    data = find_data(options.data)
    if data is None:
        print(
            "bench: no question sets (--data, BENCH_DATA): generated articles and the sample", file=sys.stderr
        )
    RESULTS.mkdir(exist_ok=True)
    results = measured(options.only, data, quick=options.quick)
    show(results)
    print(f"written to {TARGET.relative_to(HERE.parent)}")
    if "peers" in results:
        print("the peers' figures: bench/results/peers.json, their plot: bench/results/peers.svg")
    if any("was interrupted" in row["measure"] for rows in results.values() for row in rows):
        return INTERRUPTED
    return int(any(row["value"] == "failed" for rows in results.values() for row in rows))


def measured(parts: Sequence[str], data: Path | None, *, quick: bool) -> dict[str, list[dict[str, Any]]]:
    """Run the parts one after the other; what there is is written after each, as a run of an hour may be cut."""
    results: dict[str, list[dict[str, Any]]] = {}
    seconds: dict[str, float] = {}
    begun = time.monotonic()
    for number, name in enumerate(parts, 1):
        started = time.monotonic()
        print(
            f"bench: {datetime.now().astimezone():%H:%M:%S} part {number} of {len(parts)}, {name}",
            file=sys.stderr,
        )
        short = quick or name in QUALITY
        results[name] = run_part(name, data, quick=short, limit=LIMITS.get(name, LIMIT))
        seconds[name] = round(time.monotonic() - started, 1)
        total = (time.monotonic() - begun) / 60
        print(f"bench: {name} took {seconds[name]:.0f} s; {total:.1f} minutes so far", file=sys.stderr)
        kept = {"machine": machine(), "quick": quick, "sets": data is not None, "seconds": seconds}
        TARGET.write_text(json.dumps(kept | {"results": results}, indent=2) + "\n", encoding="utf-8")
        if any("was interrupted" in row["measure"] for row in results[name]):
            break
    return results


if __name__ == "__main__":
    sys.exit(main())
