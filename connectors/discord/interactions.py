"""Interactions: answered or deferred in three seconds, shown in fifteen minutes, and elsewhere after that."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import discord
import structlog

from connectors.base import Command
from connectors.discord.format import to_posts
from connectors.discord.places import FAILURES
from connectors.discord.sending import changed, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connectors.base import Event, Reply
    from connectors.discord.posting import Poster

ALREADY_ACKNOWLEDGED = 40_060
"""discord.com/developers/docs/topics/opcodes-and-status-codes#json"""


@dataclass(slots=True)
class Waiting:
    """An interaction that waits for its reply.

    `private`: only who gave it reads what is shown there. `deferred`: Discord knows that a reply comes, and
    when `updates`, it takes what is edited for a change of the message whose button was clicked. `grown` is the
    message in which the reply grows there.
    """

    interaction: discord.Interaction[Any]
    private: bool
    deferred: bool = False
    updates: bool = False
    grown: discord.WebhookMessage | None = None


class Interactions:
    """Keeps the interactions that wait for a reply; what cannot be shown there is posted."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._open: dict[str, Waiting] = {}
        self._log = structlog.get_logger()

    async def defer(self, interaction: discord.Interaction[Any], *, private: bool) -> Waiting:
        """Tell Discord that a reply comes; that it is too late for it is no reason to give none.

        What is for one person's eyes can only be changed under the interaction itself, so a click there is
        deferred as a change.
        """
        clicked = interaction.message
        updates = clicked is not None and clicked.flags.ephemeral
        waiting = Waiting(interaction, private, updates=updates)
        try:
            await interaction.response.defer(ephemeral=private, thinking=not updates)
            waiting.deferred = True
        except discord.HTTPException as error:
            waiting.deferred = error.code == ALREADY_ACKNOWLEDGED  # by another process of ours
            if not waiting.deferred:
                self._log.warning("interaction_not_deferred", interaction=interaction.id, reason=str(error))
        except FAILURES as error:
            self._log.warning("interaction_not_deferred", interaction=interaction.id, reason=str(error))
        return waiting

    @contextlib.contextmanager
    def open(self, event: Event, waiting: Waiting) -> Iterator[None]:
        """Show the reply to `event` under the interaction for this long."""
        self._open[_id(event)] = waiting
        try:
            yield
        finally:
            self._open.pop(_id(event), None)

    async def reply(self, event: Event, reply: Reply, begun: str = "") -> str:
        """Show the reply under its interaction while that can be, else as a message. Raises DeliveryError."""
        waiting = self._open.get(_id(event))
        if waiting is not None and waiting.deferred and not waiting.interaction.is_expired():
            try:
                return await respond(waiting, reply)
            except FAILURES as error:
                self._log.warning(
                    "interaction_not_answered", interaction=waiting.interaction.id, reason=str(error)
                )
        return await self._poster.reply(event, reply, begun)

    async def tell(
        self, interaction: discord.Interaction[Any], words: str, files: Mapping[str, str] | None = None
    ) -> None:
        """Say a short word as the first answer to an interaction, unless another process answered it.

        `files` are texts by their names, shown to whoever it is said to.
        """
        attached = [discord.File(io.BytesIO(text.encode()), name) for name, text in (files or {}).items()]
        try:
            await interaction.response.send_message(
                words, files=attached, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
            )
        except FAILURES as error:
            self._log.info("interaction_not_answered", interaction=interaction.id, reason=str(error))

    async def tell_if_nobody_did(self, waiting: Waiting, words: str) -> None:
        """Say a short word where Discord still shows that the bot thinks."""
        if not waiting.deferred or waiting.updates:
            return
        interaction = waiting.interaction
        try:
            if (await interaction.original_response()).flags.loading:
                await interaction.edit_original_response(content=words)
        except FAILURES as error:
            self._log.info("interaction_not_answered", interaction=interaction.id, reason=str(error))


async def respond(waiting: Waiting, reply: Reply) -> str:
    """Show the reply under its interaction; gives the id of its first message."""
    if reply.replaces and waiting.interaction.message is not None:
        replaced = await _replace(waiting, reply)
        if replaced:
            return replaced
    private = waiting.private or reply.private
    hidden = private != waiting.private  # everybody would read it where the bot thinks
    if hidden:
        await waiting.interaction.edit_original_response(
            content="…"
        )  # the first follow-up is as public as it
    first = ""
    for part, post in enumerate(to_posts(reply)):
        message: discord.Message
        if part == 0 and waiting.grown is not None:
            message = await waiting.grown.edit(**changed(post))
        elif part == 0 and not hidden and not waiting.updates:
            message = await waiting.interaction.edit_original_response(**changed(post))
        else:
            message = await _below(waiting, shown(post), private=private)
        first = first or str(message.id)
    if (hidden or not first) and not waiting.updates:
        with contextlib.suppress(*FAILURES):
            await waiting.interaction.delete_original_response()
    return first


async def _replace(waiting: Waiting, reply: Reply) -> str:
    """Put the reply in the place of the message that was clicked; nothing where it must not be shown."""
    interaction = waiting.interaction
    clicked, posts = interaction.message, to_posts(reply)
    if (
        clicked is None
        or not posts
        or (reply.private and not waiting.updates and interaction.guild_id is not None)
    ):
        return ""
    if waiting.updates:
        await interaction.edit_original_response(**changed(posts[0]))
    else:
        await clicked.edit(**changed(posts[0]))
    for post in posts[1:]:
        await _below(waiting, shown(post), private=waiting.private)
    with contextlib.suppress(*FAILURES):
        if waiting.grown is not None:
            await waiting.grown.delete()
        elif not waiting.updates and len(posts) == 1:
            await interaction.delete_original_response()
    return str(clicked.id)


async def _below(waiting: Waiting, options: dict[str, Any], *, private: bool) -> discord.WebhookMessage:
    return await waiting.interaction.followup.send(**options, ephemeral=private, wait=True)


def _id(event: Event) -> str:
    return event.command_id if isinstance(event, Command) else event.message_id
