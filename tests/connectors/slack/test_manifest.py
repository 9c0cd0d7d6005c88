"""The app manifest and the code say the same: every call has its scope, every event its subscription, none is spare."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from connectors.slack.events import CommandNames
from connectors.slack.interactions import SHORTCUTS
from connectors.slack.wiring import ASIDES, GONE, MESSAGES

if TYPE_CHECKING:
    from pathlib import Path

READ_HISTORY = {"channels:history", "groups:history", "im:history", "mpim:history"}
READ_MEMBERS = {"channels:read", "groups:read", "mpim:read"}
SCOPES_OF_METHODS = {
    "api.call": set(),  # slack_sdk's own way to call one by its name
    "auth.revoke": set(),
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
    "files.info": {"files:read"},
    "usergroups.list": {"usergroups:read"},
    "users.list": {"users:read"},
    "views.open": set(),
    "views.publish": set(),
}
"""docs.slack.dev/reference/methods"""
SCOPES_OF_EVENTS = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "app_uninstalled": set(),
    "assistant_thread_started": {"assistant:write"},
    "assistant_thread_context_changed": {"assistant:write"},
    "member_joined_channel": {"channels:read", "groups:read"},
    "member_left_channel": {"channels:read", "groups:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
    "tokens_revoked": set(),
    "team_join": {"users:read"},
    "user_change": {"users:read"},
}
"""docs.slack.dev/reference/events"""
_NAMED = re.compile(r"[a-z]+(?:\.[a-zA-Z0-9]+)+")
"""How a method is named where it is called by its name."""


@pytest.fixture
def manifest(repository: Path) -> dict[str, Any]:
    """The manifest as Slack reads it."""
    loaded: dict[str, Any] = yaml.safe_load((repository / "slack-app-manifest.yaml").read_text())
    return loaded


@pytest.fixture
def methods(repository: Path) -> set[str]:
    """Every method of the Web API that the code calls, by slack_sdk's function or by its name."""
    found = set()
    for path in (repository / "connectors" / "slack").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and "_" in node.attr.strip("_")
                and hasattr(AsyncWebClient, node.attr)
            ):
                found.add(node.attr.replace("_", "."))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_method(node.value):
                found.add(node.value)
    return found


def _is_method(text: str) -> bool:
    return bool(_NAMED.fullmatch(text)) and hasattr(AsyncWebClient, text.replace(".", "_"))


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
    assert subscribed == {*MESSAGES, *ASIDES, *GONE}


def test_the_commands_are_those_of_the_settings(manifest: dict[str, Any]) -> None:
    """The names that the app has are the defaults; Slack escapes nothing in them."""
    names = CommandNames()
    commands = manifest["features"]["slash_commands"]
    assert [command["command"] for command in commands] == [names.ask, names.helpdesk]
    assert not any(command["should_escape"] for command in commands)


def test_the_shortcuts_are_those_that_are_handled(manifest: dict[str, Any]) -> None:
    """Each is in a message's menu; Slack takes names of 24 characters."""
    shortcuts = manifest["features"]["shortcuts"]
    assert [(each["callback_id"], each["type"]) for each in shortcuts] == [
        (name, "message") for name in SHORTCUTS
    ]
    assert all(len(each["name"]) <= 24 for each in shortcuts)


def test_the_ways_in_are_open(manifest: dict[str, Any]) -> None:
    """Buttons, direct messages, the page, the pane and Socket Mode work without a click on Slack's pages."""
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert manifest["settings"]["socket_mode_enabled"]
    assert manifest["features"]["app_home"]["home_tab_enabled"]
    assert manifest["features"]["assistant_view"]["assistant_description"]
    assert manifest["features"]["app_home"]["messages_tab_enabled"]
    assert not manifest["features"]["app_home"]["messages_tab_read_only_enabled"]
