"""A careful HTTP client for one helpdesk's API: bounded, patient, and silent about secrets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from knowledge.errors import PermanentSourceError, SourceError, TransientSourceError
from knowledge.sources.tls import authorities

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

_Decode = Callable[[bytes, httpx.Response], Any]
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_GONE: Final = frozenset({404, 410})
_DENIED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Bounds of one request (seconds, bytes), of all together (concurrency), and of patience.

    `pause` is the first pause before a request is repeated, in seconds; later ones grow, with jitter. A
    helpdesk that asks for a longer wait than `longest_wait` ends the listing; the next one tries again.
    """

    seconds: float = 30.0
    max_bytes: int = 50_000_000
    concurrency: int = 4
    attempts: int = 5
    pause: float = 0.5
    longest_wait: float = 90.0


class NotThere(SourceError):  # noqa: N818 - the name says the fact
    """The helpdesk answered 404 or 410."""


class Redirected(PermanentSourceError):  # noqa: N818 - the name says the fact
    """The helpdesk answered with a redirect to `location`."""

    def __init__(self, message: str, location: str) -> None:
        super().__init__(message)
        self.location = location


class _Again(Exception):  # noqa: N818 - never leaves this module
    """The request may succeed if it is repeated, `after` so many seconds if the helpdesk said so."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class HelpdeskClient:
    """Sends requests to the helpdesk at `base_url`, and to no other place.

    An absolute address, such as a next page's, counts by its path and query alone, so that the token never
    leaves for another host. Redirects are errors. Messages name the source, what was asked for and the
    remedy; nothing of a response's body stands in them. Proxies in the environment are not used.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        limits: ClientLimits | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._limits = limits or ClientLimits()
        self._sleep = sleep
        self._places = asyncio.Semaphore(self._limits.concurrency)
        self._backoff = wait_random_exponential(self._limits.pause, self._limits.longest_wait)
        self._client = httpx.AsyncClient(
            headers={"User-Agent": "helpdesk-bot", "Accept": "application/json", **(headers or {})},
            auth=auth,
            verify=authorities(),
            trust_env=False,
            follow_redirects=False,
            timeout=self._limits.seconds,
        )
        self.server_time: datetime | None = None
        """What the helpdesk's clock said at the first response."""

    @property
    def host(self) -> str:
        """The helpdesk's host, for messages."""
        return self._base.host

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def json(
        self, address: str, what: str, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Get JSON, or post `body` and get the answer; `what` completes "cannot read …" in messages.

        Raises NotThere, PermanentSourceError (a person must act) or TransientSourceError (try later).
        """
        return await self._patiently(address, what, params, body, _as_json)

    async def download(self, address: str, what: str) -> bytes:
        """Get a file; raises like `json`."""
        data: bytes = await self._patiently(address, what, None, None, _as_bytes)
        return data

    def url(self, address: str) -> str:
        """Give the full address, at this helpdesk, of a path or of an address that it named."""
        return str(self._own(address))

    async def _patiently(
        self, address: str, what: str, params: Mapping[str, Any] | None, body: Any, decode: _Decode
    ) -> Any:
        retrying = AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(self._limits.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(_Again),
            reraise=True,
        )
        try:
            async for attempt in retrying:
                with attempt:
                    return decode(*await self._once(address, what, params, body))
        except _Again as error:
            raise TransientSourceError(
                f"source {self._source}: cannot read {what}: {self.host} {error}; the next sync tries again"
            ) from None
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.after if isinstance(error, _Again) else None
        return float(self._backoff(state)) if asked is None else asked + float(self._backoff(state)) / 10

    async def _once(
        self, address: str, what: str, params: Mapping[str, Any] | None, body: Any
    ) -> tuple[bytes, httpx.Response]:
        request = self._client.build_request(
            "GET" if body is None else "POST", self._own(address), params=params or None, json=body
        )
        try:
            async with self._places, asyncio.timeout(self._limits.seconds):
                response = await self._client.send(request, stream=True)
                try:
                    self._note_time(response)
                    self._check_status(response, what)
                    data = await self._read(response, what)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise _Again(f"did not answer within {self._limits.seconds:g} s") from None
        except httpx.ConnectError:
            raise _Again("cannot be reached; is url right, and is the network up?") from None
        except httpx.HTTPError as error:
            raise _Again(f"broke off its answer ({type(error).__name__})") from None
        return data, response

    def _own(self, address: str) -> httpx.URL:
        asked = httpx.URL(address)
        if asked.is_absolute_url or address.startswith("/"):
            return self._base.copy_with(raw_path=asked.raw_path)
        return self._base.copy_with(raw_path=self._base.raw_path + asked.raw_path.lstrip(b"/"))

    def _note_time(self, response: httpx.Response) -> None:
        if self.server_time is None and (said := response.headers.get("Date")):
            try:
                self.server_time = parsedate_to_datetime(said).astimezone(UTC)
            except ValueError:
                return

    def _check_status(self, response: httpx.Response, what: str) -> None:
        status = response.status_code
        if response.is_success:
            return
        where = f"source {self._source}: cannot read {what}: {self.host} answered {status}"
        if status in _PASSING:
            raise self._passing(response)
        if status in _DENIED:
            raise PermanentSourceError(
                f"{where}; renew the token that token_env or token_file names, and let it read {what}"
            )
        if status in _GONE:
            raise NotThere(f"{where}; is url right, and may the token see it?")
        if response.has_redirect_location:
            location = str(response.request.url.join(response.headers["Location"]))
            raise Redirected(f"{where}, a redirect; give in url the address where it ends", location)
        raise PermanentSourceError(f"{where}; is url the address of the helpdesk, and the type right?")

    def _passing(self, response: httpx.Response) -> Exception:
        reason = f"answered {response.status_code}"
        after = _retry_after(response.headers.get("Retry-After", ""))
        if after is not None and after > self._limits.longest_wait:
            return TransientSourceError(
                f"source {self._source}: {self.host} {reason} and asks to wait {after:.0f} s; "
                "the next sync tries again; sync less often if it repeats"
            )
        return _Again(reason, after)

    async def _read(self, response: httpx.Response, what: str) -> bytes:
        data = bytearray()
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > self._limits.max_bytes:
                raise PermanentSourceError(
                    f"source {self._source}: cannot read {what}: the answer is over "
                    f"{self._limits.max_bytes / 1e6:g} MB; raise max_bytes if that is right"
                )
        return bytes(data)


def _as_bytes(data: bytes, _response: httpx.Response) -> bytes:
    return data


def _as_json(data: bytes, response: httpx.Response) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        kind = response.headers.get("Content-Type", "no type").partition(";")[0]
        raise _Again(f"answered with what is no JSON, or cut off ({kind}, {len(data)} bytes)") from None


def _retry_after(value: str) -> float | None:
    """Read seconds or an HTTP date."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
