"""Asks for what a command lacks in a modal, before the command is committed.

A trigger is good for three seconds, and the event's ack is waited for as long, so all of it has a limit. A form that
cannot be shown in time is left out: the command is done as it is, and its reply tells in words what it lacks.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from connectors.base import Assists, Command
from connectors.slack import views
from connectors.slack.events import user_of
from connectors.slack.interactions import form_id, takes_response
from connectors.slack.posting import reason_of
from connectors.slack.showing import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.base import Event, Handler
    from connectors.slack.recent import Recent
    from connectors.slack.workspaces import Workspace

ASK_SECONDS = 2.2
"""For the form and the call that opens it; of the three seconds something is left for the commit and the ack."""


class Forms:
    """Opens forms, and keeps the response URL of whoever asked for one, so that its reply comes to the same place."""

    def __init__(self, response_urls: Recent[str]) -> None:
        self._response_urls = response_urls
        self._log = structlog.get_logger()

    async def ask(
        self, handler: Handler, event: Event, body: Mapping[str, Any], workspace: Workspace
    ) -> bool:
        """Show what is to be filled in before the event is done; False: nothing is shown, go on with the event."""
        trigger = str(body.get("trigger_id") or "")
        if not isinstance(event, Command) or not isinstance(handler, Assists) or not trigger:
            return False
        if body.get("type") == "view_submission":
            return False
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._ask(handler, event, trigger, body, workspace)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, views.TooLargeError) as error:
            reason = str(error) if isinstance(error, views.TooLargeError) else reason_of(error)
            self._log.warning("slack_form_failed", command=event.name, reason=reason)
            return False

    async def _ask(
        self, handler: Assists, command: Command, trigger: str, body: Mapping[str, Any], workspace: Workspace
    ) -> bool:
        sender = await workspace.directory.person(command.sender, workspace.team)
        form = await handler.form(replace(command, sender=sender))
        if form is None:
            return False
        opened = await workspace.client.views_open(trigger_id=trigger, view=views.to_view(form, command))
        view_id = str((opened.get("view") or {}).get("id") or "")
        if takes_response(body) and view_id:
            sent = replace(command, command_id=form_id(user_of(command), view_id))
            self._response_urls.put(place_of(sent), str(body["response_url"]))
        return True
