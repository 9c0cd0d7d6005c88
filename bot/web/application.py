"""The web application: whether the bot is alive and ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from bot.health import Health, Problem


def build_application(health: Health, routes: Iterable[BaseRoute] = ()) -> Starlette:
    """Make the application: `/healthz` says that the process is alive, `/readyz` what it lacks to answer.

    `routes` are those of the chat platforms.
    """

    async def healthz(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> JSONResponse:
        problems = await health.problems()
        missing = [_row(problem) for problem in problems if problem.required]
        warnings = [_row(problem) for problem in problems if not problem.required]
        body = {"ready": not missing, "missing": missing, "warnings": warnings}
        return JSONResponse(body, status_code=503 if missing else 200)

    own = [Route("/healthz", healthz), Route("/readyz", readyz)]
    return Starlette(routes=[*own, *routes])


def _row(problem: Problem) -> dict[str, str]:
    return {"part": problem.part, "reason": problem.reason}
