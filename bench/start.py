"""Start: from nothing to a first answer, cached and not, as a process of its own; loading 50,000 passages; memory.

    python bench/start.py [--desk FOLDER] [--quick] [--json FILE]

Each start is a fresh process over a data folder that is there already, as after a restart. `--desk` is a folder in
which desks are kept from run to run (as for bench/load.py).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from desk import Rows, quiet_logs
from filled import fill, settings_of

QUESTION = "How do I reset my password?"


async def answer_once(folder: Path) -> dict[str, float]:
    """Start the bot's parts, answer one question through inbox and router, and tell what that took."""
    import psutil

    from bot.app import App
    from connectors.base import Address, IncomingMessage, Person

    quiet_logs()
    async with App(settings_of(folder)) as app:
        delivery = await app.delivery()
        number = datetime.now(UTC).isoformat()
        event = IncomingMessage(
            number, Address("bench", number), Person("bench:1"), QUESTION, datetime.now(UTC), addressed=True
        )
        if not await delivery.accept(event):
            raise SystemExit("the message was not taken")
        reply = await delivery.answer(event)
        if reply is None or "password" not in reply.text:
            raise SystemExit(f"this is no answer: {reply}")
        await delivery.sent(event)
        answered = time.time()
        loading = time.perf_counter()
        await (await app.index()).warm()
        loaded = time.perf_counter() - loading
        return {"answered": answered, "rss": psutil.Process().memory_info().rss / 2**20, "loaded": loaded}


async def empty_cache(folder: Path) -> None:
    """Forget every cached answer."""
    from bot.app import App

    async with App(settings_of(folder)) as app:
        await (await app.answer_cache()).clear()


def start(folder: Path) -> tuple[float, float, float]:
    """Give the wall seconds to the first answer, the CPU seconds of the process, and its resident megabytes."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import start; start.one({str(folder)!r})"
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return found["answered"] - started, found["cpu"], found["rss"]


def one(folder: str) -> None:
    """What the process does."""
    found = asyncio.run(answer_once(Path(folder)))
    print(json.dumps(found | {"cpu": time.process_time()}))


def measure(folder: Path, passages: int, rows: Rows, *, repeats: int) -> None:
    """Measure one desk."""
    times: dict[str, list[tuple[float, float, float]]] = {"uncached": [], "cached": []}
    for _ in range(repeats):
        asyncio.run(empty_cache(folder))
        for runs in times.values():  # the first leaves in the cache what the second finds there
            runs.append(start(folder))
    for kind, most in (("uncached", 4.0), ("cached", 1.5)):
        wall, cpu = (statistics.median(values) for values in list(zip(*times[kind], strict=True))[:2])
        rows.add(
            f"process start to its first answer, {kind}, {passages:,} passages",
            f"{wall:.1f} s, {cpu:.1f} s CPU in all",
            f"≤ {most:g} s",
            met=wall <= most,
        )
    resident = max(found[2] for found in times["uncached"])
    rows.add(
        f"resident after an answer, {passages:,} passages",
        f"{resident:.0f} MB",
        "≤ 300 MB",
        met=resident <= 300,
    )


def main() -> None:
    """Measure."""
    quiet_logs()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the rows here instead of printing them")
    parser.add_argument("--data", type=Path, help="not used: the questions are the sample's")
    parser.add_argument("--quick", action="store_true", help="3,000 passages only, fewer repeats")
    parser.add_argument("--desk", type=Path, help="where desks are kept from run to run")
    options = parser.parse_args()
    rows = Rows()
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as temporary:
        for passages in (3_000,) if options.quick else (3_000, 50_000):
            folder = (options.desk or Path(temporary)) / f"d{passages}"
            folder.mkdir(parents=True, exist_ok=True)
            if not (folder / "data" / "index").exists():
                asyncio.run(fill(folder, passages))
            measure(folder, passages, rows, repeats=2 if options.quick else 5)
    rows.write(options.json)


if __name__ == "__main__":
    main()
