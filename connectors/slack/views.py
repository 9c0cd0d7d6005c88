"""Slack's modals. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connectors.slack.events import NOT_HELPFUL_VIEW

if TYPE_CHECKING:
    from connectors.base import Command

REASONS = {
    "wrong": "It is wrong",
    "outdated": "It is outdated",
    "incomplete": "Something is missing",
    "other": "Something else",
}


def not_helpful(click: Command) -> dict[str, Any]:
    """Give the modal that asks what was wrong with an answer."""
    kept = {"answer": click.arguments, "channel": click.address.channel, "thread": click.address.thread}
    options = [{"text": _plain(words), "value": value} for value, words in REASONS.items()]
    return {
        "type": "modal",
        "callback_id": NOT_HELPFUL_VIEW,
        "private_metadata": json.dumps(kept),
        "title": _plain("What was wrong?"),
        "submit": _plain("Send"),
        "close": _plain("Cancel"),
        "blocks": [
            {
                "type": "input",
                "block_id": "reason",
                "label": _plain("The answer did not help because"),
                "element": {"type": "radio_buttons", "action_id": "reason", "options": options},
            }
        ],
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
