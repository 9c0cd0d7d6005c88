"""Start-up of the command line, and an answer from question to words over the sample help centre, cached and not."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from desk import Rows, arguments, quiet_logs

from bot.app import App
from config.settings import load_settings
from knowledge.sources.base import build_source

PROGRAM = Path(sys.executable).parent / "helpdesk-bot"
SAMPLE = Path(__file__).resolve().parent.parent / "knowledge" / "samples" / "help_centre"


def help_seconds(repeats: int) -> float:
    """Give the median of `helpdesk-bot --help` after one warm-up."""
    took = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        subprocess.run([PROGRAM, "--help"], check=True, capture_output=True)
        took.append(time.perf_counter() - started)
    return statistics.median(took[1:])


def percentile(values: list[float], share: float) -> float:
    """Give a percentile by linear interpolation."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


async def answer_times(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Give milliseconds per question: without the cache, and from it."""
    config = folder / "helpdesk-bot.toml"
    config.write_text(
        f'[[sources]]\nname = "sample"\ntype = "folder"\npath = "{SAMPLE}"\naudience = ["public"]\n'
    )
    settings = load_settings(config, {})
    questions = [
        json.loads(line)["question"] for line in (SAMPLE / "questions.jsonl").read_text().splitlines()
    ]
    times: dict[str, list[float]] = {"uncached": [], "hit": []}
    async with App(settings) as app:
        report = await (await app.sync()).run(build_source(settings.sources[0]))
        if report.error:
            raise SystemExit(report.error)
        helpdesk, persona = await app.helpdesk(), app.personas.default
        for question in questions:
            await helpdesk.answer(question, audience=None, persona=persona)
        for _ in range(rounds):
            for question in questions:
                for kind, cached in (("uncached", False), ("hit", True)):
                    started = time.perf_counter()
                    answer = await helpdesk.answer(question, audience=None, persona=persona, use_cache=cached)
                    took = (time.perf_counter() - started) * 1000
                    if not cached or answer.cache.value == "hit":
                        times[kind].append(took)
    return times


def main() -> None:
    """Measure."""
    quiet_logs()
    options = arguments(__doc__)
    rows = Rows()
    seconds = help_seconds(3 if options.quick else 9)
    rows.add("helpdesk-bot --help, median", f"{seconds:.2f} s", "< 0.7 s", met=seconds < 0.7)
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as folder:
        times = asyncio.run(answer_times(Path(folder), 2 if options.quick else 5))
    for kind, name in (
        ("uncached", "answer without cache, sample"),
        ("hit", "answer from the cache, sample"),
    ):
        values = times[kind]
        rows.add(name, f"p50 {statistics.median(values):.1f} ms, p95 {percentile(values, 0.95):.1f} ms")
    ratio = statistics.median(times["uncached"]) / statistics.median(times["hit"])
    rows.add("uncached ÷ cached, p50", f"{ratio:.1f} ×")
    rows.write(options.json)


if __name__ == "__main__":
    main()
