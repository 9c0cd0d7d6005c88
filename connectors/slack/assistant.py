"""The assistant pane, and the words by which a thread says that an answer is being made.

docs.slack.dev/ai/developing-ai-apps: suggested prompts when somebody opens a thread in the pane, a title for it, and
a status in it, which Slack shows in the threads of channels too. All of it is a courtesy: nothing waits for it long,
and what Slack refuses is left out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from connectors.base import Address, Assists, Event, IncomingMessage
from connectors.forms import Wanted
from connectors.slack.events import SLACK, original_of, person
from connectors.slack.limits import SET_STATUS, quick, wait_of
from connectors.slack.posting import reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.base import Handler
    from connectors.slack.limits import Limits
    from connectors.slack.workspaces import Workspace

STARTED = "assistant_thread_started"
PANE_EVENTS = (STARTED, "assistant_thread_context_changed")
"""The second must be subscribed to; our prompts do not depend on the channel that somebody looks at."""
SEARCHING = "is searching the articles…"
PROMPTS = 4
TITLE_LENGTH = 60
PROMPT_LENGTH = 75
SUGGEST_SECONDS = 5.0
COURTESY_SECONDS = 3.0
_NEVER = frozenset({"unknown_method", "missing_scope", "not_allowed_token_type", "access_denied"})
_FAILURES = (SlackApiError, aiohttp.ClientError, TimeoutError)


class Status:
    """Says in a thread, for the length of a block, that an answer is being made."""

    def __init__(self, event: Event, workspace: Workspace, limits: Limits) -> None:
        self._event = event
        self._workspace = workspace
        self._limits = limits
        self._task: asyncio.Task[bool] | None = None
        self._log = structlog.get_logger()

    async def __aenter__(self) -> Self:
        """Say it, while the work goes on."""
        if self._is_wanted():
            self._task = asyncio.create_task(self._begin())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Take it back; where we have posted in the thread Slack has done so."""
        if self._task is None:
            return
        if kind is not None:
            self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled() and self._task.result():
            await self._set("")

    async def said(self) -> None:
        """Wait until it is said: after a post it would stand for minutes."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def posted(self) -> None:
        """Note that we have posted in the thread."""
        self._task = None

    def _is_wanted(self) -> bool:
        event, team = self._event, self._workspace.team
        return (
            isinstance(event, IncomingMessage)
            and event.addressed
            and event.address.thread is not None
            and original_of(event.message_id) is None
            and self._limits.knows(team, SET_STATUS)
            and self._limits.take(team, SET_STATUS)
        )

    async def _begin(self) -> bool:
        said = await self._set(SEARCHING)
        event = self._event
        if isinstance(event, IncomingMessage) and event.direct and not _is_under_way(event):
            await self._entitle(event)
        return said

    async def _set(self, status: str) -> bool:
        address = self._event.address
        client, team = quick(self._workspace.client), self._workspace.team
        try:
            async with asyncio.timeout(COURTESY_SECONDS):
                await client.assistant_threads_setStatus(
                    channel_id=address.channel, thread_ts=str(address.thread), status=status
                )
        except _FAILURES as error:
            if (wait := wait_of(error)) is not None:
                self._limits.hold(team, SET_STATUS, wait)
            if reason_of(error) in _NEVER:
                self._limits.lacks(team, SET_STATUS)
            self._log.info("slack_status_not_set", reason=reason_of(error))
            return False
        return True

    async def _entitle(self, event: IncomingMessage) -> None:
        title = next((line.strip() for line in event.text.splitlines() if line.strip()), "")
        if not title:
            return
        short = title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1].rstrip()}…"
        client, address = quick(self._workspace.client), event.address
        try:
            async with asyncio.timeout(COURTESY_SECONDS):
                await client.assistant_threads_setTitle(
                    channel_id=address.channel, thread_ts=str(address.thread), title=short
                )
        except _FAILURES as error:
            self._log.info("slack_thread_not_entitled", reason=reason_of(error))


class Pane:
    """Suggests questions to whoever opens a thread in the pane."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()

    async def opened(self, event: Mapping[str, Any], handler: Handler, workspace: Workspace) -> None:
        """Show what the person may ask, of what the person may read."""
        if event.get("type") != STARTED or not isinstance(handler, Assists):
            return
        thread = event["assistant_thread"]
        address = Address(SLACK, str(thread["channel_id"]), str(thread["thread_ts"]), workspace.team)
        stranger = person(str(thread["user_id"]), workspace.team, workspace.team)
        try:
            async with asyncio.timeout(SUGGEST_SECONDS):
                sender = await workspace.directory.person(stranger, workspace.team)
                choices = await handler.suggest(Wanted("question", address, sender, limit=PROMPTS))
                prompts = [
                    {"title": choice.label[:PROMPT_LENGTH], "message": choice.value}
                    for choice in list(choices)[:PROMPTS]
                    if choice.label and choice.value
                ]
                client = quick(workspace.client)
                if prompts:
                    await client.assistant_threads_setSuggestedPrompts(
                        channel_id=address.channel, thread_ts=str(address.thread), prompts=prompts
                    )
        except _FAILURES as error:
            self._log.info("slack_prompts_not_set", reason=reason_of(error))


def _is_under_way(event: IncomingMessage) -> bool:
    return any(line.speaker == "asker" for line in event.earlier)
