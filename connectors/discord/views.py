"""Buttons under an answer, and the forms that open: they work after a restart, on answers a year old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import discord

from connectors.discord.format import BUTTON_PREFIX

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping

FORM_PREFIX = "helpdesk-form"
NOT_HELPFUL = "not_helpful"
ADD = "add"
TITLE_LIMIT = 200
TEXT_LIMIT = 4_000
"""Of a text field: discord.com/developers/docs/components/reference#text-input"""
FORM_SECONDS = 900
REASONS = {
    "wrong": "It is wrong",
    "outdated": "It is out of date",
    "incomplete": "Something is missing",
    "other": "Something else",
}


class Answers(Protocol):
    """What a button hands its click to."""

    async def do(self, interaction: discord.Interaction[Any], name: str, arguments: str) -> None:
        """Do a command for whoever clicked."""
        ...


class AnswerButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=rf"{BUTTON_PREFIX}:(?P<name>[a-z_]+):(?P<value>.*)",
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
        """Ask for a reason where a bad rating was given, do everything else at once."""
        if self._name == NOT_HELPFUL:
            await interaction.response.send_modal(ReasonForm(self._value))
            return
        await _answers(interaction).do(interaction, self._name, self._value)


class ReasonForm(discord.ui.Modal, title="What was not helpful?"):
    """Asks what was wrong with an answer."""

    def __init__(self, answer: str) -> None:
        super().__init__(timeout=FORM_SECONDS, custom_id=f"{FORM_PREFIX}:{NOT_HELPFUL}:{answer}")
        reason: discord.ui.Select[ReasonForm] = discord.ui.Select(
            custom_id="reason",
            options=[discord.SelectOption(label=words, value=value) for value, words in REASONS.items()],
        )
        self.add_item(discord.ui.Label(text="What was wrong with it?", component=reason))


class ArticleForm(discord.ui.Modal, title="Add an article"):
    """Asks for an article's title and text, the text of a message filled in where it began with one."""

    def __init__(self, text: str = "") -> None:
        super().__init__(timeout=FORM_SECONDS, custom_id=f"{FORM_PREFIX}:{ADD}:")
        title: discord.ui.TextInput[ArticleForm] = discord.ui.TextInput(
            custom_id="title", max_length=TITLE_LIMIT
        )
        body: discord.ui.TextInput[ArticleForm] = discord.ui.TextInput(
            custom_id="text",
            style=discord.TextStyle.paragraph,
            max_length=TEXT_LIMIT,
            default=text[:TEXT_LIMIT] or None,
        )
        self.add_item(discord.ui.Label(text="Title", component=title))
        self.add_item(discord.ui.Label(text="Text", description="In Markdown", component=body))


def submitted(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """Give the command and its arguments that a form stands for; None for what is no form of ours.

    They are read from what Discord sent, not from a form in memory: another process may have shown it.
    """
    prefix, _, rest = str(data.get("custom_id", "")).partition(":")
    if prefix != FORM_PREFIX:
        return None
    name, _, value = rest.partition(":")
    fields = dict(_fields(data.get("components", ())))
    if name == NOT_HELPFUL:
        return NOT_HELPFUL, f"{value} {fields.get('reason', '')}".strip()
    if name == ADD:
        title = " ".join(fields.get("title", "").split())
        return ADD, f"{title}\n{fields.get('text', '')}"
    return None


def _fields(components: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for component in components:
        if "value" in component:
            yield component["custom_id"], component["value"]
        elif component.get("values"):
            yield component["custom_id"], component["values"][0]
        inner = component.get("components") or ([component["component"]] if "component" in component else [])
        yield from _fields(inner)


def _answers(interaction: discord.Interaction[Any]) -> Answers:
    return cast("Answers", interaction.client)
