"""What Slack delivers, as events of ours. Pure.

Shapes: docs.slack.dev/reference/events/message, …/app_mention, /interactivity/implementing-slash-commands and
/reference/interaction-payloads/block_actions-payload.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connectors.base import Address, Command, Event, IncomingMessage, Person, SharedFile
from connectors.slack.messages import ACTION_PREFIX, NOT_HELPFUL, RATING
from connectors.slack.mrkdwn import unescape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

SLACK = "slack"
EDIT_SECONDS = 60.0
"""An edit after that is not answered again."""
_EDIT = "/edit/"
_SPOKEN = frozenset({None, "", "file_share", "thread_broadcast", "me_message"})
"""The subtypes of messages that a person said."""
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_LINKED = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
NOT_HELPFUL_VIEW = f"{ACTION_PREFIX}{NOT_HELPFUL}"


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


def to_event(body: Mapping[str, Any], me: Identity, names: CommandNames, now: datetime) -> Event | None:
    """Give our event of a payload; None for what is not for us: bots, ourselves, and everything else."""
    if body.get("type") == "event_callback":
        return _from_event(body, me, now)
    if "command" in body:
        return _from_slash(body, names, now)
    if body.get("type") == "block_actions":
        return _from_click(body, now)
    if body.get("type") == "view_submission":
        return _from_view(body, now)
    return None


def original_of(message_id: str) -> str | None:
    """Give the id of the message that was edited, for the event of an edit."""
    original, edit, _ = message_id.partition(_EDIT)
    return original if edit else None


def goes_on(thread: Sequence[Mapping[str, Any]], ts: str, user: str, me: Identity) -> bool:
    """Whether a message that names nobody goes on with the bot: it asked, the bot answered, nobody else spoke since."""
    before = [message for message in thread if _number(message.get("ts")) < _number(ts)]
    answers = [place for place, message in enumerate(before) if is_ours(message, me)]
    if not answers:
        return False
    asked = [message for message in before[: answers[-1]] if not is_ours(message, me)]
    since = before[answers[-1] + 1 :]
    return bool(asked) and asked[-1].get("user") == user and all(each.get("user") == user for each in since)


def is_ours(message: Mapping[str, Any], me: Identity) -> bool:
    """Whether the bot itself posted it."""
    return message.get("user") == me.user or (bool(me.bot) and message.get("bot_id") == me.bot)


def _from_event(body: Mapping[str, Any], me: Identity, now: datetime) -> IncomingMessage | None:
    event = body.get("event", {})
    if event.get("type") not in {"message", "app_mention"}:
        return None
    if event.get("subtype") == "message_changed":
        return _from_edit(body, event, me, now)
    if event.get("subtype") not in _SPOKEN or not _is_person(event, me):
        return None
    return _message(body, event, str(event.get("channel", "")), me, now)


def _from_edit(
    body: Mapping[str, Any], event: Mapping[str, Any], me: Identity, now: datetime
) -> IncomingMessage | None:
    said = event.get("message", {})
    edited = said.get("edited", {}).get("ts")
    if edited is None or said.get("subtype") not in _SPOKEN or not _is_person(said, me):
        return None
    if said.get("text") == event.get("previous_message", {}).get("text"):
        return None
    if _number(edited) - _number(said.get("ts")) > EDIT_SECONDS:
        return None
    shown = {**said, "channel_type": event.get("channel_type")}
    message = _message(body, shown, str(event.get("channel", "")), me, now)
    if not message.addressed:
        return None
    return replace(message, message_id=f"{said['ts']}{_EDIT}{edited}")


def _message(
    body: Mapping[str, Any], event: Mapping[str, Any], channel: str, me: Identity, now: datetime
) -> IncomingMessage:
    team = str(body.get("team_id", me.team))
    text = str(event.get("text") or "")
    named = _MENTION.findall(text)
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    thread = event.get("thread_ts")
    starts = thread is None and not direct
    addressed = direct or me.user in named
    return IncomingMessage(
        message_id=str(event["ts"]),
        address=Address(SLACK, channel, str(event["ts"]) if starts else thread, team),
        sender=_person(str(event["user"]), str(event.get("user_team") or event.get("team") or team), team),
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


def _from_slash(body: Mapping[str, Any], names: CommandNames, now: datetime) -> Event | None:
    team, user, channel = str(body["team_id"]), str(body["user_id"]), str(body["channel_id"])
    words = unescape(str(body.get("text", ""))).strip()
    sender = _person(user, team, team)
    if body["command"] == names.ask:
        own = Address(SLACK, user, None, team)  # an answer for one person is no part of the channel
        return IncomingMessage(f"ask/{body['trigger_id']}", own, sender, words, now, direct=True)
    if body["command"] == names.helpdesk:
        name, _, rest = words.partition(" ")
        place = Address(SLACK, channel, None, team)
        return Command(str(body["trigger_id"]), place, sender, (name or "help").casefold(), rest.strip(), now)
    return None


def _from_click(body: Mapping[str, Any], now: datetime) -> Command | None:
    action = body["actions"][0]
    action_id = str(action.get("action_id", ""))
    if not action_id.startswith(ACTION_PREFIX):
        return None
    name, arguments = action_id.removeprefix(ACTION_PREFIX).partition(":")[0], str(action.get("value") or "")
    if action_id == RATING:
        name, _, arguments = arguments.partition(" ")
    team, user = (
        str((body.get("team") or body["user"])["id" if body.get("team") else "team_id"]),
        body["user"],
    )
    message = body.get("message", {})
    channel = str((body.get("channel") or {}).get("id") or body.get("container", {}).get("channel_id", ""))
    thread = message.get("thread_ts") or (None if channel.startswith("D") else message.get("ts"))
    return Command(
        f"click/{user['id']}/{action.get('action_ts')}",
        Address(SLACK, channel, thread, team),
        _person(str(user["id"]), str(user.get("team_id") or team), team),
        name,
        arguments,
        now,
    )


def _from_view(body: Mapping[str, Any], now: datetime) -> Command | None:
    view = body["view"]
    if view.get("callback_id") != NOT_HELPFUL_VIEW:
        return None
    kept = json.loads(view["private_metadata"])
    chosen = view["state"]["values"]["reason"]["reason"]["selected_option"]["value"]
    user, team = body["user"], str((body.get("team") or {}).get("id") or body["user"]["team_id"])
    return Command(
        f"view/{user['id']}/{view['id']}",
        Address(SLACK, kept["channel"], kept["thread"], team),
        _person(str(user["id"]), str(user.get("team_id") or team), team),
        NOT_HELPFUL,
        f"{kept['answer']} {chosen}",
        now,
    )


def _person(user: str, team: str, here: str) -> Person:
    """Give a person of whom nothing is known yet, and who is a guest until it is."""
    return Person(f"{SLACK}:{here if team == here else team}/{user}", guest=True)


def user_of(event: Event) -> str:
    """Give Slack's id of the sender."""
    return event.sender.id.rpartition("/")[2]


def _is_person(message: Mapping[str, Any], me: Identity) -> bool:
    if message.get("bot_id") or message.get("bot_profile") or message.get("app_id"):
        return False
    return bool(message.get("user")) and message["user"] not in {me.user, "USLACKBOT"}


def _number(ts: Any) -> float:
    try:
        return float(ts)
    except (TypeError, ValueError):
        return 0.0
