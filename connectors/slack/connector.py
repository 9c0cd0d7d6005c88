"""Slack as a chat platform: slack-bolt's async App over Socket Mode, or over HTTP where there is no app token.

An event is committed to the inbox by a bolt middleware before it is acknowledged, and worked on after it.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import structlog
from slack_bolt.response import BoltResponse
from starlette.routing import Route

from connectors.base import DurableHandler
from connectors.errors import DeliveryError
from connectors.slack import connection, files, http
from connectors.slack.accepting import Accepting
from connectors.slack.answering import Answering
from connectors.slack.assistant import PANE_EVENTS, Pane
from connectors.slack.events import SLACK, CommandNames, deleted_in
from connectors.slack.forms import Forms
from connectors.slack.growing import PEOPLE
from connectors.slack.home import OPENED, Home
from connectors.slack.installations import Installations
from connectors.slack.interactions import is_of_page, takes_response, to_event
from connectors.slack.messages import to_messages
from connectors.slack.oauth import OAuth, OAuthSettings
from connectors.slack.places import link_to
from connectors.slack.recent import Recent
from connectors.slack.showing import Replies, place_of
from connectors.slack.threads import Threads
from connectors.slack.wiring import ASIDES, GONE, MEMBERSHIP, build_app
from connectors.slack.workspaces import Workspaces

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from slack_bolt.app.async_app import AsyncApp
    from starlette.routing import BaseRoute

    from config.settings import SlackSettings
    from connectors.base import Address, Event, Handler, Reply, SharedFile
    from connectors.slack.installations import KeepsInstallations

RESPONSE_URL_SECONDS = 1_700.0
"""Slack takes answers at a response URL for 30 minutes."""
_CONTEXT_KEY = "helpdesk_event"


class SlackConnector:
    """Answers in Slack. `pause` and `now`: a sleep, and monotonic seconds."""

    name = SLACK

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str,
        api_url: str,
        signing_secret: str = "",
        names: CommandNames | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        ping_seconds: float = 10.0,
        oauth: OAuthSettings | None = None,
    ) -> None:
        self._app_token = app_token
        self._signing_secret = signing_secret
        self._endpoint = http.Endpoint()
        self._names = names or CommandNames()
        self._clock = clock
        self._now = now
        self._ping_seconds = ping_seconds
        self._api_url = api_url
        self._installations = None if oauth is None else Installations(oauth.kept, oauth.allowed_teams)
        self._workspaces = Workspaces(
            bot_token=bot_token, api_url=api_url, now=now, pause=pause, installations=self._installations
        )
        self._oauth = (
            None if oauth is None else OAuth(oauth, api_url, clock, installed=self._workspaces.forget)
        )
        self._response_urls: Recent[str] = Recent(RESPONSE_URL_SECONDS, now)
        threads = Threads(now)
        self._accepting = Accepting(threads, now)
        self._answering = Answering(
            self._workspaces,
            Replies(self._workspaces, self._response_urls),
            threads,
            now=now,
            let_acks_pass=self._accepting.let_acks_pass,
        )
        self._pane = Pane()
        self._home = Home()
        self._forms = Forms(self._response_urls, self._tell)
        self._connected = asyncio.Event()
        self._handler: DurableHandler | None = None
        self._work: asyncio.TaskGroup | None = None
        self._log = structlog.get_logger()

    @classmethod
    def from_settings(cls, settings: SlackSettings, kept: KeepsInstallations | None = None) -> Self:
        """Build it from `[slack]`. Raises ConnectorConfigError for what is seen without a call.

        With a `client_id` many workspaces install the app; `kept` is where their installations are.
        """
        bot_token, app_token = settings.bot_token.get_secret_value(), settings.app_token.get_secret_value()
        signing_secret = settings.signing_secret.get_secret_value()
        oauth = OAuthSettings.of(settings, kept)
        if oauth is None:
            connection.check_shape("bot_token", bot_token, "xox")
        if app_token or not signing_secret:
            connection.check_shape("app_token", app_token, "xapp-")
        return cls(
            bot_token=bot_token,
            app_token=app_token,
            api_url=settings.api_url,
            signing_secret=signing_secret,
            names=CommandNames(settings.ask_command, settings.helpdesk_command),
            oauth=oauth,
        )

    async def run(self, handler: Handler) -> None:
        """Answer until cancelled. Raises ConnectorConfigError when Slack refuses a token or cannot be reached."""
        if not isinstance(handler, DurableHandler):
            raise TypeError("Slack redelivers what was not acknowledged, so it takes a durable handler")
        self._handler = handler
        async with AsyncExitStack() as stack:
            timeout = aiohttp.ClientTimeout(total=connection.CALL_SECONDS)
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
            await self._workspaces.open(session)
            if self._oauth is not None:
                stack.callback(self._oauth.close)
                self._oauth.open(session)
            app = build_app(
                workspaces=self._workspaces,
                api_url=self._api_url,
                names=self._names,
                signing_secret=self._signing_secret,
                commit=self._commit,
                begin=self._begin,
                asides={
                    **dict.fromkeys(MEMBERSHIP, self._forget),
                    **dict.fromkeys(PANE_EVENTS, self._suggest),
                    OPENED: self._show_home,
                },
            )
            start = await (self._listen(app, session, stack) if self._app_token else self._serve(app, stack))
            self._work = await stack.enter_async_context(asyncio.TaskGroup())
            await start()
            self._connected.set()
            self._log.info("slack_connected")
            await asyncio.Event().wait()

    async def _listen(
        self, app: AsyncApp, session: aiohttp.ClientSession, stack: AsyncExitStack
    ) -> Callable[[], Awaitable[None]]:
        """Make ready for Socket Mode."""
        client = connection.make_client("", self._api_url)
        client.session = session
        socket = await connection.make_socket(app, self._app_token, client, self._ping_seconds)
        stack.push_async_callback(connection.close, socket)
        connect: Callable[[], Awaitable[None]] = socket.client.connect
        return connect

    async def _serve(self, app: AsyncApp, stack: AsyncExitStack) -> Callable[[], Awaitable[None]]:
        """Make ready for requests on the bot's web server."""
        stack.callback(self._endpoint.close)

        async def start() -> None:
            self._endpoint.open(app)

        return start

    def http_routes(self) -> Sequence[BaseRoute]:
        """Give what the web server is to serve: events where there is no Socket Mode, and the pages of OAuth."""
        events = [] if self._app_token else [Route(http.PATH, self._endpoint.receive, methods=["POST"])]
        return [*events, *(() if self._oauth is None else self._oauth.routes())]

    def link_to(self, address: Address) -> str | None:
        """Give a URL that opens the channel, at the thread where there is one; a person has no such place."""
        return link_to(self._api_url, address)

    async def fetch(self, file: SharedFile, address: Address, most_bytes: int) -> bytes:
        """Give the bytes of a file that somebody shared. Raises DeliveryError."""
        return await files.fetch((await self._workspaces.of(address.workspace)).client, file, most_bytes)

    async def send(self, address: Address, reply: Reply) -> None:
        """Say something unasked; what is there already is not said again. Raises DeliveryError."""
        if reply.private and not address.channel.startswith(("D", *PEOPLE)):
            raise DeliveryError("a private reply takes the id of a person as its channel")
        poster = (await self._workspaces.of(address.workspace)).poster
        await poster.post(address.channel, address.thread, to_messages(reply), reply.id, look=True)

    async def find_post(self, address: Address, metadata_id: str) -> str | None:
        """Give the stamp of the post that carries `metadata_id`, when all of it is out."""
        if address.channel.startswith(PEOPLE):
            return None  # what one person sees alone is kept nowhere that we could look
        poster = (await self._workspaces.of(address.workspace)).poster
        return await poster.find(address.channel, address.thread, metadata_id)

    async def look_up(self, event: Event) -> Event:
        """Give the event with who sent it, who reads there, what was said before, and whether it goes on with us."""
        return await self._answering.look_up(event)

    async def reply(self, event: Event, reply: Reply, begun: str = "") -> str:
        """Show the reply to an event: in its thread, or to the sender alone. Raises DeliveryError."""
        return await self._answering.take_up(event, reply, begun, self._durable())

    # Before the ack --------------------------------------------------------------------------------------

    async def _commit(
        self,
        body: dict[str, Any],
        context: dict[str, Any],
        next: Callable[[], Awaitable[Any]],  # noqa: A002 - bolt passes it by this name
    ) -> Any:
        """Commit what is for us before bolt acknowledges it; what raises here is not acknowledged."""
        details = body.get("event") or {}
        if details.get("type") in ASIDES:
            return await next()
        if details.get("type") in GONE:
            await self._uninstalled(body, context["team_id"])
            return BoltResponse(status=200, body="")
        workspace = await self._workspaces.of(context["team_id"])
        if (gone := deleted_in(body, workspace.me)) is not None:
            await self._answering.deleted(*gone, self._durable())
            return BoltResponse(status=200, body="")
        event = to_event(body, workspace.me, self._names, self._clock())
        if event is not None and await self._forms.ask(self._durable(), event, body, workspace):
            return BoltResponse(status=200, body="")
        parent = str(details.get("parent_user_id", ""))
        taken = (
            None
            if event is None
            else await self._accepting.take(event, parent, workspace.me, self._durable())
        )
        if event is None or taken is None:
            return BoltResponse(status=200, body="")
        if takes_response(body):
            self._response_urls.put(place_of(event), str(body["response_url"]))
        context[_CONTEXT_KEY] = taken
        return await next()

    async def _uninstalled(self, body: dict[str, Any], team: str) -> None:
        """Forget the installation of a workspace that took the app out, unless it has come back since."""
        details = body["event"]
        if details["type"] == "tokens_revoked" and not (details.get("tokens") or {}).get("bot"):
            return  # tokens of persons, of which we have none
        self._log.warning("slack_uninstalled", team=team)
        if self._installations is not None:
            await self._installations.drop(team, datetime.fromtimestamp(int(body["event_time"]), UTC))
        self._workspaces.forget(team)

    # After the ack ---------------------------------------------------------------------------------------

    async def _begin(self, ack: Callable[[], Awaitable[Any]], context: dict[str, Any]) -> None:
        await ack()
        assert self._work is not None
        event: Event = context[_CONTEXT_KEY]
        answering = self._answering.begin(event, self._durable(), self._work)
        if is_of_page(event):
            workspace = await self._workspaces.of(event.address.workspace)
            self._work.create_task(self._home.after(answering, event, self._durable(), workspace))

    def _tell(self, event: Event, reply: Reply) -> None:
        assert self._work is not None
        self._work.create_task(self._answering.tell(event, reply))

    async def _forget(self, event: dict[str, Any], context: dict[str, Any]) -> None:
        workspace = await self._workspaces.of(context["team_id"])
        workspace.directory.forget(str(event.get("channel") or ""))

    async def _suggest(self, event: dict[str, Any], context: dict[str, Any]) -> None:
        await self._pane.opened(event, self._durable(), await self._workspaces.of(context["team_id"]))

    async def _show_home(self, event: dict[str, Any], context: dict[str, Any]) -> None:
        await self._home.opened(event, self._durable(), await self._workspaces.of(context["team_id"]))

    def _durable(self) -> DurableHandler:
        assert self._handler is not None
        return self._handler
