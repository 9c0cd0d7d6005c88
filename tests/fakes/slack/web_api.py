"""The methods of Slack's Web API that the bot calls, strict about what they are given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.slack.assistant import Assistant
from tests.fakes.slack.blocks import problem_with
from tests.fakes.slack.streams import Streams
from tests.fakes.slack.views import Views
from tests.fakes.slack.workspace import BOT_ID, BOT_USER, Channel, SlackError, Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

Arguments = dict[str, Any]


class WebApi:
    """Carries calls out; raises SlackError with Slack's own error codes."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.checks_blocks = True
        self.streams = Streams(workspace)
        self.assistant = Assistant(workspace)
        self.modals = Views(workspace)
        self._further = {**self.streams.methods(), **self.assistant.methods(), **self.modals.methods()}

    @property
    def views(self) -> list[dict[str, Any]]:
        """The modals that were opened."""
        return self.modals.opened

    def call(self, method: str, arguments: Arguments) -> dict[str, Any]:
        """Do one call and give its answer."""
        function = self._further.get(method) or getattr(self, f"_{method.replace('.', '_')}", None)
        if function is None:
            raise SlackError("unknown_method")
        result: dict[str, Any] = function(arguments)
        return result

    def _auth_test(self, _: Arguments) -> dict[str, Any]:
        return {
            "team": "Desk",
            "team_id": self.workspace.team,
            "user": "desk",
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
        }

    def _files_info(self, arguments: Arguments) -> dict[str, Any]:
        file = self.workspace.files.get(arguments["file"])
        if file is None:
            raise SlackError("file_not_found")
        return {"file": file.to_json()}

    def _users_info(self, arguments: Arguments) -> dict[str, Any]:
        user = self.workspace.users.get(arguments["user"])
        if user is None:
            raise SlackError("user_not_found")
        return {"user": user.to_json()}

    def _users_list(self, arguments: Arguments) -> dict[str, Any]:
        own = [user.to_json() for user in self.workspace.users.values()]
        return _page(own, arguments, "members")

    def _usergroups_list(self, _: Arguments) -> dict[str, Any]:
        groups = self.workspace.groups.items()
        return {"usergroups": [{"id": name, "users": sorted(users)} for name, users in groups]}

    def _conversations_members(self, arguments: Arguments) -> dict[str, Any]:
        return _page(sorted(self._readable(arguments).members), arguments, "members")

    def _conversations_replies(self, arguments: Arguments) -> dict[str, Any]:
        thread = self._readable(arguments).thread(arguments["ts"])
        if not thread:
            raise SlackError("thread_not_found")
        thread = [each for each in thread if each["ts"] > str(arguments.get("oldest", ""))]
        return _page([_shown(each, arguments) for each in thread], arguments, "messages")

    def _conversations_history(self, arguments: Arguments) -> dict[str, Any]:
        tops = [each for each in self._readable(arguments).messages if "thread_ts" not in each]
        return _page([_shown(each, arguments) for each in reversed(tops)], arguments, "messages")

    def _chat_postMessage(self, arguments: Arguments) -> dict[str, Any]:  # noqa: N802 - Slack's name
        channel = self._readable(arguments)
        message = self._content(arguments)
        thread = arguments.get("thread_ts")
        if thread is not None:
            if channel.find(thread) is None:
                raise SlackError("thread_not_found")
            message["thread_ts"] = thread
        if arguments.get("unfurl_links") or arguments.get("unfurl_media"):
            raise SlackError("this_bot_unfurls_nothing")
        message |= {"type": "message", "user": BOT_USER, "bot_id": BOT_ID, "ts": self.workspace.stamp()}
        channel.messages.append(message)
        self.workspace.statuses.pop((channel.id, str(thread)), None)
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _chat_update(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._readable(arguments)
        message = channel.find(arguments["ts"])
        if message is None:
            raise SlackError("message_not_found")
        if message.get("bot_id") != BOT_ID:
            raise SlackError("cant_update_message")
        self.streams.refuses(message["ts"], "streaming_state_conflict")
        message |= self._content(arguments)
        message["edited"] = {"user": BOT_USER, "ts": self.workspace.stamp()}
        return {"channel": channel.id, "ts": message["ts"]}

    def _chat_delete(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._readable(arguments)
        message = channel.find(arguments["ts"])
        if message is None or message.get("bot_id") != BOT_ID:
            raise SlackError("message_not_found")
        self.streams.refuses(message["ts"], "cant_delete_message")
        channel.messages.remove(message)
        return {"ts": message["ts"]}

    def _chat_postEphemeral(self, arguments: Arguments) -> dict[str, Any]:  # noqa: N802
        channel = self._readable(arguments)
        if arguments["user"] not in channel.members:
            raise SlackError("user_not_in_channel")
        whisper = {**self._content(arguments), "for": arguments["user"], "ts": self.workspace.stamp()}
        channel.whispers.append(whisper | {"thread_ts": arguments.get("thread_ts")})
        return {"message_ts": whisper["ts"]}

    def _readable(self, arguments: Arguments) -> Channel:
        channel = self.workspace.channel(arguments["channel"])
        if BOT_USER not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def _content(self, arguments: Arguments) -> dict[str, Any]:
        blocks = _parsed(arguments.get("blocks") or [])
        text = arguments.get("text", "")
        problem = problem_with(blocks) if self.checks_blocks else None
        if problem:
            raise SlackError(f"invalid_blocks {problem}")
        if not text or len(text) > 4_000:
            raise SlackError("no_text" if not text else "msg_too_long")
        content = {"text": text, "blocks": blocks}
        if "metadata" in arguments:
            metadata = _parsed(arguments["metadata"])
            if set(metadata) != {"event_type", "event_payload"}:
                raise SlackError("invalid_metadata_format")
            content["metadata"] = metadata
        return content


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _shown(message: dict[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Give a message as it is listed: its metadata only to who asks for it."""
    asked = str(arguments.get("include_all_metadata", "")).lower() in {"1", "true"}
    return message if asked else {key: value for key, value in message.items() if key != "metadata"}


def _page(found: list[Any], arguments: Mapping[str, Any], name: str) -> dict[str, Any]:
    limit = int(arguments.get("limit", 100))
    if not 1 <= limit <= 1_000:
        raise SlackError("invalid_limit")
    start = int(arguments.get("cursor") or 0)
    more = start + limit < len(found)
    cursor = str(start + limit) if more else ""
    return {
        name: found[start : start + limit],
        "has_more": more,
        "response_metadata": {"next_cursor": cursor},
    }
