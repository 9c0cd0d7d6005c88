"""Installing the app in a workspace by a browser: slack_bolt's OAuth flow on the bot's web server.

docs.slack.dev/authentication/installing-with-oauth. What a workspace that is not allowed has granted is given back.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import structlog
from slack_bolt.adapter.starlette.async_handler import to_async_bolt_request, to_starlette_response
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from starlette.responses import Response
from starlette.routing import Route

from connectors.errors import ConnectorConfigError
from connectors.slack.connection import make_client
from connectors.slack.installations import Installations, States, Store, TeamNotAllowedError
from connectors.slack.posting import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from slack_bolt.oauth.async_callback_options import AsyncFailureArgs, AsyncSuccessArgs
    from slack_bolt.request.async_request import AsyncBoltRequest
    from slack_sdk.oauth.installation_store import Installation as Granted
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from config.settings import SlackSettings
    from connectors.slack.installations import KeepsInstallations

INSTALL_PATH = "/slack/install"
REDIRECT_PATH = "/slack/oauth_redirect"
SCOPES = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "mpim:history",
    "mpim:read",
    "usergroups:read",
    "users:read",
)
"""What a workspace is asked for; the manifest has the same, with the reasons."""
_PAGE = "<!doctype html><html lang=en><meta charset=utf-8><title>Helpdesk</title><p>{words}</p></html>"


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """The app by which workspaces install the bot, and where their installations are kept."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_url: str
    allowed_teams: frozenset[str]
    kept: KeepsInstallations

    @classmethod
    def of(cls, settings: SlackSettings, kept: KeepsInstallations | None) -> Self | None:
        """Give that of `[slack]`; None where there is one workspace. Raises ConnectorConfigError."""
        if not settings.client_id:
            return None
        if kept is None:
            raise ConnectorConfigError("slack: client_id is set, and there is no place for installations")
        secret = settings.client_secret.get_secret_value()
        return cls(settings.client_id, secret, settings.redirect_url, settings.allowed_teams, kept)


class OAuth:
    """Serves the two pages of an installation; `installed` is told each team that did it."""

    def __init__(
        self,
        settings: OAuthSettings,
        api_url: str,
        clock: Callable[[], datetime],
        installed: Callable[[str], None],
    ) -> None:
        allowed = Installations(settings.kept, settings.allowed_teams)
        self._client = make_client("", api_url)
        self._installed = installed
        self._log = structlog.get_logger()
        self._flow = _Flow(
            client=self._client,
            settings=AsyncOAuthSettings(
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                scopes=SCOPES,
                user_scopes=(),
                redirect_uri=settings.redirect_url or None,
                install_path=INSTALL_PATH,
                redirect_uri_path=REDIRECT_PATH,
                install_page_rendering_enabled=False,
                authorization_url=authorize_url(api_url),
                installation_store=Store(settings.kept, allowed),
                state_store=States(settings.kept, clock),
                callback_options=AsyncCallbackOptions(success=self._succeeded, failure=self._failed),
            ),
        )
        self._is_open = False

    def routes(self) -> Sequence[BaseRoute]:
        """Give the two pages."""
        return [
            Route(INSTALL_PATH, self._install, methods=["GET"]),
            Route(REDIRECT_PATH, self._redirect, methods=["GET"]),
        ]

    def open(self, session: aiohttp.ClientSession) -> None:
        """Serve from now on, with calls over `session`."""
        self._client.session = session
        self._is_open = True

    def close(self) -> None:
        """Serve no more."""
        self._is_open = False

    async def _install(self, request: Request) -> Response:
        if not self._is_open:
            return Response("not connected yet", status_code=503)
        return to_starlette_response(
            await self._flow.handle_installation(to_async_bolt_request(request, b""))
        )

    async def _redirect(self, request: Request) -> Response:
        if not self._is_open:
            return Response("not connected yet", status_code=503)
        try:
            answer = await self._flow.handle_callback(to_async_bolt_request(request, b""))
        except (aiohttp.ClientError, TimeoutError) as error:
            self._log.warning("slack_installation_failed", reason=reason_of(error))
            answer = _page("Slack could not be reached. Please try again.", 502)
        return to_starlette_response(answer)

    async def _succeeded(self, args: AsyncSuccessArgs) -> BoltResponse:
        team = str(args.installation.team_id)
        self._log.info("slack_installed", team=team, by=args.installation.user_id)
        self._installed(team)
        name = html.escape(args.installation.team_name or team)
        return _page(f"The helpdesk is installed in {name}. Invite it to a channel and ask.", 200)

    async def _failed(self, args: AsyncFailureArgs) -> BoltResponse:
        self._log.warning("slack_installation_failed", reason=args.reason, error=str(args.error or ""))
        if isinstance(args.error, TeamNotAllowedError):
            return _page("This workspace may not install the helpdesk. Ask whoever runs it.", 403)
        why = html.escape(args.reason)
        words = f'The helpdesk was not installed ({why}). <a href="{INSTALL_PATH}">Try again</a>.'
        return _page(words, args.suggested_status_code)


class _Flow(AsyncOAuthFlow):
    """Gives back what may not be kept: else the app would stay in a workspace that it does not serve."""

    async def store_installation(self, request: AsyncBoltRequest, installation: Granted) -> None:
        """Keep an installation. Raises BoltError."""
        try:
            await super().store_installation(request, installation)
        except TeamNotAllowedError:
            try:
                await self.client.auth_revoke(token=str(installation.bot_token))
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                structlog.get_logger().warning("slack_token_not_revoked", reason=reason_of(error))
            raise


def authorize_url(api_url: str) -> str:
    """Give the page where a workspace grants the scopes, on the same host as the Web API: GovSlack has its own."""
    return f"{api_url.rstrip('/').removesuffix('/api')}/oauth/v2/authorize"


def _page(words: str, status: int) -> BoltResponse:
    headers: dict[str, Any] = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return BoltResponse(status=status, body=_PAGE.format(words=words), headers=headers)
