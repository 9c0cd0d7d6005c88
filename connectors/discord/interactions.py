"""Interactions: answered or deferred in three seconds, shown in fifteen minutes, and elsewhere after that."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
import structlog

from connectors.base import Command
from connectors.discord.format import to_posts
from connectors.discord.posting import FAILURES, Poster, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.base import Event, Reply


@dataclass(frozen=True, slots=True)
class Waiting:
    """An interaction that waits for its reply: whether Discord knows that one comes, and who reads it there."""

    interaction: discord.Interaction[Any]
    private: bool
    deferred: bool


class Interactions:
    """Keeps the interactions that wait for a reply; what cannot be shown there is posted."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._open: dict[str, Waiting] = {}
        self._log = structlog.get_logger()

    async def defer(self, interaction: discord.Interaction[Any], *, private: bool) -> Waiting:
        """Tell Discord that a reply comes; that it is too late for it is no reason to give none."""
        try:
            await interaction.response.defer(ephemeral=private, thinking=True)
        except FAILURES as error:
            self._log.warning("interaction_not_deferred", interaction=interaction.id, reason=str(error))
            return Waiting(interaction, private, deferred=False)
        return Waiting(interaction, private, deferred=True)

    @contextlib.contextmanager
    def open(self, event: Event, waiting: Waiting) -> Iterator[None]:
        """Show the reply to `event` under the interaction for this long."""
        self._open[_id(event)] = waiting
        try:
            yield
        finally:
            self._open.pop(_id(event), None)

    async def reply(self, event: Event, reply: Reply) -> str:
        """Show the reply under its interaction while that can be, else as a message. Raises DeliveryError."""
        waiting = self._open.get(_id(event))
        if waiting is not None and waiting.deferred and not waiting.interaction.is_expired():
            try:
                return await _respond(waiting, reply)
            except FAILURES as error:
                self._log.warning(
                    "interaction_not_answered", interaction=waiting.interaction.id, reason=str(error)
                )
        return await self._poster.reply(event, reply)

    async def say(self, waiting: Waiting, words: str) -> None:
        """Say a short word instead of a reply."""
        try:
            await waiting.interaction.edit_original_response(
                content=words, allowed_mentions=discord.AllowedMentions.none()
            )
        except FAILURES as error:
            self._log.warning(
                "interaction_not_answered", interaction=waiting.interaction.id, reason=str(error)
            )


async def _respond(waiting: Waiting, reply: Reply) -> str:
    """Put the first part where Discord shows that the bot thinks, and the others below it."""
    interaction = waiting.interaction
    private = waiting.private or reply.private
    hidden = private != waiting.private  # everybody would read it where the bot thinks
    if hidden:
        await interaction.edit_original_response(content="…")  # the first follow-up would be as public as it
    first = ""
    for part, post in enumerate(to_posts(reply)):
        options = shown(post)
        message: discord.InteractionMessage | discord.WebhookMessage
        if part == 0 and not hidden:
            message = await interaction.edit_original_response(**options)
        else:
            message = await interaction.followup.send(**options, ephemeral=private, wait=True)
        first = first or str(message.id)
    if hidden or not first:
        with contextlib.suppress(*FAILURES):
            await interaction.delete_original_response()
    return first


def _id(event: Event) -> str:
    return event.command_id if isinstance(event, Command) else event.message_id
