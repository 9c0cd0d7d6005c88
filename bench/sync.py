"""First sync against a bare SentenceTransformer.encode; re-syncs with nothing and with one article changed; memory."""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from desk import RESULTS, Rows, arguments, article_file, quiet_logs, settings_for

from bot.app import App
from knowledge.models import ArticleRef, SyncReport
from knowledge.sources.base import build_source

if TYPE_CHECKING:
    from config.settings import Settings

BARE = """
import json, sys, time, torch
from sentence_transformers import SentenceTransformer
texts = json.load(open(sys.argv[1]))
model = SentenceTransformer(sys.argv[2], device="cpu")
model.encode(texts[:8])
started = time.perf_counter()
model.encode(sorted(texts, key=len), batch_size=32)
print(time.perf_counter() - started)
"""
QUESTIONS = ("how do I change my settings", "why is there an error when I sign in", "delete my data for good")


async def sync(app: App, settings: Settings) -> SyncReport:
    """Run one sync as the scheduler would."""
    report = await (await app.sync()).run(build_source(settings.sources[0]))
    if report.error or report.failed:
        raise SystemExit(f"the sync failed: {report.error or report.failed[:3]}")
    return report


async def timed_sync(settings: Settings) -> tuple[SyncReport, float]:
    """Sync in a bot that was just opened; give the report and the wall seconds, opening included."""
    started = time.perf_counter()
    async with App(settings) as app:
        report = await sync(app, settings)
    return report, time.perf_counter() - started


async def texts_of(settings: Settings) -> list[str]:
    """Give the texts that the sync embedded."""
    from knowledge.stores.passages import embedding_text

    async with App(settings) as app:
        library, index = await app.library(), await app.index()
        found: list[str] = []
        for ref in await library.revisions():
            found += [embedding_text(passage) for passage in index.passages_of(ref)]
        return found


def bare_seconds(texts: list[str], model: Path, folder: Path) -> float:
    """Time a bare encode of the same texts in a process of its own, model loading excluded."""
    file = folder / "texts.json"
    file.write_text(json.dumps(texts))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BARE, str(file), str(model)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.strip().splitlines()[-1])


async def change_one(articles: Path, settings: Settings) -> tuple[SyncReport, float, int]:
    """Edit one article; give the report, the seconds, and how many passages the article has."""
    lines = articles.read_text(encoding="utf-8").splitlines()
    row = json.loads(lines[10])
    row["body_markdown"] += "\n\nOne more sentence at the end of the article."
    lines[10] = json.dumps(row)
    articles.write_text("\n".join(lines) + "\n", encoding="utf-8")
    report, seconds = await timed_sync(settings)
    async with App(settings) as app:
        count = len((await app.index()).passages_of(ArticleRef("bench", str(row["id"]))))
    return report, seconds, count


async def memory(settings: Settings) -> tuple[float, bool]:
    """Give the resident megabytes of a process that synced and answered, and whether torch got in."""
    code = (
        "import asyncio, psutil, sys\nfrom pathlib import Path\nsys.path.insert(0, sys.argv[2])\n"
        "from sync import serve\nasyncio.run(serve(Path(sys.argv[1])))\n"
        "print(psutil.Process().memory_info().rss / 2**20, sys.modules.get('torch') is not None)"
    )
    folder = settings.data_dir.parent
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(Path(__file__).parent)],
        check=True,
        capture_output=True,
        text=True,
    )
    megabytes, torch = done.stdout.split()[-2:]
    return float(megabytes), torch == "True"


async def serve(folder: Path) -> None:
    """Sync and answer, as the serving process does; the process is measured afterwards."""
    quiet_logs()
    settings = settings_for(folder / "articles.jsonl", folder)
    async with App(settings) as app:
        await sync(app, settings)
        helpdesk = await app.helpdesk()
        for question in QUESTIONS * 10:
            await helpdesk.answer(question, audience=None, persona=app.personas.default, use_cache=False)


def keep(folder: Path) -> None:
    """Leave the synced bot for bench/quality.py, with paths that hold there."""
    kept = RESULTS / "desk"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("*.sock", "valkey", "texts.json"))
    settings_for(kept / "articles.jsonl", kept)


async def main() -> None:
    """Measure."""
    quiet_logs()
    options = arguments(__doc__)
    rows = Rows()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="helpdesk-bot-bench-") as temporary:
        folder = Path(temporary)
        articles = article_file(options.data, folder, quick=options.quick)
        settings = settings_for(articles, folder)
        async with App(settings) as app:
            started = time.perf_counter()
            await app.embedding.start()
            export = time.perf_counter() - started
            model = Path(app.embedding.model.path)
        first, seconds = await timed_sync(settings)
        texts = await texts_of(settings)
        bare = bare_seconds(texts, model, folder)
        ours = first.embedded_passages / seconds
        ratio = ours / (len(texts) / bare)
        rows.add("articles / passages", f"{first.added} / {len(texts)}")
        rows.add("export of the ONNX file, once a model", f"{export:.1f} s")
        rows.add("first sync, whole", f"{seconds:.1f} s, {ours:.1f} passages/s")
        rows.add("bare encode, sorted, same dtype", f"{bare:.1f} s, {len(texts) / bare:.1f} passages/s")
        rows.add("first sync ÷ bare encode", f"{ratio:.2f} ×", "≥ 0.95 ×", met=ratio >= 0.95)
        again = [await timed_sync(settings) for _ in range(5)]
        share = statistics.median(took for _, took in again) / seconds
        embedded = max(report.embedded_passages for report, _ in again)
        rows.add("re-sync unchanged: passages embedded", embedded, "0", met=embedded == 0)
        rows.add("re-sync unchanged ÷ first sync", f"{share:.2%}", "< 2 %", met=share < 0.02)
        keep(folder)
        one, took, count = await change_one(articles, settings)
        right = one.updated == 1 and one.embedded_passages <= count
        rows.add(
            "one article changed: passages embedded",
            f"{one.embedded_passages} of its {count}",
            "only its own",
            met=right,
        )
        rows.add("one article changed ÷ first sync", f"{took / seconds:.2%}")
        megabytes, torch = await memory(settings)
        rows.add(
            "resident after a sync and 30 answers", f"{megabytes:.0f} MB", "< 400 MB", met=megabytes < 400
        )
        rows.add("torch in the serving process", "yes" if torch else "no", "no", met=not torch)
    rows.write(options.json)


if __name__ == "__main__":
    asyncio.run(main())
