"""What is said in Slack, as events of ours. Pure.

Shapes: docs.slack.dev/reference/events/message and …/app_mention.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connectors.base import Address, IncomingMessage, Person, SharedFile
from connectors.slack.mrkdwn import unescape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from connectors.base import Event

SLACK = "slack"
EDIT_SECONDS = 60.0
"""An edit after that is not answered again."""
_EDIT = "/edit/"
SPOKEN = frozenset({None, "", "file_share", "thread_broadcast", "me_message"})
"""The subtypes of messages that a person said."""
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_LINKED = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are in the workspace, as auth.test tells."""

    team: str
    user: str
    bot: str


@dataclass(frozen=True, slots=True)
class CommandNames:
    """The slash commands as the app has them, with their slash."""

    ask: str = "/ask"
    helpdesk: str = "/helpdesk"


def deleted_in(body: Mapping[str, Any], me: Identity) -> tuple[Address, str] | None:
    """Give where a person's message was deleted, and its id, if that is what a payload tells."""
    event = body.get("event") or {}
    if event.get("type") != "message" or event.get("subtype") != "message_deleted":
        return None
    gone, channel = event.get("previous_message") or {}, str(event.get("channel") or "")
    stamp = str(event.get("deleted_ts") or gone.get("ts") or "")
    thread = gone.get("thread_ts") or (None if channel.startswith("D") else stamp)
    return Address(SLACK, channel, thread, me.team), stamp


def original_of(message_id: str) -> str | None:
    """Give the id of the message that was edited, for the event of an edit."""
    original, edit, _ = message_id.partition(_EDIT)
    return original if edit else None


def goes_on(thread: Sequence[Mapping[str, Any]], ts: str, user: str, me: Identity) -> bool:
    """Whether a message that names nobody goes on with the bot: it asked, the bot answered, nobody else spoke since."""
    before = [message for message in thread if number(message.get("ts")) < number(ts)]
    answers = [place for place, message in enumerate(before) if is_ours(message, me)]
    if not answers:
        return False
    asked = [message for message in before[: answers[-1]] if not is_ours(message, me)]
    since = before[answers[-1] + 1 :]
    return bool(asked) and asked[-1].get("user") == user and all(each.get("user") == user for each in since)


def is_ours(message: Mapping[str, Any], me: Identity) -> bool:
    """Whether the bot itself posted it."""
    return message.get("user") == me.user or (bool(me.bot) and message.get("bot_id") == me.bot)


def from_event(body: Mapping[str, Any], me: Identity, now: datetime) -> IncomingMessage | None:
    """Give what was said of an event of the Events API; None for what is not for us."""
    event = body.get("event", {})
    if event.get("type") not in {"message", "app_mention"}:
        return None
    if event.get("subtype") == "message_changed":
        return _from_edit(event, me, now)
    if event.get("subtype") not in SPOKEN or not _is_person(event, me):
        return None
    return _message(event, str(event.get("channel", "")), me, now)


def _from_edit(event: Mapping[str, Any], me: Identity, now: datetime) -> IncomingMessage | None:
    said = event.get("message", {})
    edited = said.get("edited", {}).get("ts")
    if edited is None or said.get("subtype") not in SPOKEN or not _is_person(said, me):
        return None
    if said.get("text") == event.get("previous_message", {}).get("text"):
        return None
    if number(edited) - number(said.get("ts")) > EDIT_SECONDS:
        return None
    shown = {**said, "channel_type": event.get("channel_type")}
    message = _message(shown, str(event.get("channel", "")), me, now)
    if not message.addressed:
        return None
    return replace(message, message_id=f"{said['ts']}{_EDIT}{edited}")


def _message(event: Mapping[str, Any], channel: str, me: Identity, now: datetime) -> IncomingMessage:
    team = me.team
    text = str(event.get("text") or "")
    named = _MENTION.findall(text)
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    thread = event.get("thread_ts")
    starts = thread is None and not direct
    addressed = direct or me.user in named
    return IncomingMessage(
        message_id=str(event["ts"]),
        address=Address(SLACK, channel, str(event["ts"]) if starts else thread, team),
        sender=person(str(event["user"]), str(event.get("user_team") or event.get("team") or team), team),
        text=plain(text, me),
        received_at=now,
        addressed=addressed,
        direct=direct,
        files=tuple(shared_file(file) for file in event.get("files") or ()),
        starts_thread=starts,
        outsiders=not direct,  # until it is known who reads there
        continues=not addressed and thread is not None and not named,
    )


def shared_file(file: Mapping[str, Any]) -> SharedFile:
    """Give a file that came with a message; its key is Slack's id of it."""
    return SharedFile(str(file.get("name") or ""), int(file.get("size") or 0), str(file.get("id") or ""))


def plain(text: str, me: Identity) -> str:
    """Give what was said as a person reads it: without the mention of the bot, links and names spelled out."""

    def spell(found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if target.startswith("@"):
            return "" if target[1:] == me.user else f"@{label or target[1:]}"
        if target.startswith("#"):
            return f"#{label or target[1:]}"
        if target.startswith("!"):
            return f"@{(label or target[1:]).lstrip('@')}"
        return f"{label} ({target})" if label and label not in target else target

    return unescape(_LINKED.sub(spell, text)).strip()


def person(user: str, team: str, here: str) -> Person:
    """Give a person of whom nothing is known yet, and who is a guest until it is."""
    return Person(f"{SLACK}:{here if team == here else team}/{user}", guest=True)


def user_of(event: Event) -> str:
    """Give Slack's id of the sender."""
    return event.sender.id.rpartition("/")[2]


def _is_person(message: Mapping[str, Any], me: Identity) -> bool:
    if message.get("bot_id") or message.get("bot_profile") or message.get("app_id"):
        return False
    return bool(message.get("user")) and message["user"] not in {me.user, "USLACKBOT"}


def number(ts: Any) -> float:
    """Give a stamp as seconds, 0 for what is none."""
    try:
        return float(ts)
    except (TypeError, ValueError):
        return 0.0
