"""What can go wrong between a helpdesk and whoever reads it, done on the wire."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from tests.fakes.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.responses import Response


@dataclass
class Fault:
    """Happens to the next `times` requests whose path contains `path`, after letting `after` of them through.

    `status` is answered instead of the real answer; `truncate` sends half of it; `garbage` sends a login page;
    `change` edits the JSON.
    """

    path: str = ""
    status: int | None = None
    retry_after: str | None = None
    truncate: bool = False
    garbage: bool = False
    change: Any = None
    after: int = 0
    times: int = 1


@dataclass
class Wire:
    """An ASGI middleware that logs requests, tells the helpdesk's time, and lets faults happen."""

    app: Any
    time: Callable[[], float]
    faults: list[Fault] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve on a free port."""
        async with serving(self, date_header=False) as url:
            yield url

    async def __call__(self, scope: Any, receive: Any, answer: Any) -> None:
        """Serve one request."""

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self.time(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await answer(message)

        query = scope["query_string"].decode()
        self.log.append(scope["path"] + (f"?{query}" if query else ""))
        fault = self._fault(scope["path"])
        if fault is None:
            await self.app(scope, receive, send)
        elif fault.status is not None:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            await JSONResponse({"error": "secret-token leaked by the server"}, fault.status, headers)(
                scope, receive, send
            )
        else:
            await self._damaged(fault, scope, receive, send)

    def paths(self, part: str) -> list[str]:
        """Give the logged requests whose address contains `part`."""
        return [entry for entry in self.log if part in entry]

    def _fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.path in path and fault.times > 0:
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    async def _damaged(self, fault: Fault, scope: Any, receive: Any, send: Any) -> None:
        messages: list[dict[str, Any]] = []

        async def hold(message: dict[str, Any]) -> None:
            messages.append(message)

        await self.app(scope, receive, hold)
        start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
        if fault.change is not None:
            body = json.dumps(fault.change(json.loads(body))).encode()
        if fault.garbage:
            body = b"<html><body>Please sign in</body></html>"
        kept = [(key, value) for key, value in start["headers"] if key != b"content-length"]
        start["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
        await send(start)
        await send({"type": "http.response.body", "body": body[: len(body) // 2] if fault.truncate else body})


class Refused(Exception):  # noqa: N818 - the name says the fact
    """The request is not one that the real helpdesk documents."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def refusing(_request: Request, error: Exception) -> Response:
    """Answer with the status of a Refused."""
    assert isinstance(error, Refused)
    return JSONResponse({"error": str(error)}, error.status)


def only(request: Request, *names: str) -> None:
    """Refuse parameters that the endpoint does not document."""
    if unknown := set(request.query_params) - set(names):
        raise Refused(400, f"unknown parameters {sorted(unknown)}")


def whole(request: Request, name: str, default: int, most: int) -> int:
    """Read a whole number between 1 and `most`."""
    value = request.query_params.get(name, str(default))
    if not value.isdecimal() or not 1 <= int(value) <= most:
        raise Refused(400, f"{name} must be between 1 and {most}")
    return int(value)
