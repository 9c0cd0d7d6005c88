"""Forms as Slack's modals, and what was filled in. Pure.

Limits: docs.slack.dev/reference/views/modal-views and /reference/block-kit/block-elements/plain-text-input-element.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors.slack.messages import ACTION_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connectors.base import Command
    from connectors.forms import Field, Form

FORM_VIEW = f"{ACTION_PREFIX}form"
"""The callback id of every form."""
TITLE_LIMIT = 24
LABEL_LIMIT = 2_000
HINT_LIMIT = 2_000
OPTION_LIMIT = 75
VALUE_LIMIT = 150
OPTIONS = 100
INPUT_LIMIT = 3_000
METADATA_LIMIT = 3_000
BLOCKS = 100
SIZE_LIMIT = 240_000
"""A view takes 250 kB."""
ACTION = "value"
_LINE, _JOINED = "line", "joined"


class TooLargeError(Exception):
    """The form has more in it than a modal takes."""


@dataclass(frozen=True, slots=True)
class FilledIn:
    """A form that was sent: its command with the place where it was asked for."""

    command: str
    arguments: str
    channel: str
    thread: str | None
    origin: str
    fields: Mapping[str, str] = field(default_factory=dict)


def to_view(form: Form, asked: Command) -> dict[str, Any]:
    """Give the modal of a form that a command asked for. Raises TooLargeError."""
    kept = {
        "command": form.command,
        "arguments": form.arguments,
        "channel": asked.address.channel,
        "thread": asked.address.thread,
        "origin": asked.origin,
    }
    view = {
        "type": "modal",
        "callback_id": FORM_VIEW,
        "private_metadata": json.dumps(kept, separators=(",", ":")),
        "title": _plain(form.title, TITLE_LIMIT),
        "submit": _plain(form.submit, TITLE_LIMIT),
        "close": _plain("Cancel", TITLE_LIMIT),
        "blocks": [block for each in form.fields for block in _inputs(each)],
    }
    too_large = (
        len(view["private_metadata"]) > METADATA_LIMIT
        or not 1 <= len(view["blocks"]) <= BLOCKS
        or len(json.dumps(view)) > SIZE_LIMIT
    )
    if too_large:
        raise TooLargeError(f'the form "{form.title}" is too large for Slack')
    return view


def filled_in(view: Mapping[str, Any]) -> FilledIn | None:
    """Read a form that was sent; None when it is none of ours."""
    if view.get("callback_id") != FORM_VIEW:
        return None
    return FilledIn(**json.loads(view["private_metadata"]), fields=_values(view["state"]["values"]))


def cut(text: str, limit: int = INPUT_LIMIT) -> list[tuple[str, str]]:
    """Cut a text into pieces that an input takes, at line ends where it can, each with how it joins the one before.

    Joined again they are the text; an astral character counts as two, as in a browser.
    """
    most = limit if max(text, default="") <= "\uffff" else limit // 2
    pieces: list[tuple[str, str]] = []
    joint, rest = _JOINED, text
    while len(rest) > most:
        end = rest.rfind("\n", 1, most + 1)
        if end < 1 or end == len(rest) - 1:
            pieces.append((rest[:most], joint))
            joint, rest = _JOINED, rest[most:]
        else:
            pieces.append((rest[:end], joint))
            joint, rest = _LINE, rest[end + 1 :]
    return [*pieces, (rest, joint)] if rest or not pieces else pieces


def _inputs(shown: Field) -> Iterator[dict[str, Any]]:
    if shown.kind == "choice" and _fits(shown):
        yield _input(shown, shown.name, shown.label, _select(shown), optional=not shown.required)
        return
    if shown.kind != "text":
        element = {**_text(shown.value[:INPUT_LIMIT]), "multiline": False}
        yield _input(shown, shown.name, shown.label, element, optional=not shown.required)
        return
    pieces = [*cut(shown.value), ("", _LINE)] if shown.value else cut("")
    if len(pieces) == 1 + 1 and len(shown.value) < INPUT_LIMIT // 2:
        pieces.pop()  # there is room enough
    for place, (text, joint) in enumerate(pieces):
        label = shown.label if not place else f"{shown.label} (goes on)"
        element = {**_text(text), "multiline": True}
        optional = bool(place) or not shown.required
        yield _input(shown, f"{shown.name}:{place}:{joint}", label, element, optional=optional)


def _input(
    shown: Field, block_id: str, label: str, element: dict[str, Any], *, optional: bool
) -> dict[str, Any]:
    block = {
        "type": "input",
        "block_id": block_id,
        "label": _plain(label, LABEL_LIMIT),
        "element": {**element, "action_id": ACTION},
        "optional": optional,
    }
    first = ":" not in block_id or ":0:" in block_id
    return {**block, "hint": _plain(shown.hint, HINT_LIMIT)} if shown.hint and first else block


def _text(value: str) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "plain_text_input", "max_length": INPUT_LIMIT}
    return {**element, "initial_value": value} if value else element


def _fits(shown: Field) -> bool:
    return 1 <= len(shown.options) <= OPTIONS and all(
        1 <= len(each.value) <= VALUE_LIMIT for each in shown.options
    )


def _select(shown: Field) -> dict[str, Any]:
    options = [
        {"text": _plain(each.label or each.value, OPTION_LIMIT), "value": each.value}
        for each in shown.options
    ]
    element: dict[str, Any] = {"type": "static_select", "options": options}
    chosen = next((option for option in options if option["value"] == shown.value), None)
    return {**element, "initial_option": chosen} if chosen else element


def _values(values: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for block_id, actions in values.items():
        state = actions[ACTION]
        value = str(state.get("value") or (state.get("selected_option") or {}).get("value") or "")
        name, *part = block_id.split(":")
        if name not in found:
            found[name] = value
        elif value:
            found[name] += f"\n{value}" if part[-1] == _LINE and found[name] else value
    return found


def _plain(text: str, limit: int) -> dict[str, Any]:
    words = text.strip() or "…"
    short = words if len(words) <= limit else f"{words[: limit - 1]}…"
    return {"type": "plain_text", "text": short, "emoji": True}
