"""Retrieval and the gate's ranking by `helpdesk-bot eval`: on question sets where they are given, and on the sample."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from desk import Rows, arguments
from sets import SAMPLE, config_over

PROGRAM = Path(sys.executable).parent / "helpdesk-bot"
TARGETS: dict[str, dict[str, float | None]] = {
    "sumo": {"ndcg_at_10": 0.66, "recall_at_5": 0.80},
    "wixqa": {"ndcg_at_10": 0.89, "recall_at_5": None},
}
NAMES = {"ndcg_at_10": "nDCG@10", "recall_at_5": "R@5"}


def evaluate(config: Path, questions: Path) -> dict[str, Any]:
    """Bring the articles up to date, run `helpdesk-bot eval` and give what it printed."""
    program: list[str | Path] = [PROGRAM, "--config", config]
    subprocess.run([*program, "sync"], check=True, stdout=sys.stderr)
    done = subprocess.run(
        [*program, "eval", questions, "--no-answers", "--json"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def add(
    rows: Rows, name: str, value: float, span: list[float] | None = None, target: float | None = None
) -> None:
    """Add a figure with its interval and its least value, if it has one."""
    aim = "" if target is None else f"≥ {target:.2f}"
    rows.add(name, f"{value:.3f}", aim, met=None if target is None else value >= target)
    rows.rows[-1]["interval"] = span


def main() -> None:
    """Measure."""
    options = arguments(__doc__)
    rows = Rows()
    config = config_over("sample", None)
    assert config is not None
    found = evaluate(config, SAMPLE / "questions.jsonl")
    spans = found["intervals"]
    add(rows, f"sample ({found['n']} questions): nDCG@10", found["ndcg_at_10"], spans["ndcg_at_10"])
    add(rows, "sample: AUROC of the gate", found["abstention"]["auroc"])
    for name, targets in TARGETS.items():
        config = None if options.quick else config_over(name, options.data)
        if config is None:
            rows.add(f"{name}: the set is not at hand, sample only", "skipped")
            continue
        found = evaluate(config, options.data / name / "queries.jsonl")
        for measure, target in targets.items():
            label = f"{name} ({found['answerable']} questions): {NAMES[measure]}"
            add(rows, label, found[measure], found["intervals"][measure], target)
    rows.write(options.json)


if __name__ == "__main__":
    main()
