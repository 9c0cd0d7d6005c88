"""The app manifest and the code say the same: every call has its scope, every event its subscription, none is spare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from connectors.slack.assistant import PANE_EVENTS
from connectors.slack.events import CommandNames
from connectors.slack.wiring import MEMBERSHIP, MESSAGES

if TYPE_CHECKING:
    from pathlib import Path

READ_HISTORY = {"channels:history", "groups:history", "im:history", "mpim:history"}
READ_MEMBERS = {"channels:read", "groups:read", "mpim:read"}
SCOPES_OF_METHODS = {
    "auth.test": set(),
    "apps.connections.open": set(),  # the app-level token's own
    "chat.postMessage": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.update": {"chat:write"},
    "chat.delete": {"chat:write"},
    "chat.startStream": {"chat:write"},
    "chat.appendStream": {"chat:write"},
    "chat.stopStream": {"chat:write"},
    "assistant.threads.setStatus": {"chat:write"},
    "assistant.threads.setTitle": {"assistant:write"},
    "assistant.threads.setSuggestedPrompts": {"assistant:write"},
    "conversations.history": READ_HISTORY,
    "conversations.replies": READ_HISTORY,
    "conversations.members": READ_MEMBERS,
    "usergroups.list": {"usergroups:read"},
    "users.list": {"users:read"},
    "views.open": set(),
}
"""docs.slack.dev/reference/methods"""
SCOPES_OF_EVENTS = {
    "app_mention": {"app_mentions:read"},
    "assistant_thread_started": {"assistant:write"},
    "assistant_thread_context_changed": {"assistant:write"},
    "member_joined_channel": {"channels:read", "groups:read"},
    "member_left_channel": {"channels:read", "groups:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
    "team_join": {"users:read"},
    "user_change": {"users:read"},
}
"""docs.slack.dev/reference/events"""
_CALL = re.compile(
    r"(?:_client|client)\.((?:assistant|auth|apps|chat|conversations|usergroups|users|views)_\w+)\b"
)
_NAMED = re.compile(r'"((?:assistant|chat|conversations|usergroups|users|views)\.\w+)"')


@pytest.fixture
def manifest(repository: Path) -> dict[str, Any]:
    """The manifest as Slack reads it."""
    loaded: dict[str, Any] = yaml.safe_load((repository / "slack-app-manifest.yaml").read_text())
    return loaded


@pytest.fixture
def methods(repository: Path) -> set[str]:
    """Every method of the Web API that the code calls."""
    code = "".join(path.read_text() for path in (repository / "connectors" / "slack").glob("*.py"))
    return {
        name.replace("_", ".", name.count("_") if name.startswith(("apps_", "assistant_")) else 1)
        for name in _CALL.findall(code)
    } | set(_NAMED.findall(code))


def test_the_scopes_are_those_that_are_used(manifest: dict[str, Any], methods: set[str]) -> None:
    """Each call and event has its scope, and no scope is there for nothing."""
    needed = {"commands"}
    for method in methods:
        needed |= SCOPES_OF_METHODS[method]
    for event in manifest["settings"]["event_subscriptions"]["bot_events"]:
        needed |= SCOPES_OF_EVENTS[event]
    assert needed == set(manifest["oauth_config"]["scopes"]["bot"])
    assert {"chat.postMessage", "users.list", "views.open", "apps.connections.open"} <= methods


def test_the_events_are_those_that_are_handled(manifest: dict[str, Any]) -> None:
    """Each handled event is subscribed to, and no other."""
    subscribed = {
        event.partition(".")[0] for event in manifest["settings"]["event_subscriptions"]["bot_events"]
    }
    assert subscribed == {*MESSAGES, *MEMBERSHIP, *PANE_EVENTS}


def test_the_commands_are_those_of_the_settings(manifest: dict[str, Any]) -> None:
    """The names that the app has are the defaults; Slack escapes nothing in them."""
    names = CommandNames()
    commands = manifest["features"]["slash_commands"]
    assert [command["command"] for command in commands] == [names.ask, names.helpdesk]
    assert not any(command["should_escape"] for command in commands)


def test_the_ways_in_are_open(manifest: dict[str, Any]) -> None:
    """Buttons, direct messages and Socket Mode work without a click on Slack's pages."""
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert manifest["settings"]["socket_mode_enabled"]
    assert manifest["features"]["app_home"]["messages_tab_enabled"]
    assert not manifest["features"]["app_home"]["messages_tab_read_only_enabled"]
