"""A person's own page in the app's Home tab: CommonMark as sections, and buttons. Pure, but for `Home`.

Slack shows its `markdown` block in messages only, so the page is written in mrkdwn.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from connectors.base import Address, Assists
from connectors.errors import DeliveryError
from connectors.slack.events import SLACK, person, user_of
from connectors.slack.messages import TEXT_LIMIT, context, plain_buttons
from connectors.slack.mrkdwn import to_mrkdwn
from connectors.slack.posting import reason_of
from connectors.text.links import with_honest_links
from connectors.text.splitting import split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.base import Event, Handler, Reply
    from connectors.slack.workspaces import Workspace

OPENED = "app_home_opened"
SECONDS = 15.0
BLOCKS = 100
PIECE = 2_000
"""Of CommonMark; as mrkdwn, with what is escaped in it, it is to fit a section's 3,000."""


def to_view(reply: Reply) -> dict[str, Any]:
    """Give the page that shows a reply; what is too long for a page is cut at its end."""
    sections = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
        for text in _texts(reply.text)
    ]
    ending = [*context(reply.links), *plain_buttons(reply.actions)]
    return {"type": "home", "blocks": [*sections[: BLOCKS - len(ending)], *ending][:BLOCKS]}


def _texts(text: str) -> list[str]:
    found = []
    for piece in split(with_honest_links(text), PIECE):
        words = to_mrkdwn(piece.text).strip()
        found += [words[start : start + TEXT_LIMIT] for start in range(0, len(words), TEXT_LIMIT)]
    return [words for words in found if words.strip()]


class Home:
    """Publishes pages."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()

    async def opened(self, event: Mapping[str, Any], handler: Handler, workspace: Workspace) -> None:
        """Show the page to whoever looks at it."""
        if event.get("tab", "home") == "home":
            await self.show(str(event["user"]), handler, workspace)

    async def after(
        self, work: asyncio.Task[None], click: Event, handler: Handler, workspace: Workspace
    ) -> None:
        """Show the page anew once a click on it is done: it may have changed what stands there."""
        await asyncio.wait([work])
        await self.show(user_of(click), handler, workspace)

    async def show(self, user: str, handler: Handler, workspace: Workspace) -> None:
        """Show a person's page as it is now; what Slack refuses is logged, and the next look tries again."""
        if not isinstance(handler, Assists):
            return
        address = Address(SLACK, user, None, workspace.team)
        try:
            async with asyncio.timeout(SECONDS):
                sender = await workspace.directory.person(
                    person(user, workspace.team, workspace.team), workspace.team
                )
                view = to_view(await handler.home(address, sender))
                await workspace.client.views_publish(user_id=user, view=view)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, DeliveryError) as error:
            self._log.warning("slack_home_not_shown", reason=reason_of(error))
