"""A helpdesk's HTTP API as the desks use it: one try a request, for whoever asked waits, and the store tries again."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import httpx
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from bot.handoff.tickets import HandoffError, HandoffRefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from config.handoff import HandoffSettings

Answer = TypeVar("Answer")
Text = Annotated[str, BeforeValidator(lambda said: "" if said is None else said)]
"""What an API gives as null where there is nothing."""
SECONDS: Final = 7.0
LONGEST_PAUSE: Final = 2.0
"""A helpdesk that asks for a longer one is asked again later."""
MOST_BYTES: Final = 5_000_000
_LATER: Final = frozenset({408, 409, 423, 425, 429})
_DENIED: Final = frozenset({401, 403})


class DeskApi:
    """Sends JSON to the helpdesk that `[handoff]` names.

    Raises HandoffRefusedError for what a person must mend, HandoffError for what may pass; neither holds anything
    of a response's body. Redirects are refused, and proxies in the environment are not used.
    """

    def __init__(
        self,
        desk: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> None:
        self._desk = desk
        self._base = url.rstrip("/")
        self._client = httpx.AsyncClient(
            headers={"User-Agent": "helpdesk-bot", "Accept": "application/json", **(headers or {})},
            auth=auth,
            trust_env=False,
            follow_redirects=False,
            timeout=SECONDS,
        )
        self.host = httpx.URL(self._base).host

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def link(self, path: str) -> str:
        """Give the address of a page at the helpdesk."""
        return f"{self._base}{path}"

    async def get(
        self, path: str, what: str, answer: type[Answer], params: Mapping[str, Any] | None = None
    ) -> Answer:
        """Read something; `what` completes "cannot read …" in messages."""
        response = await self._sent(f"read {what}", "GET", path, params=params)
        return self._parsed(response, f"read {what}", answer)

    async def find(
        self,
        path: str,
        what: str,
        answer: type[Answer],
        params: Mapping[str, Any] | None = None,
        *,
        absent: Collection[int] = (404, 410),
    ) -> Answer | None:
        """Read something that may not be there: None for the statuses in `absent`."""
        response = await self._sent(f"read {what}", "GET", path, params=params, allowed=absent)
        return self._parsed(response, f"read {what}", answer) if response.is_success else None

    async def post(
        self, path: str, what: str, answer: type[Answer], body: Any, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Write something; `what` completes "cannot …" in messages, such as "open a ticket"."""
        response = await self._sent(what, "POST", path, json=body, headers=headers)
        return self._parsed(response, what, answer)

    async def _sent(
        self, what: str, method: str, path: str, *, allowed: Collection[int] = (), **request: Any
    ) -> httpx.Response:
        response = await self._once(what, method, path, **request)
        pause = _retry_after(response) if response.status_code == httpx.codes.TOO_MANY_REQUESTS else None
        if pause is not None and pause <= LONGEST_PAUSE:
            await asyncio.sleep(pause)  # what was refused for its rate was not done
            response = await self._once(what, method, path, **request)
        if not response.is_success and response.status_code not in allowed:
            raise self._failure(response, what)
        return response

    async def _once(self, what: str, method: str, path: str, **request: Any) -> httpx.Response:
        built = self._client.build_request(method, f"{self._base}{path}", **request)
        try:
            async with asyncio.timeout(SECONDS):
                response = await self._client.send(built, stream=True)
                try:
                    return await self._read(response, what)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise HandoffError(f"{self._cannot(what)}: no answer within {SECONDS:g} s") from None
        except httpx.ConnectError:
            raise HandoffError(
                f"{self._cannot(what)}: it cannot be reached; is [handoff] url right, and is the network up?"
            ) from None
        except httpx.HTTPError as error:
            raise HandoffError(f"{self._cannot(what)}: it broke off ({type(error).__name__})") from None

    async def _read(self, response: httpx.Response, what: str) -> httpx.Response:
        data = bytearray()
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > MOST_BYTES:
                raise HandoffError(f"{self._cannot(what)}: its answer is over {MOST_BYTES / 1e6:g} MB")
        headers = [(key, value) for key, value in response.headers.items() if key != "content-encoding"]
        return httpx.Response(
            response.status_code, headers=headers, content=bytes(data), request=response.request
        )

    def _parsed(self, response: httpx.Response, what: str, answer: type[Answer]) -> Answer:
        try:
            return TypeAdapter(answer).validate_python(json.loads(response.content))
        except (ValueError, RecursionError) as error:
            wrong = (
                "lacks what its documentation promises"
                if isinstance(error, ValidationError)
                else "is no JSON"
            )
            raise HandoffError(
                f"{self._cannot(what)}: its answer {wrong}; is [handoff] url the address of its API?"
            ) from None

    def _failure(self, response: httpx.Response, what: str) -> HandoffError:
        status = response.status_code
        said = f"{self._cannot(what)}: it answered {status}"
        if status in _LATER or response.is_server_error:
            return HandoffError(said)
        if status in _DENIED:
            return HandoffRefusedError(
                f"{said}; renew [handoff] token, and give its owner the rights that docs/handoff.md lists"
            )
        if response.has_redirect_location:
            return HandoffRefusedError(f"{said}, a redirect; set [handoff] url to the address where it ends")
        return HandoffRefusedError(f"{said}; see whether [handoff] url and queue are right")

    def _cannot(self, what: str) -> str:
        return f"{self._desk} at {self.host} did not {what}"


def number_of(queue: str, desk: str, what: str) -> int:
    """Read `[handoff] queue` as the number that this desk wants; raises HandoffRefusedError."""
    if not queue.isdecimal():
        raise HandoffRefusedError(f"{desk}: [handoff] queue must be the number of {what}")
    return int(queue)


def token_of(settings: HandoffSettings) -> str:
    """Give the secret."""
    return settings.token.get_secret_value()


def _retry_after(response: httpx.Response) -> float | None:
    said = response.headers.get("Retry-After", "").strip()
    return float(said) if said.isdecimal() else None
