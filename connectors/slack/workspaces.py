"""The workspaces that the bot is installed in: what belongs to one of them, in one object.

With a bot token there is one, whatever team an event names: in a channel that is shared with another company that
may be theirs. With OAuth there are as many as have installed the app, each made when it is first needed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from slack_sdk.http_retry.async_handler import AsyncRetryHandler

from connectors.errors import ConnectorConfigError, DeliveryError
from connectors.slack.connection import introduce, make_client
from connectors.slack.directory import Directory
from connectors.slack.events import Identity
from connectors.slack.posting import Pace, Poster

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp
    from slack_sdk.http_retry.request import HttpRequest
    from slack_sdk.http_retry.response import HttpResponse
    from slack_sdk.http_retry.state import RetryState
    from slack_sdk.web.async_client import AsyncWebClient

    from connectors.slack.installations import Installations

CONNECT_SECONDS = 20.0
REFUSALS = frozenset({"invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed"})
"""docs.slack.dev/reference/methods/auth.test: errors by which a token is no good any more."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace: its client with its token, who we are in it, and what is known of it."""

    team: str
    client: AsyncWebClient
    me: Identity
    poster: Poster
    directory: Directory


class NotInstalledError(DeliveryError):
    """The app is not installed in that workspace, or not any more."""


class Workspaces:
    """Gives the workspace of a team. `pause` and `now`: a sleep, and monotonic seconds."""

    def __init__(
        self,
        *,
        bot_token: str,
        api_url: str,
        now: Callable[[], float],
        pause: Callable[[float], Awaitable[None]],
        installations: Installations | None = None,
    ) -> None:
        self._bot_token = bot_token
        self._api_url = api_url
        self._now = now
        self._pause = pause
        self._installations = installations
        self._session: aiohttp.ClientSession | None = None
        self._opened = asyncio.Event()
        self._only: Workspace | None = None
        self._known: dict[str, Workspace] = {}
        self._refused: dict[str, str] = {}  # the token that Slack refused, by team
        self._learning: dict[str, asyncio.Lock] = {}
        self._log = structlog.get_logger()

    async def open(self, session: aiohttp.ClientSession) -> None:
        """Make ready: from now on calls go over `session`. Raises ConnectorConfigError when the token is refused."""
        self._session = session
        if self._installations is None:
            client = self._client(self._bot_token)
            self._only = self._workspace(client, await introduce(client))
        self._opened.set()

    async def of(self, team: str | None) -> Workspace:
        """Give the workspace of a team, as soon as there is a connection: the inbox is swept before that.

        Raises NotInstalledError, and TimeoutError when there is no connection in time.
        """
        async with asyncio.timeout(CONNECT_SECONDS):
            await self._opened.wait()
        if self._only is not None:
            return self._only
        found = self._known.get(team or "")
        if found is None:
            async with self._learning.setdefault(team or "", asyncio.Lock()):
                found = self._known.get(team or "") or await self._learn(team or "")
        return found

    def forget(self, team: str) -> None:
        """Look a workspace up anew when it is next needed."""
        self._known.pop(team, None)
        self._learning.pop(team, None)

    async def _learn(self, team: str) -> Workspace:
        assert self._installations is not None
        installation = await self._installations.find(team)
        if installation is None:
            raise NotInstalledError(f"the app is not installed in the workspace {team}")
        client = self._client(installation.bot_token, team)
        me = Identity(team, installation.bot_user, installation.bot_id)
        if self._refused.get(team) == installation.bot_token:
            try:
                me = await introduce(client)
            except ConnectorConfigError as error:
                raise NotInstalledError(
                    f"the workspace {team} must install the app again: {error}"
                ) from error
            self._refused.pop(team, None)
        self._known[team] = self._workspace(client, me)
        return self._known[team]

    def _client(self, token: str, team: str = "") -> AsyncWebClient:
        client = make_client(token, self._api_url)
        client.session = self._session
        if team:
            client.retry_handlers.append(_Refusals(lambda: self._note_refusal(team, token)))
        return client

    def _note_refusal(self, team: str, token: str) -> None:
        if team in self._known:
            self._log.warning("slack_token_refused", team=team)
            self._refused[team] = token
            self.forget(team)

    def _workspace(self, client: AsyncWebClient, me: Identity) -> Workspace:
        pace = Pace(self._now, self._pause)
        poster = Poster(client, pace, self._pause)
        return Workspace(me.team, client, me, poster, Directory(client, self._now))


class _Refusals(AsyncRetryHandler):
    """Sees every response of a client, repeats none, and tells when the token is refused."""

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__(max_retry_count=0)
        self._tell = tell

    async def can_retry_async(
        self,
        *,
        state: RetryState,  # noqa: ARG002 - slack_sdk's signature
        request: HttpRequest,  # noqa: ARG002
        response: HttpResponse | None = None,
        error: Exception | None = None,  # noqa: ARG002
    ) -> bool:
        """Look at a response."""
        body = response.body if response is not None else None
        if isinstance(body, dict) and body.get("error") in REFUSALS:
            self._tell()
        return False
