"""Bots over the question sets, kept between runs: the articles of a set are embedded once."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot.app import App
from bot.cli.runtime import mend_index, sync_named
from config.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HERE = Path(__file__).resolve().parent
KEPT = HERE / "results" / "sets"
SAMPLE = HERE.parent / "knowledge" / "samples" / "help_centre"
SETS = ("sumo", "wixqa")


def config_over(name: str, data: Path | None) -> Path | None:
    """Give the config of the bot over a set (`sample`, or a folder of `data`); None where the set is not there."""
    if name == "sample":
        source = f'type = "folder"\npath = "{SAMPLE}"'
    elif data is not None and (data / name / "articles.jsonl").exists():
        source = f'type = "jsonl"\npath = "{(data / name / "articles.jsonl").resolve()}"'
    else:
        return None
    folder = KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "helpdesk-bot.toml"
    config.write_text(
        f'data_dir = "data"\n[[sources]]\nname = "bench"\n{source}\naudience = ["public"]\n', encoding="utf-8"
    )
    _share_models(folder)
    return config


def _share_models(folder: Path) -> None:
    """Link to an exported model that another set's bot has: the export takes a quarter of a minute."""
    data = folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    there = (other / "data" / "models" for other in sorted(KEPT.iterdir()) if other != folder)
    kept = next((models for models in there if models.is_dir() and not models.is_symlink()), None)
    if kept is not None and not (data / "models").exists():
        (data / "models").symlink_to(kept)


@asynccontextmanager
async def desk_over(name: str, data: Path | None) -> AsyncIterator[App | None]:
    """Open the bot over a set, its articles up to date; None where the set is not there."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    config = config_over(name, data)
    if config is None:
        yield None
        return
    async with App(load_settings(config, {})) as app:
        await mend_index(app)
        for report in await sync_named(app, ["bench"]):
            if report.error is not None:
                raise SystemExit(f"the articles of {name} could not be read: {report.error}")
        yield app
