"""docs/discord.md says what the code does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connectors.discord.client import PERMISSIONS, intents

if TYPE_CHECKING:
    from pathlib import Path


def test_the_invite_link_asks_for_exactly_what_is_needed(repository: Path) -> None:
    """The number in the link is the permissions that the bot uses."""
    text = (repository / "docs" / "discord.md").read_text(encoding="utf-8")
    assert re.findall(r"permissions=(\d+)", text) == [str(PERMISSIONS.value)]


def test_message_content_is_the_only_privileged_intent() -> None:
    """What Discord reviews is asked for once, and can be done without."""
    asked = dict(intents(message_content=True))
    privileged = {"members", "presences", "message_content"}
    assert {name for name, value in asked.items() if value and name in privileged} == {"message_content"}
    assert not intents(message_content=False).message_content
