"""Start: from nothing to a first answer, cached and not, as a process of its own; loading 50,000 passages; memory.

    python bench/start.py [--desk FOLDER] [--quick] [--json FILE]

Each start is a fresh process over a data folder that is there already, as after a restart. `--desk` is a folder in
which desks are kept from run to run (as for bench/load.py).
"""

from __future__ import annotations

import asyncio
import compileall
import json
import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.process import collect_seldom, settle

if TYPE_CHECKING:
    from desk import Rows

Mark = tuple[str, float, float, float]
"""A step, and when it was done: wall seconds since the start, CPU seconds, resident megabytes."""
PACKAGES = ("bot", "config", "connectors", "knowledge")
QUESTION = "How do I reset my password?"
STARTED, FOLDER = "HELPDESK_BENCH_STARTED", "HELPDESK_BENCH_FOLDER"


async def answer_once(folder: Path, marks: list[Mark]) -> None:
    """Start the bot's parts, answer one question through inbox and router, and mark what that took."""
    from bot.app import App
    from config.settings import load_settings
    from connectors.base import Address, IncomingMessage, Person

    quiet_logs()
    settings = load_settings(folder / "helpdesk-bot.toml", {})
    marks.append(mark("settings"))
    async with App(settings) as app:
        await app.database()
        marks.append(mark("database"))
        await app.redis()
        marks.append(mark("cache"))
        delivery = await app.delivery()
        marks.append(mark("ready"))
        number = datetime.now(UTC).isoformat()
        event = IncomingMessage(
            number, Address("bench", number), Person("bench:1"), QUESTION, datetime.now(UTC), addressed=True
        )
        if not await delivery.accept(event):
            raise SystemExit("the message was not taken")
        reply = await delivery.answer(event)
        if reply is None or "password" not in reply.text:
            raise SystemExit(f"this is no answer: {reply}")
        marks.append(mark("first reply"))
        await delivery.sent(event)
        if "haystack" in sys.modules:  # it did not come from the cache: what `run` does when it is warm
            settle()
        marks.append(mark("settled"))


def mark(name: str) -> Mark:
    """Tell the wall seconds since the process was started, its CPU seconds, and its resident megabytes."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    resident = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
    return name, time.time() - float(os.environ[STARTED]), time.process_time(), resident


def quiet_logs() -> None:
    """Only warnings."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def as_installed() -> None:
    """Compile the packages as pip does: without it, and with PYTHONDONTWRITEBYTECODE, each start compiles them."""
    for name in PACKAGES:
        compileall.compile_dir(Path(__file__).resolve().parent.parent / name, quiet=1)


async def as_left_behind(folder: Path) -> None:
    """Forget every cached answer, and leave the index warm, as a bot that ran before does."""
    from filled import settings_of

    from bot.app import App

    async with App(settings_of(folder)) as app:
        await (await app.answer_cache()).clear()
        await (await app.index()).warm()


def start(folder: Path) -> list[Mark]:
    """Start the process once, and give its marks."""
    given = {STARTED: str(time.time()), FOLDER: str(folder)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | given,
    )
    return [tuple(found) for found in json.loads(done.stdout.splitlines()[-1])]


def one(folder: Path) -> None:
    """What the process does: as `helpdesk-bot` begins, and no import of the bench's own."""
    collect_seldom()
    marks = [mark("python")]
    asyncio.run(answer_once(folder, marks))
    print(json.dumps(marks))


def measure(folder: Path, passages: int, rows: Rows, *, repeats: int) -> None:
    """Measure one desk."""
    runs: dict[str, list[list[Mark]]] = {"uncached": [], "cached": []}
    for _ in range(repeats):
        asyncio.run(as_left_behind(folder))
        for found in runs.values():  # the first leaves in the cache what the second finds there
            found.append(start(folder))
    for kind, most in (("uncached", 4.0), ("cached", 1.5)):
        timeline = [_median(marks) for marks in zip(*runs[kind], strict=True)]
        name, wall, cpu, _ = next(found for found in timeline if found[0] == "first reply")
        rows.add(
            f"process start to its {name}, {kind}, {passages:,} passages",
            f"{wall:.1f} s, {cpu:.1f} s CPU",
            f"≤ {most:g} s",
            met=wall <= most,
        )
        steps = (f"{name} {wall:.2f} s ({cpu:.2f} CPU)" for name, wall, cpu, _ in timeline[:-1])
        rows.add(f"the same, step by step, {kind}", ", ".join(steps))
        rows.add(
            f"resident after it, {kind}", f"{timeline[-1][3]:.0f} MB", "≤ 300 MB", met=timeline[-1][3] <= 300
        )


def _median(marks: tuple[Mark, ...]) -> Mark:
    names, walls, cpus, residents = zip(*marks, strict=True)
    return names[0], statistics.median(walls), statistics.median(cpus), max(residents)


def main() -> None:
    """Measure."""
    from desk import Rows
    from desk_folders import desks, is_filled, options_of
    from filled import fill

    quiet_logs()
    as_installed()
    options, rows = options_of(__doc__), Rows()
    for passages, folder in desks(options):
        if not is_filled(folder):
            asyncio.run(fill(folder, passages))
        measure(folder, passages, rows, repeats=2 if options.quick else 5)
    rows.write(options.json)


if __name__ == "__main__":
    if FOLDER in os.environ:
        one(Path(os.environ[FOLDER]))
    else:
        main()
