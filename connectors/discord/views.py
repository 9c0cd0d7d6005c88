"""Buttons under an answer: they work after a restart, on answers a year old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord

from connectors.discord.format import BUTTON_PREFIX

if TYPE_CHECKING:
    import re

    from connectors.discord.commands import Desk


RATING = f"{BUTTON_PREFIX}:helpful:"


def answer_of(message: discord.Message) -> str:
    """Give the id of the answer that a message of ours shows, as its buttons have it, or nothing."""
    for row in message.components:
        for button in getattr(row, "children", ()):
            custom_id = str(getattr(button, "custom_id", "") or "")
            if custom_id.startswith(RATING):
                return custom_id.removeprefix(RATING)
    return ""


class AnswerButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"{BUTTON_PREFIX}:(?P<name>[a-z_-]+):(?P<value>[\s\S]*)",
):
    """Any button of the bot: what it does stands in its custom id."""

    def __init__(self, button: discord.ui.Button[Any], name: str, value: str) -> None:
        super().__init__(button)
        self._name = name
        self._value = value

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py's signature
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> AnswerButton:
        """Read what a button does."""
        return cls(cast("discord.ui.Button[Any]", item), match["name"], match["value"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do the command that the button stands for."""
        await cast("Desk", interaction.client).do(interaction, self._name, self._value)
