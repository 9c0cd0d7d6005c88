"""Asks for what a command lacks in a modal, before the command is committed.

A trigger is good for three seconds, and the event's ack is waited for as long, so all of it has a limit. A form that
Slack refuses is left out: the command is done as it is, and its reply tells in words what it lacks. Where nobody knows
whether the form is there, since no answer came in time, the command is not done: what is sent by a form would be done
twice.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from connectors.base import Assists, Command, Reply
from connectors.slack import views
from connectors.slack.events import user_of
from connectors.slack.interactions import form_id, takes_response
from connectors.slack.posting import reason_of
from connectors.slack.showing import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.base import Event, Handler
    from connectors.forms import Form
    from connectors.slack.recent import Recent
    from connectors.slack.workspaces import Workspace

ASK_SECONDS = 2.2
"""For the form and the call that opens it; of the three seconds something is left for the commit and the ack."""
NO_ANSWER = Reply(
    "Slack did not say whether your form opened. If you see none, please try again.", private=True
)
_OPENED = "exchanged_trigger_id"
_BROKEN = 500


class Forms:
    """Opens forms, and keeps the response URL of whoever asked for one, so that its reply comes to the same place.

    `tell` is called with a command whose form may be there or not, and what to say of it; it must not wait.
    """

    def __init__(self, response_urls: Recent[str], tell: Callable[[Command, Reply], None]) -> None:
        self._response_urls = response_urls
        self._tell = tell
        self._log = structlog.get_logger()

    async def ask(
        self, handler: Handler, event: Event, body: Mapping[str, Any], workspace: Workspace
    ) -> bool:
        """Show what is to be filled in before the event is done; False: there is no form, go on with the event."""
        trigger = str(body.get("trigger_id") or "")
        if not isinstance(event, Command) or not isinstance(handler, Assists) or not trigger:
            return False
        if body.get("type") == "view_submission":
            return False
        if takes_response(body):
            self._response_urls.put(place_of(event), str(body["response_url"]))
        form = None
        try:
            async with asyncio.timeout(ASK_SECONDS):
                sender = await workspace.directory.person(event.sender, workspace.team)
                form = await handler.form(replace(event, sender=sender))
                if form is not None:
                    await self._open(form, event, trigger, body, workspace)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, views.TooLargeError) as error:
            reason = str(error) if isinstance(error, views.TooLargeError) else reason_of(error)
            self._log.warning("slack_form_failed", command=event.name, reason=reason)
            if form is None or not _may_be_there(error):
                return False
            self._tell(event, NO_ANSWER)
        return form is not None

    async def _open(
        self, form: Form, command: Command, trigger: str, body: Mapping[str, Any], workspace: Workspace
    ) -> None:
        opened = await workspace.client.views_open(trigger_id=trigger, view=views.to_view(form, command))
        view_id = str((opened.get("view") or {}).get("id") or "")
        if takes_response(body) and view_id:
            sent = replace(command, command_id=form_id(user_of(command), view_id))
            self._response_urls.put(place_of(sent), str(body["response_url"]))


def _may_be_there(error: Exception) -> bool:
    """Whether the form may have opened although the call of it failed: no word came back, or a broken server's."""
    if isinstance(error, SlackApiError):
        return reason_of(error) == _OPENED or int(getattr(error.response, "status_code", 0)) >= _BROKEN
    return isinstance(error, aiohttp.ClientError | TimeoutError)
