"""Messages that grow: chat.startStream, chat.appendStream and chat.stopStream.

What is refused is what docs.slack.dev/reference/methods/chat.startStream and its sisters say, and what others have
met: an open stream takes neither chat.update nor chat.delete, and one that Slack has ended takes no more text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.slack.blocks import problem_with
from tests.fakes.slack.workspace import BOT_ID, BOT_USER, SlackError

if TYPE_CHECKING:
    from tests.fakes.slack.workspace import Channel, Workspace

LONGEST = 12_000
_TAKEN = {
    "chat.startStream": {"channel", "thread_ts", "markdown_text", "recipient_user_id", "recipient_team_id"},
    "chat.appendStream": {"channel", "ts", "markdown_text"},
    "chat.stopStream": {"channel", "ts", "markdown_text", "blocks", "metadata"},
}


class Streams:
    """Carries the three calls out. `open` holds what grows; `ended` what Slack or a person ended, and why."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.open: dict[str, str] = {}
        self.ended: dict[str, str] = {}
        self.started = 0

    def methods(self) -> dict[str, Any]:
        """Give the calls by name."""
        return {
            "chat.startStream": self._start,
            "chat.appendStream": self._append,
            "chat.stopStream": self._stop,
        }

    def end(self, why: str = "message_not_in_streaming_state") -> None:
        """End every stream from outside: after some minutes, or because a person pressed stop."""
        for ts in list(self.open):
            del self.open[ts]
            self.ended[ts] = why

    def refuses(self, ts: str, error: str) -> None:
        """Raise `error` for a message that still grows."""
        if ts in self.open:
            raise SlackError(error)

    def _start(self, arguments: dict[str, Any]) -> dict[str, Any]:
        _check("chat.startStream", arguments)
        channel = self._channel(arguments)
        thread = arguments.get("thread_ts")
        if not thread:
            raise SlackError("invalid_arguments")
        if channel.find(thread) is None:
            raise SlackError("thread_not_found")
        for name in ("recipient_user_id", "recipient_team_id"):
            if not channel.id.startswith("D") and not arguments.get(name):
                raise SlackError(f"missing_{name}")
        ts = self._workspace.stamp()
        message = {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": ts, "thread_ts": thread}
        self.open[ts] = ""
        self.started += 1
        channel.messages.append(message)
        self._grow(message, arguments)
        self._workspace.statuses.pop((channel.id, thread), None)
        return {"channel": channel.id, "ts": ts}

    def _append(self, arguments: dict[str, Any]) -> dict[str, Any]:
        _check("chat.appendStream", arguments)
        message = self._growing(arguments)
        if not arguments.get("markdown_text"):
            raise SlackError("no_text")
        self._grow(message, arguments)
        return {"channel": arguments["channel"], "ts": message["ts"]}

    def _stop(self, arguments: dict[str, Any]) -> dict[str, Any]:
        _check("chat.stopStream", arguments)
        message = self._growing(arguments)
        given = arguments.get("blocks") or []
        blocks = json.loads(given) if isinstance(given, str) else given
        if blocks and (problem := problem_with(blocks)):
            raise SlackError(f"invalid_blocks {problem}")
        metadata = arguments.get("metadata")
        if metadata is not None:
            metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
            if set(metadata) != {"event_type", "event_payload"}:
                raise SlackError("invalid_metadata_format")
            message["metadata"] = metadata
        self._grow(message, arguments)
        del self.open[message["ts"]]
        self.ended[message["ts"]] = "message_not_in_streaming_state"
        message["blocks"] = [*message["blocks"], *blocks]
        return {"channel": arguments["channel"], "ts": message["ts"], "message": message}

    def _grow(self, message: dict[str, Any], arguments: dict[str, Any]) -> None:
        text = arguments.get("markdown_text") or ""
        if len(text) > LONGEST:
            raise SlackError("msg_too_long")
        whole = self.open[message["ts"]] + text
        if len(whole) > LONGEST:
            raise SlackError("msg_too_long")
        self.open[message["ts"]] = whole
        message |= {"text": whole[:4_000], "blocks": [{"type": "markdown", "text": whole}] if whole else []}

    def _growing(self, arguments: dict[str, Any]) -> dict[str, Any]:
        message = self._channel(arguments).find(arguments["ts"])
        if message is None:
            raise SlackError("message_not_found")
        if message["ts"] not in self.open:
            raise SlackError(self.ended.get(message["ts"], "message_not_in_streaming_state"))
        return message

    def _channel(self, arguments: dict[str, Any]) -> Channel:
        channel = self._workspace.channel(arguments["channel"])
        if BOT_USER not in channel.members:
            raise SlackError("not_in_channel")
        return channel


def _check(method: str, arguments: dict[str, Any]) -> None:
    if set(arguments) - _TAKEN[method]:
        raise SlackError(f"invalid_arguments {sorted(set(arguments) - _TAKEN[method])}")
