"""The evidence gate as it is shipped, on questions that its training never saw; some minutes, nothing is trained.

    python bench/gate.py --data FOLDER [--quick] [--json OUT] [--work FOLDER]

Sumo: questions whose article is among the first three found, against those whose article was taken out. Then two shops'
messages (hint3) and a banking assistant's (clinc_oos, a sample), whose articles are lists of example questions, and the
shipped sample. What is measured are the model's log odds; the rules on top (`EvidenceGate`) only ever hold back more.
Intervals hold 95 % of 1,000 bootstrap samples of the questions. Vectors and rows are kept in --work, where it is given.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from desk import Rows, quiet_logs
from train_gate_collect import HELD_OUT, collected
from train_gate_report import measured

from knowledge.answering.gate import load_gate
from knowledge.evaluation.metrics import auroc, calibration_error, reliability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train_gate_rows import Example

    from knowledge.answering.gate import GateModel

QUICK = ("sumo", "sample")
LEAST_AUROC = 0.85
LEAST_DECLINED = 0.65


def add_set(rows: Rows, name: str, examples: Sequence[Example], model: GateModel) -> None:
    """Add the figures of one set; the targets are sumo's."""
    counted = [example for example in examples if example.answers is not None]
    truths = [bool(example.answers) for example in counted]
    logits = [model.logit(example.features) for example in counted]
    found = measured(logits, truths)
    aimed = name == "sumo"
    rows.add(f"{name}: questions (answerable)", f"{found.count} ({found.answerable})")
    _add(rows, f"{name}: AUROC", found.auroc, found.auroc_interval, LEAST_AUROC if aimed else None)
    _add(
        rows, f"{name}: declined where 85 % are answered", found.declined, found.declined_interval,
        LEAST_DECLINED if aimed else None,
    )  # fmt: skip
    for threshold, (precision, recall) in found.passed.items():
        rows.add(
            f"{name}: precision, recall of letting through at {threshold}", f"{precision:.2f}, {recall:.2f}"
        )
    similarity = auroc([example.features["dense"] for example in counted], truths)
    rows.add(f"{name}: AUROC of plain similarity, for comparison", f"{similarity or 0.0:.3f}")
    table = reliability([model.probability(example.features) for example in counted], truths)
    rows.add(f"{name}: expected calibration error", f"{calibration_error(table):.3f}")
    for row in table:
        rows.add(
            f"{name}: right at confidence {row.low:.1f} to {row.high:.1f} (n {row.count})", f"{row.right:.2f}"
        )


def _add(rows: Rows, measure: str, value: float, interval: tuple[float, float], target: float | None) -> None:
    low, high = interval
    aim = "" if target is None else f"≥ {target:.2f}"
    rows.add(
        measure, f"{value:.3f} [{low:.2f}, {high:.2f}]", aim, met=None if target is None else value >= target
    )


def main() -> None:
    """Collect the rows, judge them, hand over the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the rows here instead of printing them")
    parser.add_argument("--data", type=Path, help="folder with question sets (sumo/, hint3/, clinc_oos/)")
    parser.add_argument("--quick", action="store_true", help="sumo and the shipped sample alone")
    parser.add_argument("--work", type=Path, help="keep vectors and rows here, for a second run")
    options = parser.parse_args()
    quiet_logs()
    rows, model = Rows(), load_gate()
    names = QUICK if options.quick else HELD_OUT
    held = [name for name in names if name == "sample" or (options.data and (options.data / name).is_dir())]
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as folder:
        work = options.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        found = collected(options.data or Path(), work, held)
    for name in held:
        add_set(rows, name, found[name], model)
    rows.write(options.json)


if __name__ == "__main__":
    main()
