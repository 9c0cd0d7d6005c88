"""Webhooks of the sources, built from the parts of an App."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.hints import SeenKeys, SyncHints
from bot.web.webhooks import Webhooks, hooks_of

if TYPE_CHECKING:
    from starlette.routing import Route

    from bot.app import App


@dataclass(frozen=True, slots=True)
class WebhookParts:
    """What the web server serves, and what runs beside it."""

    routes: list[Route]
    hints: SyncHints


async def build_webhooks(app: App) -> WebhookParts | None:
    """Give the webhooks; None where no source has a secret for one. Raises ConfigError."""
    hooks = hooks_of(app.settings.sources, os.environ)
    if not hooks:
        return None
    hints = SyncHints(hooks, upkeep=await app.upkeep(), runs=await app.runs(), clock=app.clock)
    seen = SeenKeys(await app.redis())
    webhooks = Webhooks(hooks, is_new=seen.is_new, hint=hints.hint, clock=app.clock)
    return WebhookParts(webhooks.routes(), hints)
