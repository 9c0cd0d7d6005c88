"""bolt's App: what is listened to, and how requests are recognised as Slack's."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from connectors.slack.assistant import PANE_EVENTS
from connectors.slack.home import OPENED
from connectors.slack.interactions import SHORTCUTS
from connectors.slack.messages import ACTION_PREFIX
from connectors.slack.views import FORM_VIEW
from connectors.slack.workspaces import NotInstalledError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from connectors.slack.events import CommandNames
    from connectors.slack.workspaces import Workspaces

MESSAGES = ("message", "app_mention")
MEMBERSHIP = ("member_joined_channel", "member_left_channel", "team_join", "user_change")
ASIDES = (*MEMBERSHIP, *PANE_EVENTS, OPENED)
"""Events that get no reply and leave nothing to keep."""
GONE = ("app_uninstalled", "tokens_revoked")
"""Events by which a workspace takes the app out."""
_OURS = re.compile(f"^{re.escape(ACTION_PREFIX)}")
_UNUSED = "`token` will be unused."
_NO_REQUESTS = "Socket Mode has no requests to verify"


def _is_news(record: logging.LogRecord) -> bool:
    return not record.getMessage().endswith(_UNUSED)


def _logger() -> logging.Logger:
    """Give bolt's logger, without its warning of SLACK_BOT_TOKEN, which it finds in the environment and we read."""
    logger = logging.getLogger("slack_bolt")
    logger.addFilter(_is_news)
    return logger


def build_app(
    *,
    workspaces: Workspaces,
    api_url: str,
    names: CommandNames,
    signing_secret: str,
    commit: Callable[..., Awaitable[Any]],
    begin: Callable[..., Awaitable[None]],
    asides: Mapping[str, Callable[..., Awaitable[None]]],
) -> AsyncApp:
    """Make the app: `commit` runs before every ack, `begin` after it.

    `asides` are told of events that get no reply, by their type, such as who came or went.
    Who we are is known without a call, so that no failed call of bolt's own acknowledges what was not committed.
    """

    async def authorize(team_id: str | None) -> AuthorizeResult | None:
        try:
            workspace = await workspaces.of(team_id)
        except NotInstalledError:
            return None
        return AuthorizeResult(
            enterprise_id=None,
            team_id=workspace.team,
            bot_user_id=workspace.me.user,
            bot_id=workspace.me.bot,
            bot_token=workspace.client.token,
        )

    app = AsyncApp(
        client=AsyncWebClient(base_url=api_url),
        authorize=authorize,  # type: ignore[arg-type]  # None tells bolt of no installation
        name="helpdesk-bot",
        signing_secret=signing_secret or _NO_REQUESTS,
        logger=_logger(),
    )
    app.middleware(commit)
    for kind in MESSAGES:
        app.event(kind)(begin)
    for kind, listener in asides.items():
        app.event(kind)(listener)
    app.command(names.ask)(begin)
    app.command(names.helpdesk)(begin)
    app.action(_OURS)(begin)
    app.view(FORM_VIEW)(begin)
    for callback in SHORTCUTS:
        app.message_shortcut(callback)(begin)
    return app
