"""`/webhooks/SOURCE`: a helpdesk says that something changed there. That is a hint: its text is never read."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from bot.web.signatures import SCHEMES
from config.errors import ConfigError
from config.secret_files import webhook_secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from pydantic import SecretStr
    from starlette.requests import Request

    from bot.web.signatures import Verify
    from config.settings import SourceSettings

MOST_BYTES: Final = 5_000_000
SECONDS: Final = 10.0
"""For a body to arrive."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A source's webhook: its secret, and how its platform signs."""

    secret: SecretStr
    verify: Verify


def hooks_of(sources: Iterable[SourceSettings], environ: Mapping[str, str]) -> dict[str, Hook]:
    """Give the webhooks of the sources that have a secret for one.

    Raises ConfigError for a secret that cannot be read, or of a source whose platform signs no webhooks.
    """
    hooks = {}
    for source in sources:
        secret = webhook_secret(source, environ)
        if secret is None:
            continue
        if source.type not in SCHEMES:
            raise ConfigError(
                f'[[sources]] "{source.name}": the type {source.type} has no webhooks that are signed; '
                "remove webhook_secret_env or webhook_secret_file, and sync it more often with every"
            )
        hooks[source.name] = Hook(secret, SCHEMES[source.type])
    return hooks


class Webhooks:
    """Takes webhooks and answers them at once.

    `is_new` remembers a key and tells whether it was not seen before; `hint` is told of a source that changed.
    """

    def __init__(
        self,
        hooks: Mapping[str, Hook],
        *,
        is_new: Callable[[str], Awaitable[bool]],
        hint: Callable[[str], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._hooks = hooks
        self._is_new = is_new
        self._hint = hint
        self._clock = clock
        self._log = structlog.get_logger()

    def routes(self) -> list[Route]:
        """Give the route; a HEAD is Intercom's way to try an address."""
        return [Route("/webhooks/{source}", self._take, methods=["POST", "HEAD"])]

    async def _take(self, request: Request) -> Response:
        """Answer 202, or 404 for an unknown source, 413 for too much, 401 for what its platform did not sign now."""
        name = request.path_params["source"]
        hook = self._hooks.get(name)
        if hook is None:
            return Response(status_code=404)
        if request.method == "HEAD":
            return Response(status_code=200)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        headers = {key.lower(): value for key, value in request.headers.items()}
        signed = hook.verify(hook.secret.get_secret_value(), headers, body, self._clock())
        if signed is None:
            self._log.warning("webhook_refused", source=name)
            return Response(status_code=401)
        # by what is signed: a header that is not could be changed to play it again
        if await self._is_new(f"webhook/{name}/{hashlib.sha256(signed).hexdigest()}"):
            self._log.info("webhook_taken", source=name)
            self._hint(name)
        return Response(status_code=202)


async def _body(request: Request) -> bytes | None:
    """Read the body; None when it is too large, too slow or cut off."""
    data = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > MOST_BYTES:
                    return None
    except (TimeoutError, ClientDisconnect):
        return None
    return bytes(data)
