"""Modals and home pages: views.*, with Slack's limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.slack.blocks import problem_with
from tests.fakes.slack.workspace import SlackError

if TYPE_CHECKING:
    from tests.fakes.slack.workspace import Workspace

MOST_BLOCKS = 100
ON_MESSAGES_ONLY = {"markdown", "context_actions"}
"""docs.slack.dev/reference/block-kit/blocks: the surfaces of each."""


class Views:
    """Carries the calls out, and keeps what was shown."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.opened: list[dict[str, Any]] = []
        self.homes: dict[str, list[dict[str, Any]]] = {}
        self.triggers: set[str] = set()

    def methods(self) -> dict[str, Any]:
        """Give the calls by name."""
        return {"views.open": self._open, "views.publish": self._publish}

    def _open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments.get("trigger_id") not in self.triggers:
            raise SlackError("invalid_trigger_id")
        self.triggers.discard(arguments["trigger_id"])
        view = _checked(arguments, "modal")
        if not 1 <= len(view["title"]["text"]) <= 24 or len(view.get("private_metadata", "")) > 3_000:
            raise SlackError("invalid_arguments: title or metadata")
        view["id"] = f"V{len(self.opened) + 1}"
        self.opened.append(view)
        return {"view": view}

    def _publish(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if arguments["user_id"] not in self._workspace.users:
            raise SlackError("user_not_found")
        view = _checked(arguments, "home")
        self.homes.setdefault(arguments["user_id"], []).append(view)
        return {"view": {**view, "id": f"H{arguments['user_id']}"}}


def _checked(arguments: dict[str, Any], kind: str) -> dict[str, Any]:
    view = arguments["view"]
    view = dict(json.loads(view) if isinstance(view, str) else view)
    if view["type"] != kind or len(view["blocks"]) > MOST_BLOCKS or len(json.dumps(view)) > 250_000:
        raise SlackError("invalid_arguments")
    for start in range(0, len(view["blocks"]), 50):
        problem = problem_with(view["blocks"][start : start + 50])
        if problem:
            raise SlackError(f"invalid_arguments: {problem}")
    ids = [block["block_id"] for block in view["blocks"] if "block_id" in block]
    if len(ids) != len(set(ids)):
        raise SlackError("invalid_arguments: a block_id twice")
    for block in view["blocks"]:
        element = block.get("element", {})
        if block["type"] in ON_MESSAGES_ONLY:
            raise SlackError(f"invalid_arguments: {block['type']} is for messages")
        if len(element.get("initial_value", "")) > element.get("max_length", 3_000):
            raise SlackError("invalid_arguments: initial_value")
    return view
