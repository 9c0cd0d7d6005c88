"""The desks that bench/load.py and bench/start.py measure on: 3,000 and 50,000 passages, kept where `--desk` says."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def options_of(description: str | None) -> argparse.Namespace:
    """Parse what both parts understand."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the rows here instead of printing them")
    parser.add_argument("--data", type=Path, help="not used: the questions are the sample's")
    parser.add_argument("--quick", action="store_true", help="3,000 passages only, fewer repeats")
    parser.add_argument("--desk", type=Path, help="where desks are kept from run to run")
    return parser.parse_args()


def desks(options: argparse.Namespace) -> Iterator[tuple[int, Path]]:
    """Give each desk's number of passages and its folder, which is there and may be empty (`is_filled`)."""
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as temporary:
        for passages in (3_000,) if options.quick else (3_000, 50_000):
            folder = (options.desk or Path(temporary)) / f"d{passages}"
            folder.mkdir(parents=True, exist_ok=True)
            yield passages, folder


def is_filled(folder: Path) -> bool:
    """Whether an earlier run left its passages there."""
    return (folder / "data" / "index").exists()
