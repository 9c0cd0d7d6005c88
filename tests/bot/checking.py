"""What the tests of `helpdesk-bot check` share: settings, a source, and the platforms at the far end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.checks import CheckResult, run_checks
from config.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request


BOT_TOKEN = "xoxb-s3cr3t"
APP_TOKEN = "xapp-s3cr3t"
DISCORD_TOKEN = "s3cr3t.discord"


def platforms(trouble: Response | None = None) -> Starlette:
    """Give what the checks call of Slack and Discord; `trouble` is the answer to everything instead."""

    async def slack(request: Request) -> Response:
        if trouble is not None:
            return trouble
        wanted = {"auth.test": BOT_TOKEN, "apps.connections.open": APP_TOKEN}[request.path_params["method"]]
        if request.headers["authorization"] != f"Bearer {wanted}":
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        return JSONResponse({"ok": True, "user": "helper", "team": "Acme"})

    async def discord(request: Request) -> Response:
        if trouble is not None:
            return trouble
        if request.headers["authorization"] != f"Bot {DISCORD_TOKEN}":
            return JSONResponse({"message": "401: Unauthorized", "code": 0}, 401)
        assert request.headers["user-agent"].startswith("DiscordBot (")
        return JSONResponse({"id": "1", "username": "helper"})

    return Starlette(
        routes=[
            Route("/api/{method}", slack, methods=["POST"]),
            Route("/discord/users/@me", discord, methods=["GET"]),
        ]
    )


def settings_of(folder: Path, **sections: Any) -> Settings:
    """Give settings that keep everything in `folder`."""
    return Settings.model_validate({"data_dir": folder / "data", **sections})


async def check(settings: Settings, environ: dict[str, str] | None = None) -> dict[str, CheckResult]:
    """Run the checks and give them by name, having seen that no secret is in them."""
    results = await run_checks(settings, None, environ or {})
    assert "s3cr3t" not in repr(results)
    assert all(result.remedy for result in results if result.warning or not result.ok)
    assert len({result.name for result in results}) == len(results)
    return {result.name: result for result in results}


def source(folder: Path, name: str = "faq", **more: Any) -> dict[str, Any]:
    """Give a `[[sources]]` table of a folder with one article."""
    path = folder / name
    path.mkdir()
    (path / "refunds.md").write_text("# Refunds\n\nWithin 30 days.\n")
    return {"name": name, "type": "folder", "path": path, "audience": ["public"], **more}
