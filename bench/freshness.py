"""From a change at the helpdesk to an answer that shows it: by webhook, and by a schedule of one minute.

    python bench/freshness.py [--rounds 20] [--articles 200] [--scheduled 3]

A whole bot beside a fake Zendesk on this machine: a Zendesk that shows its changes late makes it later by that.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from desk import quiet_logs

from tests.bot.fresh_desk import fresh_desk


async def by_webhook(folder: Path, articles: int, rounds: int) -> list[float]:
    """Give the seconds of each round."""
    took = []
    async with fresh_desk(folder, articles=articles) as desk:
        for _ in range(rounds):
            wanted = desk.change()
            await desk.announce()
            took.append(await desk.until_answered(wanted))
    return took


async def by_schedule(folder: Path, articles: int, rounds: int) -> list[float]:
    """Give the seconds of each round; a change falls anywhere between two syncs."""
    took = []
    async with fresh_desk(folder, articles=articles, every="1m") as desk:
        for number in range(rounds):
            await asyncio.sleep(17 * (number + 1) % 60)
            took.append(await desk.until_answered(desk.change(), 180))
    return took


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--scheduled", type=int, default=3)
    options = parser.parse_args()
    quiet_logs()
    for name, measure, rounds in (
        ("webhook", by_webhook, options.rounds),
        ("schedule, 1m", by_schedule, options.scheduled),
    ):
        if rounds:
            with tempfile.TemporaryDirectory() as folder:
                took = asyncio.run(measure(Path(folder) / "data", options.articles, rounds))
            print(f"{name}: median {statistics.median(took):.2f} s, most {max(took):.2f} s, {rounds} rounds")


if __name__ == "__main__":
    main()
