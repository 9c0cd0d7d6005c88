"""Retrieval and abstention by `helpdesk-bot eval`: on question sets where they are given, and on the sample.

The first set is asked of the bot that bench/sync.py left in bench/results/desk, so that part runs first.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from desk import RESULTS, Rows, arguments, settings_for

PROGRAM = Path(sys.executable).parent / "helpdesk-bot"
SAMPLE = Path(__file__).resolve().parent.parent / "knowledge" / "samples" / "help_centre"
DESK = RESULTS / "desk"


def evaluate(config: Path, questions: Path) -> dict[str, Any]:
    """Run `helpdesk-bot eval` and give what it printed."""
    done = subprocess.run(
        [PROGRAM, "--config", config, "eval", questions, "--json"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def folder_for(articles: Path, root: Path) -> Path:
    """Make a bot over `articles` that shares the exported model; give its config."""
    root.mkdir()
    if (DESK / "data" / "models").exists():
        (root / "data").mkdir(mode=0o700)
        (root / "data" / "models").symlink_to(DESK / "data" / "models")
    settings_for(articles, root)
    return root / "helpdesk-bot.toml"


def sample(root: Path) -> dict[str, Any]:
    """Evaluate the shipped sample."""
    config = folder_for(SAMPLE / "questions.jsonl", root)
    config.write_text(
        f'data_dir = "data"\n[[sources]]\nname = "s"\ntype = "folder"\npath = "{SAMPLE}"\naudience = ["public"]\n'
    )
    return evaluate(config, SAMPLE / "questions.jsonl")


def add(rows: Rows, name: str, value: float, target: float | None = None) -> None:
    """Add a figure with its least value, if it has one."""
    aim = "" if target is None else f"≥ {target:.2f}"
    rows.add(name, f"{value:.3f}", aim, met=None if target is None else value >= target)


def main() -> None:
    """Measure."""
    options = arguments(__doc__)
    rows = Rows()
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as temporary:
        root = Path(temporary)
        found = sample(root / "sample")
        add(rows, f"sample ({found['n']} questions): nDCG@10", found["ndcg_at_10"])
        add(rows, "sample: AUROC of the gate", found["abstention"]["auroc"])
        if options.data is not None and not options.quick and (DESK / "helpdesk-bot.toml").exists():
            sumo = options.data / "sumo"
            both = root / "sumo.jsonl"
            ablation = sumo / "queries_unanswerable_ablation.jsonl"
            both.write_bytes((sumo / "queries.jsonl").read_bytes() + ablation.read_bytes())
            found = evaluate(DESK / "helpdesk-bot.toml", sumo / "queries.jsonl")
            add(rows, f"sumo ({found['n']} questions): nDCG@10", found["ndcg_at_10"], 0.60)
            add(rows, "sumo: R@5", found["recall_at_5"], 0.72)
            found = evaluate(DESK / "helpdesk-bot.toml", both)
            add(rows, f"sumo with ablation ({found['n']}): AUROC of the gate", found["abstention"]["auroc"])
            wixqa = options.data / "wixqa"
            found = evaluate(folder_for(wixqa / "articles.jsonl", root / "wixqa"), wixqa / "queries.jsonl")
            add(rows, f"wixqa ({found['n']} questions): nDCG@10", found["ndcg_at_10"], 0.86)
            add(rows, "wixqa: R@5", found["recall_at_5"])
    rows.write(options.json)


if __name__ == "__main__":
    main()
