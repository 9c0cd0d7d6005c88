"""What people do in the workspace beside writing: commands, clicks, shortcuts, forms, their own page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from itertools import count

    from tests.fakes.slack.web_api import WebApi
    from tests.fakes.slack.workspace import Workspace


class Doing:
    """The part of the fake by which tests act."""

    base: str
    api: WebApi
    workspace: Workspace
    numbers: count[int]

    async def deliver(self, payload: dict[str, Any], kind: str = "events_api") -> dict[str, Any]:
        """See FakeSlack."""
        raise NotImplementedError

    def payload(self, event: dict[str, Any]) -> dict[str, Any]:
        """See FakeSlack."""
        raise NotImplementedError

    async def command(self, user: str, command: str, text: str, channel: str = "C1") -> dict[str, Any]:
        """A person uses a slash command; gives its payload."""
        trigger = self.trigger()
        payload = {
            "command": command,
            "text": text,
            "user_id": user,
            "channel_id": channel,
            "team_id": self.workspace.team,
            "trigger_id": trigger,
            "response_url": f"{self.base}/respond/{trigger}",
        }
        await self.deliver(payload, "slash_commands")
        return payload

    async def press(
        self,
        user: str,
        message: dict[str, Any],
        element: dict[str, Any],
        channel: str = "C1",
        *,
        ephemeral: bool = False,
    ) -> str:
        """A person presses a button under a message, of which nothing is told if only they see it."""
        trigger = self.trigger()
        payload = {
            "type": "block_actions",
            "user": {"id": user, "team_id": self.workspace.team},
            "team": {"id": self.workspace.team},
            "channel": {"id": channel},
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": channel,
                "is_ephemeral": ephemeral,
            },
            **({} if ephemeral else {"message": message}),
            "actions": [{**element, "action_ts": self.workspace.stamp(), "block_id": "b"}],
            "trigger_id": trigger,
            "response_url": f"{self.base}/respond/{trigger}",
        }
        await self.deliver(payload, "interactive")
        return trigger

    async def submit(self, user: str, view: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        """A person submits a modal; gives the ack."""
        payload = {
            "type": "view_submission",
            "user": {"id": user, "team_id": self.workspace.team},
            "team": {"id": self.workspace.team},
            "view": {**view, "state": {"values": values}, "hash": "1.a"},
        }
        return await self.deliver(payload, "interactive")

    async def shortcut(self, user: str, callback: str, message: dict[str, Any], channel: str = "C1") -> str:
        """A person chooses a shortcut of the app in a message's menu; gives the trigger."""
        trigger = self.trigger()
        payload = {
            "type": "message_action",
            "callback_id": callback,
            "user": {"id": user, "team_id": self.workspace.team},
            "team": {"id": self.workspace.team},
            "channel": {"id": channel},
            "message": message,
            "message_ts": message["ts"],
            "trigger_id": trigger,
            "response_url": f"{self.base}/respond/{trigger}",
        }
        await self.deliver(payload, "interactive")
        return trigger

    async def press_on_page(self, user: str, view: dict[str, Any], element: dict[str, Any]) -> None:
        """A person presses a button on the app's page: no channel, no message, and no response URL."""
        payload = {
            "type": "block_actions",
            "user": {"id": user, "team_id": self.workspace.team},
            "team": {"id": self.workspace.team},
            "container": {"type": "view", "view_id": "H1"},
            "view": {**view, "id": "H1"},
            "actions": [{**element, "action_ts": self.workspace.stamp(), "block_id": "b"}],
            "trigger_id": self.trigger(),
        }
        await self.deliver(payload, "interactive")

    async def open_home(self, user: str, tab: str = "home") -> None:
        """A person looks at the app's page."""
        await self.deliver(self.payload({"type": "app_home_opened", "user": user, "tab": tab}))

    def trigger(self) -> str:
        """Give a trigger, by which one modal may be opened."""
        trigger = f"trigger{next(self.numbers)}"
        self.api.modals.triggers.add(trigger)
        return trigger
