"""Metrics, built from the parts of an App."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from bot.metrics import Metrics, Watched
from bot.web.metrics import MetricsPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.app import App

_DIGITS = 12
"""Of the model's digest: enough to see that two replicas have the same."""


async def build_metrics_page(app: App) -> MetricsPage:
    """Give what serves `/metrics`; nothing is looked at before the first scrape."""

    def build() -> Mapping[str, str]:
        return {
            "version": metadata.version("helpdesk-bot"),
            "model": app.embedding.model.digest[:_DIGITS],
            "persona": Path(app.settings.persona.default).stem,
        }

    watched = Watched(
        counts=app.counts,
        turns=app.turns,
        platforms=app.platforms,
        health=await app.health(),
        database=await app.database(),
        upkeep=await app.upkeep(),
        runs=await app.runs(),
        index=await app.index(),
        cache=await app.answer_cache(),
        cache_limit=app.settings.cache.max_entries,
        embedding=app.embedding,
        spent=(await app.llm_budget()).spent_here if app.settings.llm.model else None,
        build=build,
        clock=app.clock,
    )
    return MetricsPage(Metrics(watched), app.settings.web.metrics_token)
