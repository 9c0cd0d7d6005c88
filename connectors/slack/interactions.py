"""What people do in Slack beside writing messages, as events of ours: slash commands, clicks, shortcuts, forms. Pure.

Shapes: docs.slack.dev/interactivity/implementing-slash-commands and
/reference/interaction-payloads: block_actions-payload, shortcuts-interaction-payload, view-interactions-payload.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.base import Address, Command, Event, IncomingMessage
from connectors.slack import views
from connectors.slack.events import SLACK, CommandNames, Identity, from_event, is_ours, person, plain
from connectors.slack.messages import ACTION_PREFIX, RATING
from connectors.slack.mrkdwn import unescape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.base import Person


ANSWER_THIS = f"{ACTION_PREFIX}answer_this"
SAVE_AS_ARTICLE = f"{ACTION_PREFIX}save_as_article"
WHY = f"{ACTION_PREFIX}why"
SHORTCUTS = (ANSWER_THIS, SAVE_AS_ARTICLE, WHY)
"""The callback ids of the message shortcuts, as the manifest has them."""
HOME = "home/"
"""How the id of a click on a person's own page begins."""
TITLE_LENGTH = 120


def to_event(body: Mapping[str, Any], me: Identity, names: CommandNames, now: datetime) -> Event | None:
    """Give our event of a payload; None for what is not for us: bots, ourselves, and everything else."""
    kind = body.get("type")
    if kind == "event_callback":
        return from_event(body, me, now)
    if "command" in body:
        return _from_slash(body, me, names, now)
    if kind == "block_actions":
        return _from_click(body, me, now)
    if kind == "message_action":
        return _from_shortcut(body, me, now)
    if kind == "view_submission":
        return _from_form(body, me, now)
    return None


def _from_slash(body: Mapping[str, Any], me: Identity, names: CommandNames, now: datetime) -> Event | None:
    user, channel = str(body["user_id"]), str(body["channel_id"])
    words = unescape(str(body.get("text", ""))).strip()
    sender, place = person(user, str(body["team_id"]), me.team), Address(SLACK, channel, None, me.team)
    if body["command"] == names.ask:
        return _ask(str(body["trigger_id"]), words, sender, place, now)
    if body["command"] == names.helpdesk:
        name, rest = split_command(words)
        return Command(str(body["trigger_id"]), place, sender, name, rest, now)
    return None


def _ask(trigger: str, words: str, sender: Person, asked_in: Address, now: datetime) -> IncomingMessage:
    user = sender.id.rpartition("/")[2]
    own = replace(asked_in, channel=user, thread=None)  # an answer for one person is no part of the channel
    shared = None if asked_in.channel.startswith("D") else asked_in
    return IncomingMessage(f"ask/{trigger}", own, sender, words, now, direct=True, asked_in=shared)


def is_of_page(event: Event) -> bool:
    """Whether it comes of a click on a person's own page."""
    return isinstance(event, Command) and event.command_id.startswith(HOME)


def form_id(user: str, view: str) -> str:
    """Give the id of the command by which a person sends a form."""
    return f"view/{user}/{view}"


def takes_response(body: Mapping[str, Any]) -> bool:
    """Whether a private reply goes to the event's own URL: that of a click would not stay in its thread."""
    ephemeral = bool((body.get("container") or {}).get("is_ephemeral"))
    alone = ephemeral or "command" in body or body.get("type") == "message_action"
    return alone and "response_url" in body


def split_command(words: str) -> tuple[str, str]:
    """Give the command and its arguments: `add Title` with the text below, or `sync zendesk`."""
    name, *rest = words.split(maxsplit=1)[:2] or ["help"]
    return name.casefold(), rest[0].strip() if rest else ""


def _from_click(body: Mapping[str, Any], me: Identity, now: datetime) -> Command | None:
    action = body["actions"][0]
    action_id = str(action.get("action_id", ""))
    if not action_id.startswith(ACTION_PREFIX):
        return None
    name, arguments = action_id.removeprefix(ACTION_PREFIX).partition(":")[0], str(action.get("value") or "")
    if action_id == RATING:
        name, _, arguments = arguments.partition(" ")
    user, message, container = body["user"], body.get("message") or {}, body.get("container") or {}
    user_id = str(user["id"])
    on_page = container.get("type") == "view"
    channel = str((body.get("channel") or {}).get("id") or container.get("channel_id") or user_id)
    return Command(
        f"{HOME if on_page else 'click/'}{user_id}/{action.get('action_ts')}",
        Address(SLACK, channel, _thread_of(message, channel), me.team),
        person(user_id, str(user.get("team_id") or me.team), me.team),
        name,
        arguments,
        now,
        origin=str(message.get("ts") or container.get("message_ts") or ""),
    )


def _from_shortcut(body: Mapping[str, Any], me: Identity, now: datetime) -> Event | None:
    callback, message = body.get("callback_id"), body["message"]
    if callback not in SHORTCUTS:
        return None
    user_id, channel = str(body["user"]["id"]), str(body["channel"]["id"])
    sender = person(user_id, str(body["user"].get("team_id") or me.team), me.team)
    place = Address(SLACK, channel, _thread_of(message, channel), me.team)
    words = plain(str(message.get("text") or ""), me)
    trigger, stamp = str(body["trigger_id"]), str(message.get("ts") or "")
    if callback == ANSWER_THIS:
        return _ask(trigger, words, sender, place, now)
    if callback == WHY:
        name, arguments = "why", answer_of(message) if is_ours(message, me) else ""
    else:
        name, arguments = "add", f"{title_of(words)}\n{words}"
    return Command(f"shortcut/{trigger}", place, sender, name, arguments, now, origin=stamp)


def answer_of(message: Mapping[str, Any]) -> str:
    """Give the id of the answer that a message of ours shows, as its rating buttons have it, or nothing."""
    for block in message.get("blocks") or ():
        for element in block.get("elements") or ():
            if element.get("action_id") == RATING:
                return str((element.get("positive_button") or {}).get("value") or "").partition(" ")[2]
    return ""


def title_of(words: str) -> str:
    """Give the first line of what was said, as long as a title may be."""
    line = next((line.strip() for line in words.splitlines() if line.strip()), "")
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1].rstrip()}…"


def _from_form(body: Mapping[str, Any], me: Identity, now: datetime) -> Command | None:
    filled = views.filled_in(body["view"])
    if filled is None:
        return None
    user = body["user"]
    return Command(
        form_id(str(user["id"]), str(body["view"]["id"])),
        Address(SLACK, filled.channel, filled.thread, me.team),
        person(str(user["id"]), str(user.get("team_id") or me.team), me.team),
        filled.command,
        filled.arguments,
        now,
        fields=filled.fields,
        origin=filled.origin,
    )


def _thread_of(message: Mapping[str, Any], channel: str) -> str | None:
    thread = message.get("thread_ts") or (None if channel.startswith("D") else message.get("ts"))
    return str(thread) if thread else None
