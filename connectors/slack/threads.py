"""The threads in which the bot is spoken to: what was said there before, and whether a message goes on with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from connectors.base import IncomingMessage, Said
from connectors.errors import DeliveryError
from connectors.slack.events import SPOKEN, goes_on, is_ours, number, original_of, plain, user_of
from connectors.slack.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.base import Event
    from connectors.slack.events import Identity
    from connectors.slack.recent import Key
    from connectors.slack.workspaces import Workspace

OURS_SECONDS = 86_400.0
NOT_OURS_SECONDS = 60.0
NEWEST = 15
LONGEST_LINE = 4_000


def thread_of(event: Event) -> Key:
    """Give what tells a thread from all others."""
    return event.address.workspace or "", event.address.channel, event.address.thread or ""


class Threads:
    """Reads threads, and knows for a while which are ours; `now` gives monotonic seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._ours: Recent[bool] = Recent(OURS_SECONDS, now)
        self._others: Recent[bool] = Recent(NOT_OURS_SECONDS, now)
        self._log = structlog.get_logger()

    def answered(self, event: Event) -> None:
        """Note that we spoke in a thread."""
        self._ours.put(thread_of(event), value=True)
        self._others.drop(thread_of(event))

    def may_go_on(self, event: IncomingMessage, parent: str, me: Identity) -> bool:
        """Whether a message that names nobody can be for us, as far as is known without asking Slack.

        `parent` wrote the message that the thread hangs on.
        """
        if self._ours.get(thread_of(event)):
            return True
        return parent in {user_of(event), me.user} and not self._others.get(thread_of(event))

    async def read(self, event: Event, workspace: Workspace) -> Event:
        """Give the event with what was said before it in its thread, and whether it is for us.

        Raises DeliveryError when the thread cannot be read and the event is only for us if it goes on there.
        """
        if not isinstance(event, IncomingMessage) or event.starts_thread or event.address.thread is None:
            return event
        me = workspace.me
        try:
            thread = await workspace.poster.thread(
                event.address.channel, event.address.thread, number(_stamp(event))
            )
        except DeliveryError as error:
            if event.continues:
                raise
            self._log.warning("slack_thread_not_read", reason=str(error))
            return event
        known = replace(event, earlier=earlier(thread, _stamp(event), user_of(event), me))
        if not event.continues:
            return known
        if not any(is_ours(message, me) for message in thread):
            self._others.put(thread_of(event), value=True)
        return replace(known, addressed=goes_on(thread, event.message_id, user_of(event), me))


def earlier(thread: Sequence[Mapping[str, Any]], ts: str, asker: str, me: Identity) -> tuple[Said, ...]:
    """Give the newest lines of a thread before the message `ts`, as whoever asks would read them."""
    before = [each for each in thread if number(each.get("ts")) < number(ts) and _is_said(each, me)]
    lines = [(each, plain(str(each.get("text") or ""), me)[:LONGEST_LINE]) for each in before[-NEWEST:]]
    return tuple(Said(_speaker(each, asker, me), text) for each, text in lines if text)


def _is_said(message: Mapping[str, Any], me: Identity) -> bool:
    return message.get("subtype") in SPOKEN or (
        message.get("subtype") == "bot_message" and is_ours(message, me)
    )


def _speaker(message: Mapping[str, Any], asker: str, me: Identity) -> Any:
    if is_ours(message, me):
        return "bot"
    return "asker" if message.get("user") == asker and not message.get("bot_id") else "other"


def _stamp(event: IncomingMessage) -> str:
    return original_of(event.message_id) or event.message_id
