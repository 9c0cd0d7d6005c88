"""`make baseline`: evaluate the shipped sample and keep the measures that `make test` holds every change against.

    python bench/baseline.py [--check]

Writes tests/bot/sample_baseline.json; with `--check` it writes nothing and fails where something got worse. Made anew
when a change of retrieval, gate, grounding or follow-ups is meant: what moved is seen in the file's
difference. Latency is left out: it is not compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from sets import HERE, SAMPLE, config_over

PROGRAM = Path(sys.executable).parent / "helpdesk-bot"
BASELINE = HERE.parent / "tests" / "bot" / "sample_baseline.json"


def main() -> int:
    """Evaluate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args()
    config = config_over("sample", None)
    assert config is not None
    command: list[str | Path] = [PROGRAM, "--config", config, "eval", SAMPLE / "questions.jsonl"]
    command += ["--conversations", SAMPLE / "follow_ups.jsonl"]
    command += ["--baseline" if options.check else "--save", BASELINE]
    code = subprocess.run(command, check=False).returncode
    if code == 0 and not options.check:
        kept = json.loads(BASELINE.read_text(encoding="utf-8"))
        measures = {name: value for name, value in kept.items() if not name.endswith("_ms")}
        BASELINE.write_text(json.dumps(measures, indent=2) + "\n", encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
