"""What an app may set in the threads of its pane, and the status in any thread: assistant.threads.*."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.slack.workspace import BOT_USER, SlackError

if TYPE_CHECKING:
    from tests.fakes.slack.workspace import Workspace

MOST_PROMPTS = 4
MOST_LOADING = 10


class Assistant:
    """Carries the three calls out, and keeps what was set."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.titles: dict[tuple[str, str], str] = {}
        self.prompts: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.said: list[str] = []

    def methods(self) -> dict[str, Any]:
        """Give the calls by name."""
        return {
            "assistant.threads.setStatus": self._set_status,
            "assistant.threads.setTitle": self._set_title,
            "assistant.threads.setSuggestedPrompts": self._set_prompts,
        }

    def _set_status(self, arguments: dict[str, Any]) -> dict[str, Any]:
        thread = self._thread(arguments)
        if "status" not in arguments or len(arguments.get("loading_messages") or ()) > MOST_LOADING:
            raise SlackError("invalid_arguments")
        self._workspace.statuses.pop(thread, None)
        if arguments["status"]:
            self._workspace.statuses[thread] = arguments["status"]
            self.said.append(arguments["status"])
        return {}

    def _set_title(self, arguments: dict[str, Any]) -> dict[str, Any]:
        thread = self._thread(arguments)
        if not thread[0].startswith("D") or not arguments.get("title"):
            raise SlackError("invalid_arguments")
        self.titles[thread] = arguments["title"]
        return {}

    def _set_prompts(self, arguments: dict[str, Any]) -> dict[str, Any]:
        thread = self._thread(arguments)
        prompts = arguments.get("prompts") or []
        whole = all(set(each) == {"title", "message"} and all(each.values()) for each in prompts)
        if not thread[0].startswith("D") or not 1 <= len(prompts) <= MOST_PROMPTS or not whole:
            raise SlackError("invalid_arguments")
        self.prompts[thread] = prompts
        return {}

    def _thread(self, arguments: dict[str, Any]) -> tuple[str, str]:
        channel = self._workspace.channel(arguments["channel_id"])
        if BOT_USER not in channel.members:
            raise SlackError("channel_not_found")
        if channel.find(str(arguments.get("thread_ts"))) is None:
            raise SlackError("invalid_thread_ts")
        return channel.id, arguments["thread_ts"]
